package plan_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
)

func TestNotify(t *testing.T) {
	env := map[string]string{"HOOK": "https://hooks.example/services/s3cr3t", "KEY": "s3cr3t-key", "BAD": "s3cr3t-no-address"}
	load := func(notify string, set ...string) (*plan.Plan, error) {
		path := filepath.Join(t.TempDir(), "plan.yaml")
		if err := os.WriteFile(path, []byte(strings.Replace(base, "name: p", "name: p\nnotify: "+notify, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		return plan.Load(path, catalogue{metric.NewCatalogue()}, set, func(k string) (string, bool) { v, ok := env[k]; return v, ok }, nil)
	}
	for _, good := range []string{`{slack: "${HOOK}", teams: "${HOOK}", webhook: {url: "${HOOK}", secret: "${KEY}"}, on: [no-go, inconclusive], link: "https://ci/1", openlineage: events.jsonl}`,
		`{webhook: "${HOOK}", on: go}`, `{slack: "${NONE:-}"}`} {
		p, err := load(good)
		if err != nil {
			t.Errorf("%s: %v", good, err)
			continue
		}
		if b, err := json.Marshal(p); err != nil || strings.Contains(string(b), "s3cr3t") || strings.Contains(string(b), "otify") {
			t.Errorf("the record would hold %s %v", b, err)
		}
		if p.Notify == nil || p.Notify.Slack+p.Notify.Webhook == "" && !strings.Contains(good, "NONE") {
			t.Errorf("%s: %+v", good, p.Notify)
		}
	}
	for bad, want := range map[string]string{
		`{slack: "https://hooks.example/services/s3cr3t"}`: "must not stand in a plan",
		`{webhook: {url: "${HOOK}", secret: s3cr3t-key}}`:  "must not stand in a plan",
		`{slack: "${BAD}"}`:                   "address is expected in the variable",
		`{slack: "${NOWHERE}"}`:               "NOWHERE is not set",
		`{on: nogo}`:                          "no-go",
		`{webhook: {secret: "${KEY}"}}`:       "url",
		`{openlineage: "https://u:s3cr3t@x"}`: "must not stand in a plan",
		`{slak: "${HOOK}"}`:                   "slack",
	} {
		_, err := load(bad)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := load(`{slack: "${HOOK}"}`, "notify.slack=https://hooks.example/s3cr3t"); err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("--set: %v", err)
	}
}
