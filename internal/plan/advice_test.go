package plan_test

import (
	"strings"
	"testing"
)

func TestAdvice(t *testing.T) {
	bare := "task: binary\ndata: {source: d.csv, columns: {label: y}}\nmodels: {candidate: {score: s, threshold: 0.5}}\ngates: [{metric: recall, at_least: 0.7, evidence: value}]\n"
	for tier, says := range map[string][]string{
		"":  nil,
		"3": nil,
		"2": {"tier 2: no owner", "no baseline"},
		"1": {"no owner", "no baseline", "no objective", "no id column", "no gate looks at slices", "gates without a why", "judge the value alone, whatever its interval: recall at least 0.7"},
	} {
		src := "name: p\n" + bare
		if strings.TrimSpace(tier) != "" {
			src += "tier: " + strings.TrimSpace(tier) + "\n"
		}
		p, err := parse(src)
		if err != nil {
			t.Fatal(err)
		}
		got := p.Advice()
		if len(got) != len(says) {
			t.Errorf("tier %s: %q", tier, got)
			continue
		}
		for i, s := range says {
			if !strings.Contains(got[i], s) {
				t.Errorf("tier %s: %q, want %q", tier, got[i], s)
			}
		}
	}
	p, err := parse(strings.Replace("name: p\ntier: 3\n"+bare, "gates: [{metric: recall, at_least: 0.7, evidence: value}]", "gates: []", 1))
	if err != nil || len(p.Advice()) != 1 || !strings.Contains(p.Advice()[0], "no gate blocks") {
		t.Errorf("without gates: %v, %v", p.Advice(), err)
	}
}
