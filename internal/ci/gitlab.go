package ci

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// GitLab is a job of GitLab CI.
type GitLab struct {
	Getenv func(string) string
}

// MergeRequest is the number of the merge request of this job, 0 for none.
func (g *GitLab) MergeRequest() int {
	n, _ := strconv.Atoi(g.Getenv("CI_MERGE_REQUEST_IID")) // absent outside merge requests
	return n
}

// Note keeps the one note of the plan on a merge request.
func (g *GitLab) Note(ctx context.Context, token string, mr int, o Outcome) error {
	base, project := g.Getenv("CI_API_V4_URL"), g.Getenv("CI_PROJECT_ID")
	if base == "" || project == "" {
		return fmt.Errorf("CI_API_V4_URL or CI_PROJECT_ID is not set")
	}
	mark, body, err := commentText(o, g.Getenv("CI_JOB_URL"))
	if err != nil {
		return err
	}
	at := fmt.Sprintf("/projects/%s/merge_requests/%d/notes", url.PathEscape(project), mr)
	_, err = newClient(base, map[string]string{"PRIVATE-TOKEN": token}).keep(ctx, thread{at, http.MethodPut, func(id int64) string { return fmt.Sprintf("%s/%d", at, id) }}, mark, body)
	return err
}
