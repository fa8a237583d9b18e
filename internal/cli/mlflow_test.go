package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// These tests need real MLflow servers: `make test-mlflow` starts them.

type mlflowServer struct {
	t    *testing.T
	uri  string
	seed struct {
		Champion, Challenger struct{ Run, Version, Model string }
	}
}

func realMLflow(t *testing.T, variable, name string) *mlflowServer {
	t.Helper()
	s := &mlflowServer{t: t, uri: os.Getenv(variable)}
	if s.uri == "" {
		t.Skip("make test-mlflow runs this against a real server")
	}
	b, err := os.ReadFile(filepath.Join(os.Getenv("FAIRTRIAL_TEST_MLFLOW_SEED"), name+".json"))
	if err == nil {
		err = json.Unmarshal(b, &s.seed)
	}
	if err != nil || s.seed.Champion.Run == "" {
		t.Fatalf("what the server was filled with: %v", err)
	}
	return s
}

func (s *mlflowServer) env() map[string]string {
	return map[string]string{"MLFLOW_TRACKING_URI": s.uri}
}

// ask reads the server's API with nothing of ours.
func (s *mlflowServer) ask(method, endpoint string, in any) map[string]any {
	s.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.uri+endpoint, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %d %s %v", endpoint, a.StatusCode, b, err)
	}
	out := map[string]any{}
	if json.Unmarshal(b, &out) != nil {
		out["text"] = string(b)
	}
	return out
}

// at follows keys and list positions.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func pairs(v any) map[string]any {
	out := map[string]any{}
	l, _ := v.([]any)
	for _, x := range l {
		out[fmt.Sprint(at(x, "key"))] = at(x, "value")
	}
	return out
}

func (s *mlflowServer) plan(dir, data, baseline string) {
	s.t.Helper()
	text := strings.NewReplacer("DATA", data, "BASELINE", baseline).Replace(`name: credit from mlflow
task: binary
data:
  source: DATA
  columns: {id: id, label: {column: label, positive: 1}}
models:
  candidate: {mlflow: models:/credit@challenger, score: score, threshold: 0.5}
  baseline: {mlflow: BASELINE, source: runs:/CHAMPION/predictions.json, score: score, threshold: 0.5}
slices: [region, {column: x, quantiles: 100}]
metrics: [roc_auc, log_loss, recall]
gates:
  - {metric: roc_auc, no_worse_than: baseline, margin: 0.01}
`)
	text = strings.NewReplacer("CHALLENGER", s.seed.Challenger.Run, "CHAMPION", s.seed.Champion.Run).Replace(text)
	if err := os.WriteFile(filepath.Join(dir, "plan.yaml"), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func TestMLflowInputs(t *testing.T) {
	t.Parallel()
	s := realMLflow(t, "FAIRTRIAL_TEST_MLFLOW", "own")
	dir := t.TempDir()
	const parquet = "runs:/CHALLENGER/eval set/predictions.parquet"
	s.plan(dir, parquet, "models:/credit/"+s.seed.Champion.Version)
	first := evaluated(t, s.env(), dir, "plan.yaml")
	models := at(first.all, "plan", "models")
	for i, want := range []struct{ run, version, id string }{
		{s.seed.Challenger.Run, s.seed.Challenger.Version, s.seed.Challenger.Model},
		{s.seed.Champion.Run, s.seed.Champion.Version, s.seed.Champion.Model},
	} {
		a := at(models, i, "artifact")
		if at(a, "run_id") != want.run || at(a, "version") != want.version || at(a, "model_id") != want.id || len(fmt.Sprint(at(a, "sha256"))) != 64 {
			t.Errorf("model %d is pinned as %v", i, a)
		}
	}
	if at(models, 0, "artifact", "sha256") == at(models, 1, "artifact", "sha256") {
		t.Error("two models have one digest")
	}
	if len(first.Run.Pulls) != 2 || first.Run.Pulls[0].Kind != "mlflow" || first.Run.Pulls[0].Started.IsZero() {
		t.Errorf("pulled %+v", first.Run.Pulls)
	}
	if status, _, stderr := with(nil, dir, "verify", "--rerun", "plan"); status != 0 { // without a server: from what was pulled
		t.Errorf("verify --rerun: %d %s", status, stderr)
	}

	// CSV holds the same numbers; JSON of log_table has ten decimals of them.
	s.plan(dir, "runs:/CHALLENGER/eval set/predictions.csv", "models:/credit/"+s.seed.Champion.Version)
	if again := evaluated(t, s.env(), dir, "plan.yaml"); again.ResultDigest != first.ResultDigest {
		t.Errorf("CSV gives %s, Parquet %s", again.ResultDigest, first.ResultDigest)
	}
	s.plan(dir, "runs:/CHALLENGER/predictions.json", "models:/credit/"+s.seed.Champion.Version)
	logged := evaluated(t, s.env(), dir, "plan.yaml")
	a, _ := at(first.all, "estimates", 0, "value").(float64)
	b, _ := at(logged.all, "estimates", 0, "value").(float64)
	if d := a - b; d > 1e-6 || d < -1e-6 || b == 0 {
		t.Errorf("the logged table gives %g, Parquet %g", b, a)
	}

	digest := fmt.Sprint(at(models, 0, "artifact", "sha256"))
	for _, c := range []struct{ set, want string }{
		{"models.candidate.artifact={sha256: " + digest + "}", ""},
		{"models.candidate.artifact={sha256: 00}", "the plan pins 00"},
		{"models.candidate.mlflow=models:/credit/77", "not found"},
		{"models.candidate.mlflow=models:/credit@nobody", "alias nobody not found"},
		{"models.candidate.mlflow=models:/credit/Production", "is no version"},
		{"data.source=runs:/CHALLENGER/eval set/predictions.parq", "predictions.parquet"},
		{"data.source=runs:/CHALLENGER/eval set/notes.json", "no table of mlflow.log_table"},
		{"data.source=runs:/0000/p.csv", "does not have it"},
		{"data.source=runs:/CHALLENGER", "a table is expected"},
	} {
		set := strings.ReplaceAll(c.set, "CHALLENGER", s.seed.Challenger.Run)
		status, _, stderr := with(s.env(), dir, "run", "plan.yaml", "-o", "x", "--set", set)
		if c.want == "" && status != 0 || c.want != "" && (status != 2 || !strings.Contains(stderr, c.want)) {
			t.Errorf("%s: exit status %d, want 2 with %q\n%s", c.set, status, c.want, stderr)
		}
	}
	status, _, stderr := with(map[string]string{"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}, dir, "run", "plan.yaml")
	if status != 4 || !strings.Contains(stderr, "cannot be reached") {
		t.Errorf("no server: exit status %d %s", status, stderr)
	}
}

func TestMLflowPublish(t *testing.T) {
	t.Parallel()
	s := realMLflow(t, "FAIRTRIAL_TEST_MLFLOW", "own")
	dir := t.TempDir()
	s.plan(dir, "runs:/CHALLENGER/eval set/predictions.parquet", "models:/credit/"+s.seed.Champion.Version)
	status, _, stderr := with(s.env(), dir, "run", "plan.yaml", "-o", "out", "--publish", "mlflow", "--experiment", "release é")
	if status != 0 {
		t.Fatalf("exit status %d\n%s", status, stderr)
	}
	found := regexp.MustCompile(`published (\d+) metrics, tagged model credit/(\d+): \S+/runs/([0-9a-f]{32})`).FindStringSubmatch(stderr)
	if found == nil {
		t.Fatalf("no address of the run in %s", stderr)
	}
	id := found[3]
	var rec map[string]any
	raw, err := os.ReadFile(filepath.Join(dir, "out", "record.json"))
	if err == nil {
		err = json.Unmarshal(raw, &rec)
	}
	if err != nil {
		t.Fatal(err)
	}
	run := s.ask("GET", "/api/2.0/mlflow/runs/get?run_id="+id, nil)["run"]
	if at(run, "info", "status") != "FINISHED" {
		t.Errorf("status %v", at(run, "info", "status"))
	}
	metrics, tags, params := pairs(at(run, "data", "metrics")), pairs(at(run, "data", "tags")), pairs(at(run, "data", "params"))
	if len(metrics) < 1100 || fmt.Sprint(len(metrics)) != found[1] {
		t.Errorf("%d metrics, %s were logged; more than 1000 test the parts", len(metrics), found[1])
	}
	e := at(rec, "estimates", 0)
	for suffix, field := range map[string]string{"": "value", "_lower": "lower", "_upper": "upper"} {
		if got, want := metrics["roc_auc"+suffix], at(e, field); got != want || got == nil {
			t.Errorf("roc_auc%s is %v, in the record %v", suffix, got, want)
		}
	}
	for _, key := range []string{"baseline/roc_auc_lower", "difference/roc_auc_upper", "region DE é/recall", "difference/region FR/log_loss"} {
		if metrics[key] == nil {
			t.Errorf("no metric %s", key)
		}
	}
	if tags["fairtrial.verdict"] != "go" || tags["fairtrial.record"] != rec["digest"] || tags["fairtrial.report"] != "runs:/"+id+"/fairtrial/report.html" {
		t.Errorf("tags %v", tags)
	}
	if params["candidate/version"] != s.seed.Challenger.Version || params["rows"] != "4000" {
		t.Errorf("parameters %v", params)
	}
	input := at(run, "inputs", "dataset_inputs", 0)
	if d := fmt.Sprint(at(input, "dataset", "digest")); d == "" || !strings.HasPrefix(fmt.Sprint(at(rec, "data", "digest")), d) || at(input, "tags", 0, "value") != "evaluation" {
		t.Errorf("input %v, data %v", input, at(rec, "data", "digest"))
	}
	if at(run, "inputs", "model_inputs", 0, "model_id") != s.seed.Challenger.Model {
		t.Errorf("models of the run: %v", at(run, "inputs", "model_inputs"))
	}
	artifact := s.ask("GET", "/get-artifact?run_uuid="+id+"&path=fairtrial/record.json", nil)
	if artifact["digest"] != rec["digest"] {
		t.Errorf("the record there has the digest %v", artifact["digest"])
	}
	if page := s.ask("GET", "/get-artifact?run_uuid="+id+"&path=fairtrial/report.html", nil); !strings.Contains(fmt.Sprint(page["text"]), "<html") {
		t.Error("no report")
	}
	version := s.ask("GET", "/api/2.0/mlflow/model-versions/get?name=credit&version="+s.seed.Challenger.Version, nil)
	if v := pairs(at(version, "model_version", "tags")); v["fairtrial.verdict"] != "go" || v["fairtrial.record"] != rec["digest"] || v["fairtrial.report"] != tags["fairtrial.report"] {
		t.Errorf("tags of the model %v", v)
	}
	if a := at(version, "model_version", "aliases"); fmt.Sprint(a) != "[challenger]" {
		t.Errorf("aliases %v", a)
	}

	// Again: the same run, nothing more in it; an interrupted one is completed.
	count := func() int {
		x := s.ask("POST", "/api/2.0/mlflow/runs/search", map[string]any{"experiment_ids": []any{at(run, "info", "experiment_id")}})
		l, _ := x["runs"].([]any)
		return len(l)
	}
	status, stdout, stderr := with(s.env(), dir, "publish", "out", "--experiment", "release é", "--json")
	var again map[string]any
	if err := json.Unmarshal([]byte(stdout), &again); err != nil || status != 0 || again["run_id"] != id || again["found"] != true || count() != 1 {
		t.Errorf("again: %d %s %s, %d runs", status, stdout, stderr, count())
	}
	s.ask("POST", "/api/2.0/mlflow/runs/update", map[string]any{"run_id": id, "status": "RUNNING"})
	if status, stdout, stderr := with(s.env(), dir, "publish", "out", "--experiment", "release é"); status != 0 || !strings.Contains(stdout, "completed with") || count() != 1 {
		t.Errorf("completed: %d %s %s, %d runs", status, stdout, stderr, count())
	}
	if h := s.ask("GET", "/api/2.0/mlflow/metrics/get-history?run_id="+id+"&metric_key=roc_auc", nil); len(h["metrics"].([]any)) != 1 {
		t.Errorf("history %v", h)
	}

	// Mistakes.
	x := at(run, "info", "experiment_id")
	s.ask("POST", "/api/2.0/mlflow/experiments/delete", map[string]any{"experiment_id": x})
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{2, "is deleted", []string{"publish", "out", "--experiment", "release é"}},
		{4, "cannot be reached", []string{"publish", "out", "--mlflow", "http://127.0.0.1:1"}},
		{2, "no http", []string{"publish", "out", "--mlflow", "sqlite:///mlflow.db"}},
		{2, "no such MLflow endpoint", []string{"publish", "out", "--mlflow", s.uri + "/nowhere"}},
		{2, "http:// address", []string{"run", "plan.yaml", "--publish", "wandb"}},
		{4, "the run is stored and its files are written", []string{"run", "plan.yaml", "-o", "late", "--publish", "http://127.0.0.1:1"}},
	} {
		if status, _, stderr := with(s.env(), dir, c.args...); status != c.status || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit status %d, want %d with %q\n%s", c.args, status, c.status, c.want, stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "late", "record.json")); err != nil {
		t.Errorf("a server that is away cost the record: %v", err)
	}
}

// The first candidate's verdict is published; the second one, in another workspace as in CI,
// is compared paired on the scores that the first run stored, and both stand in MLflow.
func TestMLflowSecondCandidate(t *testing.T) {
	t.Parallel()
	s := realMLflow(t, "FAIRTRIAL_TEST_MLFLOW", "own")
	dir, ci := t.TempDir(), t.TempDir()
	write := func(dir, alias, run, gate string) {
		text := fmt.Sprintf("name: credit second\ntask: binary\ndata:\n  source: 'runs:/%s/eval set/predictions.parquet'\n"+
			"  columns: {id: id, label: {column: label, positive: 1}}\nmodels:\n  candidate: {mlflow: models:/credit@%s, score: score, threshold: 0.5}\n"+
			"metrics: [roc_auc]\ngates:\n  - {metric: roc_auc, %s}\n", run, alias, gate)
		if err := os.WriteFile(filepath.Join(dir, "plan.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(dir, "champion", s.seed.Champion.Run, "at_least: 0.6")
	out := filepath.Join(dir, "first")
	if status, _, stderr := with(s.env(), dir, "run", "plan.yaml", "-o", out, "--with-scores", "--publish", "mlflow", "--experiment", "second"); status != 0 {
		t.Fatalf("the first candidate: exit status %d\n%s", status, stderr)
	}
	write(ci, "challenger", s.seed.Challenger.Run, "better_than: baseline")
	status, _, stderr := with(s.env(), ci, "run", "plan.yaml", "-o", "out", "--baseline", out, "--publish", "mlflow", "--experiment", "second")
	id := regexp.MustCompile(`runs/([0-9a-f]{32})`).FindStringSubmatch(stderr)
	if status != 0 || id == nil {
		t.Fatalf("the second candidate: exit status %d\n%s", status, stderr)
	}
	var rec map[string]any
	raw, err := os.ReadFile(filepath.Join(ci, "out", "record.json"))
	if err == nil {
		err = json.Unmarshal(raw, &rec)
	}
	if err != nil {
		t.Fatal(err)
	}
	if b := at(rec, "baseline"); at(b, "paired") != true || at(b, "matched") != 4000.0 {
		t.Errorf("baseline %v", b)
	}
	if v := at(rec, "plan", "models", 1, "version"); v != s.seed.Champion.Version {
		t.Errorf("the baseline is version %v, the champion %s", v, s.seed.Champion.Version)
	}
	run := s.ask("GET", "/api/2.0/mlflow/runs/get?run_id="+id[1], nil)["run"]
	metrics, c := pairs(at(run, "data", "metrics")), at(rec, "comparisons", 0)
	for suffix, field := range map[string]string{"": "difference", "_lower": "lower", "_upper": "upper"} {
		if got, want := metrics["difference/roc_auc"+suffix], at(c, field); got != want || got == nil {
			t.Errorf("difference/roc_auc%s is %v, in the record %v", suffix, got, want)
		}
	}
	if tags := pairs(at(run, "data", "tags")); tags["fairtrial.verdict"] != "go" || strings.Contains(fmt.Sprint(at(c, "method")), "unpaired") {
		t.Errorf("tags %v, method %v", tags, at(c, "method"))
	}
}

// A server whose artifacts lie in another store takes them all the same.
func TestMLflowElsewhere(t *testing.T) {
	t.Parallel()
	s := realMLflow(t, "FAIRTRIAL_TEST_MLFLOW_ELSEWHERE", "elsewhere")
	dir := t.TempDir()
	s.plan(dir, "runs:/CHALLENGER/eval set/predictions.parquet", "models:/credit/1")
	status, _, stderr := with(s.env(), dir, "run", "plan.yaml", "-o", "out")
	if status != 2 || !strings.Contains(stderr, "does not serve") || !strings.Contains(stderr, "artifact: {sha256") {
		t.Fatalf("a model that cannot be read: exit status %d\n%s", status, stderr)
	}
	status, _, stderr = with(s.env(), dir, "run", "plan.yaml", "-o", "out", "--publish", "mlflow",
		"--set", "models.candidate.artifact={sha256: abc}", "--set", "models.baseline.artifact={sha256: def}")
	id := regexp.MustCompile(`runs/([0-9a-f]{32})`).FindStringSubmatch(stderr)
	if status != 0 || id == nil {
		t.Fatalf("exit status %d\n%s", status, stderr)
	}
	if a := s.ask("GET", "/get-artifact?path=fairtrial/record.json&run_uuid="+id[1], nil); a["digest"] == nil {
		t.Errorf("no record there: %v\n%s", a, stderr)
	}
}

func TestMLflowCredentials(t *testing.T) {
	uri := os.Getenv("FAIRTRIAL_TEST_MLFLOW_LOCKED")
	if uri == "" {
		t.Skip("make test-mlflow runs this against a real server")
	}
	const password = "word-of-the-tests" // as scripts/mlflow.sh sets it
	dir := t.TempDir()
	filed(t, dir, caseRows())
	planFor(t, dir, "parquet", "", "rows.parquet")
	env := map[string]string{"MLFLOW_TRACKING_URI": uri, "MLFLOW_EXPERIMENT_NAME": "locked"}
	if status, _, stderr := with(env, dir, "run", "parquet.yaml", "-o", "out", "--publish", "mlflow"); status != 2 || !strings.Contains(stderr, "refuses access") {
		t.Errorf("without a password: exit status %d\n%s", status, stderr)
	}
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("admin", password)
	for _, env := range []map[string]string{
		{"MLFLOW_TRACKING_URI": uri, "MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": password},
		{"MLFLOW_TRACKING_URI": u.String()},
	} {
		status, stdout, stderr := with(env, dir, "publish", "out")
		if status != 0 || strings.Contains(stdout+stderr, password) {
			t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
		}
		status, _, stderr = with(map[string]string{"MLFLOW_TRACKING_URI": strings.ReplaceAll(u.String(), u.Port(), "1")}, dir, "publish", "out")
		if status != 4 || strings.Contains(stderr, password) {
			t.Errorf("exit status %d\n%s", status, stderr)
		}
	}
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			b, readErr := os.ReadFile(path)
			if readErr != nil || bytes.Contains(b, []byte(password)) {
				t.Errorf("%s holds the password (%v)", path, readErr)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
