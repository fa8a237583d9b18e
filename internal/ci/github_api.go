package ci

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"

	"github.com/fairtrial/fairtrial/internal/report"
)

func (g *GitHub) api(token string) *client {
	base := g.Getenv("GITHUB_API_URL")
	if base == "" {
		base = "https://api.github.com"
	}
	return newClient(base, map[string]string{"Authorization": "Bearer " + token, "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"})
}

// event is what of the triggering event is read.
type event struct {
	Number int `json:"number"`
	Pull   *struct {
		Number int `json:"number"`
		Head   struct {
			SHA string `json:"sha"`
		} `json:"head"`
	} `json:"pull_request"`
}

func (g *GitHub) event() event {
	var e event
	if b, err := os.ReadFile(g.Getenv("GITHUB_EVENT_PATH")); err == nil {
		_ = json.Unmarshal(b, &e) // an event without a pull request has none of the fields
	}
	return e
}

// Pull is the number of the pull request of this job, 0 for none.
func (g *GitHub) Pull() int {
	if e := g.event(); e.Pull != nil {
		return max(e.Pull.Number, e.Number)
	}
	if m := regexp.MustCompile(`^refs/pull/(\d+)/`).FindStringSubmatch(g.Getenv("GITHUB_REF")); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

// Comment keeps the one comment of the plan on a pull request and returns its address.
func (g *GitHub) Comment(ctx context.Context, token string, pull int, o Outcome) (string, error) {
	repo := g.Getenv("GITHUB_REPOSITORY")
	if repo == "" {
		return "", fmt.Errorf("GITHUB_REPOSITORY is not set")
	}
	mark, body, err := commentText(o, g.runURL())
	if err != nil {
		return "", err
	}
	at := "/repos/" + repo + "/issues"
	n, err := g.api(token).keep(ctx, thread{fmt.Sprintf("%s/%d/comments", at, pull), http.MethodPatch, func(id int64) string { return fmt.Sprintf("%s/comments/%d", at, id) }}, mark, body)
	return n.URL, err
}

// commentText is a comment with its mark in the first line.
func commentText(o Outcome, link string) (mark, body string, err error) {
	var b bytes.Buffer
	mark = report.CommentMark(o.Plan)
	if o.Record == nil {
		b.WriteString(mark + "\n" + o.failed())
	} else {
		err = report.Comment(&b, o.Record)
	}
	if link != "" {
		fmt.Fprintf(&b, "\n[Job and files](%s)\n", link)
	}
	return mark, b.String(), err
}

// Check makes a check run of the commit; inconclusive is neutral.
func (g *GitHub) Check(ctx context.Context, token string, o Outcome) error {
	repo, sha := g.Getenv("GITHUB_REPOSITORY"), g.Getenv("GITHUB_SHA")
	if e := g.event(); e.Pull != nil && e.Pull.Head.SHA != "" { // GITHUB_SHA is the merge commit, which nobody looks at
		sha = e.Pull.Head.SHA
	}
	if repo == "" || sha == "" {
		return fmt.Errorf("GITHUB_REPOSITORY or GITHUB_SHA is not set")
	}
	text, err := checkText(o)
	if err != nil {
		return err
	}
	name := o.Plan
	if o.Record != nil {
		name = o.Record.Plan.Name
	}
	body := map[string]any{"name": clip("fairtrial: "+oneLine(name), 100), "head_sha": sha, "status": "completed", "conclusion": o.conclusion(),
		"output": map[string]string{"title": clip(o.Sentence(), 200), "summary": text}}
	if u := g.runURL(); u != "" {
		body["details_url"] = u
	}
	if err := g.api(token).do(ctx, http.MethodPost, "/repos/"+repo+"/check-runs", body, nil); err != nil {
		return fmt.Errorf("make the check: %w", err)
	}
	return nil
}

// Upload gives the record to code scanning as SARIF.
func (g *GitHub) Upload(ctx context.Context, token string, o Outcome) error {
	repo, sha, ref := g.Getenv("GITHUB_REPOSITORY"), g.Getenv("GITHUB_SHA"), g.Getenv("GITHUB_REF")
	if repo == "" || sha == "" || ref == "" || token == "" {
		return fmt.Errorf("GITHUB_REPOSITORY, GITHUB_SHA, GITHUB_REF or GITHUB_TOKEN is not set")
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := report.SARIF(z, o.Record); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	body := map[string]any{"commit_sha": sha, "ref": ref, "sarif": base64.StdEncoding.EncodeToString(b.Bytes()), "tool_name": "fairtrial", "started_at": o.Record.Run.Started}
	return g.api(token).do(ctx, http.MethodPost, "/repos/"+repo+"/code-scanning/sarifs", body, nil)
}

func checkText(o Outcome) (string, error) {
	if o.Record == nil {
		return o.failed(), nil
	}
	var b bytes.Buffer
	err := report.Markdown(&b, o.Record)
	return b.String(), err
}

func (g *GitHub) runURL() string {
	server, repo, id := g.Getenv("GITHUB_SERVER_URL"), g.Getenv("GITHUB_REPOSITORY"), g.Getenv("GITHUB_RUN_ID")
	if server == "" || repo == "" || id == "" {
		return ""
	}
	return server + "/" + repo + "/actions/runs/" + id
}
