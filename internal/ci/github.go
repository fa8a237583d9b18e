package ci

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/report"
)

// GitHub is a job of GitHub Actions, or of what speaks like it.
type GitHub struct {
	Getenv func(string) string
	Stdout io.Writer // where workflow commands go
	Path   func(string) string
}

// annotationsOf is what GitHub shows of a step, ten of each kind, less what Warn may add.
func annotationsOf(kind string) int {
	if kind == "warning" {
		return 7
	}
	return 10
}

// Quiet keeps what is written until the returned function runs from being read as
// workflow commands: it may quote the data.
func (g *GitHub) Quiet() (end func()) {
	token := secret()
	fmt.Fprintf(g.Stdout, "::stop-commands::%s\n", token)
	return func() { fmt.Fprintf(g.Stdout, "\n::%s::\n", token) }
}

// Report writes the job summary, the outputs and the annotations. Job summary and outputs
// are left out where the host gives no file for them.
func (g *GitHub) Report(o Outcome, files map[string]string) error {
	text, err := summaryText(o)
	if err != nil {
		return err
	}
	if err := g.add("GITHUB_STEP_SUMMARY", string(text)); err != nil {
		return err
	}
	outputs := [][2]string{{"verdict", o.Decision()}, {"sentence", o.Sentence()}, {"exit-code", strconv.Itoa(o.Exit)}}
	for _, k := range []string{"record", "report", "summary", "junit", "sarif"} {
		outputs = append(outputs, [2]string{k, files[k]})
	}
	if err := g.Output(outputs...); err != nil {
		return err
	}
	g.annotate(o)
	return nil
}

func summaryText(o Outcome) ([]byte, error) {
	if o.Record == nil {
		return []byte(o.failed()), nil
	}
	var b bytes.Buffer
	err := report.JobSummary(&b, o.Record)
	b.WriteString("\n")
	return b.Bytes(), err
}

// Output sets outputs of the step.
func (g *GitHub) Output(pairs ...[2]string) error {
	var b strings.Builder
	for _, p := range pairs {
		end := secret() // so that no value can end itself and set another output
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", p[0], end, p[1], end)
	}
	return g.add("GITHUB_OUTPUT", b.String())
}

// add appends to a file that the host names in a variable.
func (g *GitHub) add(variable, text string) error {
	name := g.Getenv(variable)
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(g.Path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write %s: %w", variable, err)
	}
	_, err = f.WriteString(text)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", variable, err)
	}
	return nil
}

type annotation struct {
	kind, title, message, file string
	line, column               int
}

// annotate writes at most ten annotations a kind; the last says how many were left out.
func (g *GitHub) annotate(o Outcome) {
	by := map[string][]annotation{}
	for _, a := range annotations(o) {
		by[a.kind] = append(by[a.kind], a)
	}
	for _, kind := range []string{"error", "warning", "notice"} {
		list := by[kind]
		if most := annotationsOf(kind); len(list) > most {
			n := len(list) - most
			list = append(list[:most-1:most-1], annotation{kind: kind, title: "fairtrial", message: fmt.Sprintf("%d more in the job summary", n+1)})
		}
		for _, a := range list {
			g.command(a)
		}
	}
}

func annotations(o Outcome) []annotation {
	var out []annotation
	if o.Record == nil {
		for _, m := range o.Mistakes {
			out = append(out, annotation{"error", "fairtrial: the plan is wrong", m.Message, m.File, m.Line, m.Column})
		}
		switch {
		case o.Exit == 99:
			out = append(out, annotation{kind: "notice", title: "fairtrial", message: o.Sentence()})
		case len(out) == 0:
			out = append(out, annotation{kind: "error", title: "fairtrial: " + o.Sentence(), message: o.Message, file: o.Plan})
		}
		return out
	}
	for _, f := range report.Findings(o.Record, 0) {
		kind := f.Level()
		if kind == "note" {
			kind = "notice"
		}
		out = append(out, annotation{kind, "fairtrial: " + f.Gate.Name, f.Message, f.File, f.Line, f.Column})
	}
	if len(out) == 0 {
		out = append(out, annotation{kind: "notice", title: "fairtrial: " + o.Decision(), message: o.Sentence(), file: report.PlanFile(o.Record)})
	}
	return out
}

// command writes a workflow command.
func (g *GitHub) command(a annotation) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var p []string
	add := func(k, v string) { p = append(p, k+"="+property.Replace(v)) }
	if a.file != "" {
		add("file", a.file)
	}
	if a.line > 0 {
		add("line", strconv.Itoa(a.line))
	}
	if a.line > 0 && a.column > 0 {
		add("col", strconv.Itoa(a.column))
	}
	add("title", oneLine(a.title))
	fmt.Fprintf(g.Stdout, "::%s %s::%s\n", a.kind, strings.Join(p, ","), data.Replace(a.message))
}

// Warn says something about the reporting itself.
func (g *GitHub) Warn(message string) {
	g.command(annotation{kind: "warning", title: "fairtrial", message: message})
}

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
	body := map[string]any{"name": "fairtrial: " + oneLine(name), "head_sha": sha, "status": "completed", "conclusion": o.conclusion(),
		"output": map[string]string{"title": oneLine(clip(o.Sentence(), 200)), "summary": text}}
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

func secret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return "fairtrial-" + hex.EncodeToString(b[:])
}
