package plan_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/plan"
)

func replaced(t *testing.T, old, with string) string {
	t.Helper()
	s := strings.Replace(base, old, with, 1)
	if s == base {
		t.Fatalf("nothing replaced: %q", old)
	}
	return s
}

// A number is what YAML 1.2 calls one; what programs read differently is refused.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]float64{"1e-3": 1e-3, "1E3": 1000, "5e-1": 0.5, ".5": 0.5, "+0.5": 0.5, "1.": 1, "-2": -2, "0x10": 16, "0o17": 15, "1_000": 1000, "0": 0} {
		p, err := parse(replaced(t, "threshold: 0.5", "threshold: "+text))
		if err != nil || *p.Models[0].Threshold != want {
			t.Errorf("%s: %v, want %g", text, err, want)
		}
	}
	for text, says := range map[string]string{"010": "may mean an octal number", "08": "may mean an octal number", "-01": "may mean an octal number", `"0.5"`: "without quotes", "'1e-3'": "without quotes",
		".inf": "finite", ".nan": "finite", "inf": "finite", "2024-01-02": "a number is expected", "yes": "a number is expected", "no": "a number is expected", "true": "true or false", "~": "nothing", "1,5": "a number is expected", "5%": "a number is expected", "0.5.1": "a number is expected"} {
		src := "name: p\ntask: binary\ndata: {source: d.csv, columns: {label: y}}\nmodels:\n  candidate:\n    score: s\n    threshold: " + text + "\n"
		if _, err := parse(src); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "plan.yaml:7:") {
			t.Errorf("%s: %v, want %q on line 7", text, err, says)
		}
	}
}

// Names are kept as they are written, values of the data are put into one form.
func TestNamesAndValues(t *testing.T) {
	for text, want := range map[string]string{"20240101": "20240101", "1000000": "1000000", "2.0": "2.0", "1e3": "1e3", "0x10": "0x10", "08": "08", "no": "no", "true": "true", "2024-01-02": "2024-01-02", `"a: b"`: "a: b", "Ωμ": "Ωμ"} {
		p, err := parse(replaced(t, "{score: s, ", "{score: "+text+", version: "+text+", "))
		if err != nil || p.Models[0].Score != want || p.Models[0].Version != want {
			t.Errorf("column %s: %v, read as %q", text, err, p.Models[0].Score)
		}
	}
	for text, want := range map[string]string{"1000000": "1000000", "1.0": "1", "0x1": "1", "0.5": "0.5", "-1": "-1", "True": "true", "false": "false", "'True'": "True", "'1.0'": "1.0"} {
		p, err := parse(replaced(t, "positive: 1", "positive: "+text))
		if err != nil || p.Data.Columns.Label.Positive != want {
			t.Errorf("positive %s: %v, read as %q", text, err, p.Data.Columns.Label.Positive)
		}
	}
}

func TestShares(t *testing.T) {
	for text, want := range map[string]float64{"0": 0, "1": 1, "0.02": 0.02, "2%": 0.02, "2 %": 0.02, `" 2% "`: 0.02, "0.5%": 0.005, "100%": 1, "1e-2": 0.01} {
		p, err := parse(replaced(t, "source: d.csv", "source: d.csv\n  max_missing: {labels: "+text+"}"))
		if err != nil || p.Data.MaxMissing.Labels != want {
			t.Errorf("%s: %v, %g", text, err, p.Data.MaxMissing.Labels)
		}
	}
	for _, text := range []string{"-1", "1.01", "-1%", "101%", "%", "x%", "1e1%", "NaN%", "1%%", "all"} {
		if _, err := parse(replaced(t, "source: d.csv", "source: d.csv\n  max_missing: {labels: "+text+"}")); err == nil {
			t.Errorf("%s is taken for a share", text)
		}
	}
	for text, want := range map[string]float64{"2%": 0.02, "0.5 %": 0.005} {
		p, err := parse(replaced(t, "at_least: 0.7", "no_worse_than: baseline, margin: "+text))
		if err != nil || !p.Gates[0].Relative || p.Gates[0].Margin != want {
			t.Errorf("margin %s: %v", text, err)
		}
	}
	for _, text := range []string{"0%", "100%", "-2%", "-0.1", "x%"} {
		if _, err := parse(replaced(t, "at_least: 0.7", "no_worse_than: baseline, margin: "+text)); err == nil {
			t.Errorf("margin %s passes", text)
		}
	}
}

func TestAnchors(t *testing.T) {
	const models = "models:\n  candidate: {score: s, threshold: 0.5}\n  baseline: {score: t}"
	// Own keys stand above merged ones, wherever they stand, and the first of a list wins.
	p, err := parse(replaced(t, models, "models:\n  candidate: &c {score: s, threshold: 0.5, name: c}\n  baseline: {name: b, <<: *c, score: t}\n  third: &t {score: u, version: 3}\n  fourth: {<<: [*t, *c]}"))
	if err != nil {
		t.Fatal(err)
	}
	b, f := p.Models[1], p.Models[3]
	if b.Name != "b" || b.Score != "t" || *b.Threshold != 0.5 {
		t.Errorf("merged: %+v", b)
	}
	if f.Score != "u" || f.Version != "3" || f.Name != "c" || *f.Threshold != 0.5 {
		t.Errorf("merged from a list: %+v", f)
	}
	for what, tc := range map[string][2]string{
		"a merge of text":         {"models:\n  candidate: {<<: c, score: s}", "6:15|<< merges mappings, this is text"},
		"a merge of a list":       {"models:\n  candidate: {<<: [a], score: s}", "|<< merges mappings"},
		"an anchor of itself":     {"models:\n  candidate: &c {<<: *c, score: s}", "|no anchor is called \"c\""},
		"an anchor further down":  {"models:\n  baseline: *c\n  candidate: &c {score: s}", "7:13|no anchor is called \"c\""},
		"a key twice, one merged": {"models:\n  candidate: &c {score: s}\n  baseline: {<<: *c, score: t, score: u}", "|already defined"},
	} {
		_, err := parse(replaced(t, models, tc[0]))
		at, says, _ := strings.Cut(tc[1], "|")
		if err == nil || !strings.Contains(err.Error(), says) || at == "7:13" && !strings.Contains(err.Error(), at) {
			t.Errorf("%s: %v, want %s %q", what, err, at, says)
		}
	}
	// Aliases of aliases grow without end, on paper.
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		a := "*a" + string(rune('a'+i-1))
		if i == 1 {
			a = "*a0"
		}
		bomb.WriteString(string(rune('a'+i)) + ": &a" + string(rune('a'+i)) + " [" + strings.TrimSuffix(strings.Repeat(a+", ", 10), ", ") + "]\n")
	}
	if _, err := parse(bomb.String()); err == nil || !strings.Contains(err.Error(), "too many values") {
		t.Errorf("an alias bomb: %.200v", err)
	}
}

// Files as editors leave them, and files that are no plan.
func TestFiles(t *testing.T) {
	for what, src := range map[string]string{"a byte order mark": "\ufeff" + base, "CRLF": strings.ReplaceAll(base, "\n", "\r\n"), "a document marker": "---\n" + base, "an end marker": base + "...\n", "comments around": "# a\n\n" + base + "\n# z\n", "no last newline": strings.TrimSuffix(base, "\n")} {
		if p, err := parse(src); err != nil || p.Name != "p" || len(p.Gates) != 1 {
			t.Errorf("%s: %v", what, err)
		}
	}
	big := base + "# " + strings.Repeat("x", 1<<20-len(base)-2)
	if _, err := parse(big); err != nil {
		t.Errorf("a plan of exactly 1 MiB: %.200v", err)
	}
	for what, tc := range map[string]struct{ src, at, says string }{
		"empty":            {"", "1:1", "the plan is empty"},
		"comments only":    {"# a\n# b\n", "1:1", "the plan is empty"},
		"a marker only":    {"---\n", "", "the plan is empty"},
		"a list":           {"- a\n", "1:1", "a plan is a mapping of keys, this is a list"},
		"text":             {"hello\n", "1:1", "a plan is a mapping of keys, this is text"},
		"two documents":    {base + "---\nname: q\n", "", "a second one starts here"},
		"tabs":             {strings.Replace(base, "  source", "\tsource", 1), "4:1", "not YAML"},
		"over 1 MiB":       {big + "x", "1:1", "larger than 1 MiB"},
		"a zero byte":      {"name: a\nobjective: b\x00\n", "2:1", "zero byte"},
		"Latin-1":          {"name: a\nowner: M\xfcller\n", "2:1", "not UTF-8"},
		"deep flow":        {"name: " + strings.Repeat("[", 5000), "1:1", "nested more than 64 deep"},
		"deep, but closed": {"name: " + strings.Repeat("[", 70) + strings.Repeat("]", 70) + "\n", "", "nested more than 64 deep"},
		"deep blocks":      {strings.Repeat("- ", 2000) + "a\n", "1:1", "nested more than 64 deep"},
		"a key twice":      {"name: a\nname: b\n", "2:1", "already defined"},
		"an open bracket":  {"name: [a\ntask: b\n", "", "not YAML"},
		"an open quote":    {"name: \"a\n", "", "not YAML"},
	} {
		_, err := parse(tc.src)
		var bad *plan.Errors
		if !errors.As(err, &bad) || len(bad.List) != 1 {
			t.Errorf("%s: want one error, got %.300v", what, err)
			continue
		}
		if got := bad.List[0].Error(); !strings.Contains(got, tc.says) || !strings.HasPrefix(got, "plan.yaml:"+tc.at) {
			t.Errorf("%s: want %s %q, got %.300s", what, tc.at, tc.says, got)
		}
	}
}

// The quoted line and its caret show the word, after letters of more than one byte too.
func TestQuotedLine(t *testing.T) {
	_, err := parse(replaced(t, "{metric: roc_auc, ", "{why: Größe, metric: rok_auc, "))
	want := "plan.yaml:12:26: gates[0].metric: unknown metric \"rok_auc\"\n      - {why: Größe, metric: rok_auc, at_least: 0.7}\n                             ^\n    did you mean \"roc_auc\"?"
	var bad *plan.Errors
	if !errors.As(err, &bad) || bad.List[0].Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
