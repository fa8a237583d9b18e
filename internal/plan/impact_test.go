package plan_test

import (
	"strings"
	"testing"
)

func TestImpact(t *testing.T) {
	with := func(text string) string {
		return strings.Replace(replaced(t, "name: p", "name: p\nimpact: "+text), "baseline: {score: t}", "baseline: {score: t, threshold: 0.5}", 1)
	}
	p, err := parse(with("{per: month, volume: 120000, values: {fp: -1, fn: -8}, unit: EUR 1 000}"))
	if err != nil {
		t.Fatal(err)
	}
	if x := p.Impact; x == nil || x.Per != "month" || x.Volume != 120000 || x.Unit != "EUR 1 000" || x.Values.FP != -1 || x.Values.FN != -8 || x.Values.TP != 0 {
		t.Errorf("impact: %+v", x)
	}
	s := schema(t)
	if err := validate(t, s, with("{per: month, volume: 120000, values: {fp: -1}, unit: 7}")); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
	for text, says := range map[string]string{
		"{per: month}": `the key "volume" is required`,
		"{per: month, volume: 0, values: {tp: 1}, unit: x}":         "a number of decisions above 0",
		"{per: month, volume: 1, values: {}, unit: x}":              "no outcome has a value",
		"{per: month, volume: 1, values: {tp: 0}, unit: x}":         "every outcome is worth 0",
		"{per: month, volume: 1, values: {hit: 1}, unit: x}":        `unknown key "hit"`,
		"{per: month, volume: 1, values: {tp: 1e99}, unit: x}":      "choose a larger unit",
		"{per: month, volume: 1, values: {tp: 1}, unit: x, pro: y}": `unknown key "pro"`,
		"many": "a mapping is expected",
	} {
		if _, err := parse(with(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
	src := strings.Replace(with("{per: month, volume: 1, values: {tp: 1}, unit: x}"), "s, threshold: 0.5", "s", 1)
	if _, err := parse(src); err == nil || !strings.Contains(err.Error(), "model candidate has no threshold") {
		t.Errorf("without a threshold: %v", err)
	}
}
