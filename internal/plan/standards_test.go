package plan_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
)

const tier1 = `name: tier 1
require: [owner, why]
min_rows: 500
confidence: 0.95
max_missing: {labels: 2%}
metrics: [brier, recall]
slices: [region, channel]
gates:
  - {metric: recall, at_least: 0.6, slices: all, why: nobody is left out}
  - {metric: roc_auc, at_least: 0.65, why: better than the old rules}
`

const extending = `name: p
owner: risk
task: binary
extends: standards/tier1.yaml
data:
  source: d.csv
  columns: {id: id, label: {column: y, positive: 1}}
models:
  candidate: {score: s, threshold: 0.5}
slices: [region]
metrics: [roc_auc, recall, ece]
gates:
  - {metric: roc_auc, at_least: 0.7, why: w}
`

// loadFiles writes the files and loads plan.yaml.
func loadFiles(t *testing.T, files map[string]string) (*plan.Plan, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return plan.Load(filepath.Join(dir, "plan.yaml"), catalogue{metric.NewCatalogue()}, nil, nil, nil)
}

func TestStandardIsTakenIn(t *testing.T) {
	p, err := loadFiles(t, map[string]string{"plan.yaml": extending, "standards/tier1.yaml": tier1})
	if err != nil {
		t.Fatal(err)
	}
	var slices, metrics, gates []string
	for _, s := range p.Slices {
		slices = append(slices, s.Columns...)
	}
	for _, m := range p.Metrics {
		metrics = append(metrics, m.As)
	}
	for _, g := range p.Gates {
		gates = append(gates, g.Name)
	}
	got := fmt.Sprintln(slices, metrics, gates, p.MinRows, p.Confidence, p.Extends[0].Name, p.Extends[0].File, len(p.Extends[0].SHA256))
	if want := "[region channel] [roc_auc recall ece brier] [roc_auc at least 0.7 recall at least 0.6, on every slice] 500 0.95 tier 1 standards/tier1.yaml 64\n"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s := schema(t)
	if err := validate(t, s, extending); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
}

func TestPacksExtendPacks(t *testing.T) {
	files := map[string]string{"plan.yaml": extending, "standards/tier1.yaml": tier1 + "extends: ../company.yaml\n",
		"company.yaml": "name: company\nmetrics: [log_loss]\ngates:\n  - {metric: log_loss, at_most: 0.7}\n"}
	p, err := loadFiles(t, files)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Extends) != 2 || p.Extends[0].Name != "company" || len(p.Gates) != 3 || p.Gates[1].Metric != "log_loss" {
		t.Errorf("extends %+v, %d gates", p.Extends, len(p.Gates))
	}
	files["company.yaml"] = "name: company\nextends: standards/tier1.yaml\n"
	if _, err := loadFiles(t, files); err == nil || !strings.Contains(err.Error(), "extends itself") {
		t.Errorf("a ring of packs: %v", err)
	}
}

// A pack names its files from where it lies: beside it, in the same repository, behind
// the same address. What lies elsewhere is pinned, every link of the way.
func TestRemotePacksExtendTheirNeighbours(t *testing.T) {
	texts := map[string]string{
		"https://example.org/s/tier1.yaml":  "name: tier 1\nextends: {file: ../company.yaml, sha256: COMPANY}\n",
		"https://example.org/company.yaml":  "name: company\nmetrics: [log_loss]\n",
		"risk/tier1.yaml of R at v1":        "name: tier 1\nextends: {file: ../company.yaml, sha256: COMPANY}\n",
		"company.yaml of R at v1":           "name: company\nmetrics: [log_loss]\n",
		"risk/loose.yaml of R at v1":        "name: tier 1\nextends: ../company.yaml\n",
		"risk/far.yaml of R at v1":          "name: tier 1\nextends: ../../company.yaml\n",
		"https://example.org/s/itself.yaml": "name: tier 1\nextends: itself.yaml\n",
	}
	digest := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	for at, text := range texts {
		texts[at] = strings.Replace(text, "COMPANY", digest(texts["company.yaml of R at v1"]), 1)
	}
	for what, tc := range map[string]struct{ extends, text, says string }{
		"a URL":         {"url: https://example.org/s/tier1.yaml", "https://example.org/s/tier1.yaml", ""},
		"a repository":  {"git: R, rev: v1, file: risk/tier1.yaml", "risk/tier1.yaml of R at v1", ""},
		"a loose link":  {"git: R, rev: v1, file: risk/loose.yaml", "risk/loose.yaml of R at v1", "company.yaml of R at v1 is not pinned"},
		"out of it":     {"git: R, rev: v1, file: risk/far.yaml", "risk/far.yaml of R at v1", "lies outside the repository"},
		"a ring":        {"url: https://example.org/s/itself.yaml", "https://example.org/s/itself.yaml", "extends itself"},
		"another text":  {"url: https://example.org/s/tier1.yaml", "company.yaml of R at v1", "is not what sha256 pins"},
		"nothing there": {"git: R, rev: v2, file: risk/tier1.yaml", "risk/tier1.yaml of R at v1", "no such thing"},
	} {
		path := filepath.Join(t.TempDir(), "plan.yaml")
		text := strings.Replace(extending, "extends: standards/tier1.yaml", "extends: {"+tc.extends+", sha256: "+digest(texts[tc.text])+"}", 1)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := plan.Load(path, catalogue{metric.NewCatalogue()}, nil, nil, func(at plan.Place, _ string) ([]byte, error) {
			if text, ok := texts[at.String()]; ok {
				return []byte(text), nil
			}
			return nil, errors.New("no such thing")
		})
		if tc.says == "" {
			if err != nil || len(p.Extends) != 2 || p.Extends[0].Name != "company" || p.Metrics[len(p.Metrics)-1].As != "log_loss" {
				t.Errorf("%s: %v", what, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", what, err, tc.says)
		}
	}
}

// A plan may be stricter than its standard, never looser; every mistake names its file.
func TestStandardIsKept(t *testing.T) {
	edit := func(text string, pairs ...string) string {
		out := strings.NewReplacer(pairs...).Replace(text)
		if out == text {
			t.Fatalf("nothing replaced: %q", pairs)
		}
		return out
	}
	for what, tc := range map[string]struct{ plan, pack, at, says string }{
		"looser bound":       {edit(extending, "at_least: 0.7", "at_least: 0.6"), tier1, "plan.yaml:4:10", `gate "roc_auc at least 0.6": 0.6 is less, and "tier 1" asks for: roc_auc at least 0.65`},
		"warns only":         {edit(extending, "at_least: 0.7", "at_least: 0.7, severity: warn"), tier1, "plan.yaml:4:10", "it only warns"},
		"by value":           {edit(extending, "at_least: 0.7", "at_least: 0.7, evidence: value"), tier1, "plan.yaml:4:10", "it judges the value alone"},
		"stricter":           {edit(extending, "at_least: 0.7", "at_least: 0.9, confidence: 0.99"), tier1, "", ""},
		"less confidence":    {edit(extending, "name: p", "name: p\nconfidence: 0.9"), tier1, "plan.yaml:2:13", `0.9 is less than the 0.95 that "tier 1" asks for`},
		"more missing":       {edit(extending, "source: d.csv", "source: d.csv\n  max_missing: {labels: 5%}"), tier1, "plan.yaml:4:10", `5 % is more than the 2 % that "tier 1" allows`},
		"no owner":           {edit(extending, "owner: risk\n", ""), tier1, "plan.yaml:3:10", `"tier 1" requires an owner`},
		"no why":             {edit(extending, ", why: w", ""), tier1, "plan.yaml:4:10", "requires a why for every gate"},
		"no such file":       {edit(extending, "tier1.yaml", "tier2.yaml"), tier1, "plan.yaml:4:10", "no standard at standards/tier2.yaml"},
		"a URL":              {edit(extending, "standards/tier1.yaml", "https://example.org/tier1.yaml"), tier1, "plan.yaml:4:10", "standards of Git repositories and URLs are not read here"},
		"a git address":      {edit(extending, "standards/tier1.yaml", "git@example.org:s.git"), tier1, "plan.yaml:4:10", "named by its repository, revision and file"},
		"no revision":        {edit(extending, "standards/tier1.yaml", "{git: s, file: t.yaml}"), tier1, "plan.yaml:4:10", `the key "rev" is required: a tag, branch or commit`},
		"no repository":      {edit(extending, "standards/tier1.yaml", "{rev: v1, file: t.yaml}"), tier1, "plan.yaml:4:10", `the key "git" is required`},
		"a URL and a file":   {edit(extending, "standards/tier1.yaml", "{url: https://example.org, file: t.yaml}"), tier1, "plan.yaml:4:10", "a url stands alone"},
		"another scheme":     {edit(extending, "standards/tier1.yaml", "{url: ftp://example.org/t.yaml}"), tier1, "plan.yaml:4:10", `"ftp://example.org/t.yaml" is no address of a standard`},
		"a password":         {edit(extending, "standards/tier1.yaml", "{url: https://me:secret@example.org/t.yaml}"), tier1, "plan.yaml:4:10", "credentials belong into no plan"},
		"git's password":     {edit(extending, "standards/tier1.yaml", "{git: https://me:secret@example.org/s.git, rev: v1, file: t.yaml}"), tier1, "plan.yaml:4:10", "credentials belong into no plan"},
		"pinned":             {edit(extending, "extends: standards/tier1.yaml", "extends: {file: standards/tier1.yaml, sha256: abc}"), tier1, "plan.yaml:4:10", "is not what sha256 pins"},
		"another metric":     {edit(extending, "recall, ece", "{metric: f1, as: recall}, ece"), tier1, "plan.yaml:4:10", `"recall" is f1 in the plan and recall in "tier 1"`},
		"a mistake in it":    {extending, edit(tier1, "at_least: 0.65", "at_leest: 0.65"), "standards/tier1.yaml:10:", `unknown key "at_leest"`},
		"a key of plans":     {extending, tier1 + "models: {}\n", "standards/tier1.yaml:11:1", `unknown key "models"`},
		"an odd requirement": {extending, edit(tier1, "[owner, why]", "[ovner]"), "standards/tier1.yaml:2:", `a standard cannot require "ovner"`},
		"not YAML":           {extending, "name: [", "standards/tier1.yaml:1:", "not YAML"},
		"a metric it lacks":  {extending, edit(tier1, "metric: recall,", "metric: rekall,"), "standards/tier1.yaml:9:", `"rekall"`},
	} {
		_, err := loadFiles(t, map[string]string{"plan.yaml": tc.plan, "standards/tier1.yaml": tc.pack})
		if tc.says == "" {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		var bad *plan.Errors
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), tc.says) || !strings.Contains(filepath.ToSlash(err.Error()), tc.at) {
			t.Errorf("%s: %v\nwant %s %s", what, err, tc.at, tc.says)
		}
	}
}

// A gate stands where the plan writes it, or where it names the standard that asks for
// it, through other standards too; one of the command line stands nowhere.
func TestPlacesOfGates(t *testing.T) {
	files := map[string]string{"plan.yaml": strings.Replace(extending, "extends: standards/tier1.yaml", "extends:\n  - standards/tier1.yaml\n  - standards/eu.yaml", 1),
		"standards/tier1.yaml": tier1, "standards/eu.yaml": "name: eu\nextends: all.yaml\n", "standards/all.yaml": "name: all\ngates:\n  - {metric: ece, at_most: 0.2, why: w, evidence: value}\n"}
	p, err := loadFiles(t, files)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(files["plan.yaml"], "\n")
	got := map[string]string{}
	for _, g := range p.Gates {
		got[g.Metric] = lines[g.Line-1][g.Column-1:]
	}
	for metric, want := range map[string]string{"roc_auc": "{metric: roc_auc", "recall": "standards/tier1.yaml", "ece": "standards/eu.yaml"} {
		if !strings.HasPrefix(got[metric], want) {
			t.Errorf("%s stands at %q, want %q", metric, got[metric], want)
		}
	}
	p, err = plan.Load(writePlan(t, strings.Replace(extending, "extends: standards/tier1.yaml\n", "", 1)), catalogue{metric.NewCatalogue()}, []string{"gates=[{metric: ece, at_most: 0.2, evidence: value}]"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if g := p.Gates[0]; g.Line != 0 || g.Column != 0 {
		t.Errorf("a gate of --set stands at %d:%d", g.Line, g.Column)
	}
}

func writePlan(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
