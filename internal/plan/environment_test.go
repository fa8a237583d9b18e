package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
)

func TestEnvironment(t *testing.T) {
	env := map[string]string{"DATA": "runs/2024.csv", "CUT": "0.25", "MARGIN": "2%", "COLUMN": "s", "LIST": "[a, b]", "DEEP": "${DATA}"}
	load := func(src string) (*plan.Plan, error) {
		path := filepath.Join(t.TempDir(), "plan.yaml")
		if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
		return plan.Load(path, catalogue{metric.NewCatalogue()}, nil, func(n string) (string, bool) { v, ok := env[n]; return v, ok }, nil)
	}
	p, err := load(strings.NewReplacer("d.csv", "${DATA}", "score: s, threshold: 0.5", "score: '${COLUMN}', threshold: \"${CUT}\", version: \"${CUT}\", name: 'a${NONE:-b}${NONE:-}c'", "name: p", "name: $${DATA} ${DEEP}").Replace(base))
	if err != nil {
		t.Fatal(err)
	}
	c := p.Models[0]
	if p.Data.Source.Path != "runs/2024.csv" || *c.Threshold != 0.25 || c.Score != "s" || c.Version != "0.25" || c.Name != "abc" || p.Name != "${DATA} ${DATA}" {
		t.Errorf("read as %q, %+v, threshold %v", p.Data.Source, c, *c.Threshold)
	}
	for text, says := range map[string]string{
		"${MISSING}": "the environment variable MISSING is not set", "${": "a variable is not closed", "${a b}": `"a b" is no name of a variable`,
		"${}": `"" is no name of a variable`, "${CUT} ${OTHER}": "OTHER is not set",
	} {
		if _, err := load(strings.Replace(base, "d.csv", "'"+text+"'", 1)); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "plan.yaml:4:11") {
			t.Errorf("%s: %v, want %q with its place", text, err, says)
		}
	}
	// Text stays text: a list does not come out of a variable, and no key.
	if _, err := load(strings.Replace(base, "metrics: [roc_auc, recall, ece]", "metrics: ${LIST}", 1)); err == nil || !strings.Contains(err.Error(), "a list is expected") {
		t.Errorf("a list out of a variable: %v", err)
	}
	if _, err := load(strings.Replace(base, "name: p", "${COLUMN}: p", 1)); err == nil || !strings.Contains(err.Error(), "unknown key") {
		t.Errorf("a key out of a variable: %v", err)
	}
	if _, err := parse(strings.Replace(base, "d.csv", "${DATA}", 1)); err == nil || !strings.Contains(err.Error(), "DATA is not set") {
		t.Errorf("without an environment: %v", err)
	}
}
