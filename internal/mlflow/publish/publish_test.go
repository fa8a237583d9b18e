package publish

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fairtrial/fairtrial/internal/mlflow"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

func sample(names ...string) *record.Record {
	r := &record.Record{Plan: &plan.Plan{Name: "p", Models: []plan.Model{{Key: "candidate"}}}, Digest: "sha256:d"}
	r.Run.ID = "r1"
	for _, n := range names {
		r.Slices = append(r.Slices, record.Slice{Name: n})
		r.Estimates = append(r.Estimates, result.Estimate{Metric: "recall", Model: "candidate", Slice: n, Value: 0.5, Lower: 0.4, Upper: result.None(), Status: result.OK})
	}
	return r
}

var allowed = regexp.MustCompile(`^[\p{L}\p{Nd}_\-. ]+(/[\p{L}\p{Nd}_\-. ]+)*$`)

// Keys are unique and of the form that MLflow takes, whatever slices are called.
func TestKeys(t *testing.T) {
	r := sample("overall", "a=b/c", "a=b-c", "a=..", ".", "//", "x=[0, 1)", "x=0 1", strings.Repeat("é", 400), strings.Repeat("é", 401), "\"\"", "a=b\nc", "😀")
	r.Estimates = append(r.Estimates, result.Estimate{Metric: "f1", Model: "candidate", Slice: "overall", Value: result.None(), Status: result.Undefined})
	got, left := metrics(r)
	seen := map[string]bool{}
	for _, m := range got {
		if seen[m.Key] || !allowed.MatchString(m.Key) || utf8.RuneCountInString(m.Key) > 250 || strings.HasSuffix(m.Key, "_upper") || strings.Contains(m.Key, "f1") {
			t.Errorf("%q", m.Key)
		}
		seen[m.Key] = true
	}
	if len(got) != 2*13 || left != 0 || !seen["recall"] || !seen["recall_lower"] {
		t.Errorf("%d metrics, %d slices left", len(got), left)
	}
}

// Of too many slices those stay whose gate did not pass, and the number left out is told.
func TestTooManySlices(t *testing.T) {
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("s=%03d", i))
	}
	r := sample(append([]string{"overall"}, names...)...)
	r.Gates = []result.Gate{{Cells: []result.Cell{{Slice: "s=299", Verdict: result.Fail}, {Slice: "s=000", Verdict: result.Pass}}}}
	got, left := metrics(r)
	keys := map[string]bool{}
	for _, m := range got {
		keys[m.Key] = true
	}
	if left != 101 || !keys["s 299/recall"] || !keys["recall"] || keys["s 298/recall"] {
		t.Errorf("%d slices left, %d metrics", left, len(got))
	}
}

// server plays the parts of an MLflow that cannot be had here: an old one, and one that
// fails half way.
func server(t *testing.T, version string, answer func(path string) (int, string)) (*mlflow.Client, *[]string) {
	t.Helper()
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/api/2.0/mlflow/")
		b, _ := io.ReadAll(r.Body)
		asked = append(asked, path+" "+string(b))
		if path == "/version" {
			fmt.Fprint(w, version)
			return
		}
		if status, text := answer(path); status != 0 {
			w.WriteHeader(status)
			fmt.Fprint(w, text)
			return
		}
		switch path {
		case "experiments/get-by-name":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error_code":"RESOURCE_DOES_NOT_EXIST"}`)
		case "experiments/create":
			fmt.Fprint(w, `{"experiment_id":"7"}`)
		case "runs/create":
			fmt.Fprint(w, `{"run":{"info":{"run_id":"abc","artifact_uri":"s3://bucket/7/abc/artifacts"}}}`)
		default:
			fmt.Fprint(w, `{}`)
		}
	}))
	t.Cleanup(s.Close)
	c, err := mlflow.Open(s.URL, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return c, &asked
}

func TestOldServers(t *testing.T) {
	c, _ := server(t, "1.30.0", func(string) (int, string) { return 0, "" })
	if _, err := Publish(t.Context(), c, sample("overall"), nil, Options{Experiment: "e"}); err == nil || !strings.Contains(err.Error(), "too old") {
		t.Errorf("1.30: %v", err)
	}
	c, asked := server(t, "2.3.0", func(path string) (int, string) {
		if path == "runs/log-inputs" || strings.Contains(path, "upload-artifact") {
			return http.StatusNotFound, "<html>"
		}
		return 0, ""
	})
	out, err := Publish(t.Context(), c, sample("overall"), []File{{"report.html", []byte("x")}, {"record.json", []byte("{}")}}, Options{Experiment: "e"})
	if err != nil || len(out.Warnings) != 2 || out.Report != "" || !strings.Contains(out.Warnings[1], "s3://bucket/7/abc/artifacts") || out.Experiment != "7" {
		t.Errorf("%+v, %v", out, err)
	}
	all := strings.Join(*asked, "\n")
	if !strings.Contains(all, "not stored in MLflow") || !strings.Contains(all, `"status":"FINISHED"`) {
		t.Error(all)
	}
}

// A run that could not be completed says so, and is not called finished.
func TestHalfWay(t *testing.T) {
	c, asked := server(t, "3.0.0", func(path string) (int, string) {
		if path == "runs/log-inputs" {
			return http.StatusInternalServerError, ""
		}
		return 0, ""
	})
	_, err := Publish(t.Context(), c, sample("overall"), nil, Options{Experiment: "e"})
	if err == nil || !strings.Contains(err.Error(), "run abc, which is not complete") || strings.Contains(strings.Join(*asked, "\n"), "FINISHED") {
		t.Errorf("%v\n%v", err, *asked)
	}
}

func TestExploration(t *testing.T) {
	r := sample("overall")
	r.Run.WhatIf = []string{"margin=1"}
	if _, err := Publish(t.Context(), nil, r, nil, Options{}); err == nil {
		t.Error("an exploration was published")
	}
}

func TestDatasetIsJSON(t *testing.T) {
	r := sample("overall")
	r.Data.Digest = strings.Repeat("ab", 32)
	r.Plan.Data.Source.Path = "s3://bucket/day/x.parquet?secret=1"
	b, err := json.Marshal(dataset(r))
	if err != nil || strings.Contains(string(b), "secret") || !strings.Contains(string(b), `"name":"x.parquet"`) || !strings.Contains(string(b), r.Data.Digest) {
		t.Errorf("%s, %v", b, err)
	}
}
