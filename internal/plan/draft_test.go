package plan_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
)

// Whatever a file's columns are called, the plan that init writes says just that.
func FuzzWrite(f *testing.F) {
	for _, s := range []string{"a", "", " lead", "no", "1", "1.0", "0x10", "08", "1e3", "null", "~", "a: b", "a #b", "- a", "'", `"`, `\`, "a\nb: c", "a\rb: c", "\t", "\u0085", "\u2028", "\ufeff", "\u00a0", "é", "日本", "🙂", "*a", "&a", "!t", "%", "@", "`", "{a}", "[a]", "<<", "?", "|", ">", "...", "---", "\x01", "\u200b", "a,b", "2024-01-02", "1:30", ".inf", "=", "true", "a" + strings.Repeat(" ", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" || strings.ContainsRune(s, 0) || strings.ToValidUTF8(s, "") != s {
			return // no such column: headers are not empty, and are UTF-8
		}
		d := plan.Draft{Name: s, Task: cases.Binary, Source: s, ID: s, Label: s, Positive: s, Cluster: s, Time: s, Notes: []string{"`" + s + "` may be a further model"},
			Models: []plan.DraftModel{{Key: "candidate", Name: s, Score: s}, {Key: "baseline", Score: s}}, Slices: []string{s}, WithGates: true, Margin: 0.01, MarginNote: "m"}
		text := plan.Write(d)
		p, err := parse(text)
		if err != nil {
			t.Fatalf("%q: %v\n%s", s, err, text)
		}
		c := p.Data.Columns
		for what, got := range map[string]string{"name": p.Name, "source": p.Data.Source.Path, "id": c.ID, "label": c.Label.Column, "positive": c.Label.Positive, "cluster": c.Cluster, "time": c.Time,
			"model": p.Models[0].Name, "score": p.Models[0].Score, "baseline": p.Models[1].Score, "slice": p.Slices[0].Columns[0]} {
			if got != s {
				t.Errorf("%s %q is read back as %q\n%s", what, s, got, text)
			}
		}
		if len(p.Gates) != 1 {
			t.Errorf("%d gates", len(p.Gates))
		}
	})
}

// Every kind of draft is a plan, or says FILL-IN where a person must write.
func TestDraftsParse(t *testing.T) {
	half := 0.5
	for what, d := range map[string]plan.Draft{
		"nothing recognised": {Name: "x", Task: cases.Binary, Source: "d.csv"},
		"one model":          {Name: "x", Task: cases.Binary, Source: "d.csv", Label: "y", Positive: "1", Models: []plan.DraftModel{{Key: "candidate", Score: "s", Threshold: &half}}, WithGates: true, Margin: 0.01},
		"multiclass":         {Name: "x", Task: cases.Multiclass, Source: "d.csv", Label: "y", Models: []plan.DraftModel{{Key: "candidate", Prediction: "p"}, {Key: "baseline", Prediction: "q"}}, Slices: []string{"g"}, WithGates: true, Margin: 0.01},
		"regression":         {Name: "x", Task: cases.Regression, Source: "d.csv", Label: "y", Weight: "w", Models: []plan.DraftModel{{Key: "candidate", Prediction: "p"}, {Key: "baseline", Prediction: "q"}}, WithGates: true, Margin: 1e-7},
	} {
		p, err := parse(plan.Write(d))
		if err != nil {
			t.Errorf("%s: %v\n%s", what, err, plan.Write(d))
			continue
		}
		if gates := len(d.Models) / 2; len(p.Gates) != gates || gates == 1 && p.Gates[0].Margin != d.Margin {
			t.Errorf("%s: gates %+v", what, p.Gates)
		}
	}
}

func TestGuessRoles(t *testing.T) {
	col := func(name string, k cases.Kind, distinct int64, more ...string) engine.ColumnProfile {
		return engine.ColumnProfile{Column: cases.Column{Name: name, Kind: k}, Distinct: distinct, Values: more, Integral: len(more) > 0 && k == cases.Number}
	}
	score := func(name string) engine.ColumnProfile {
		c := col(name, cases.Number, 900)
		c.Unit = true
		return c
	}
	guess := func(columns ...engine.ColumnProfile) plan.Draft {
		return plan.Guess("d.csv", &engine.Profile{Rows: 1000, Columns: columns})
	}
	label := col("label", cases.Text, 2, "no", "yes")
	for _, tc := range []struct {
		columns             []engine.ColumnProfile
		candidate, baseline string
	}{
		{[]engine.ColumnProfile{label, score("score")}, "score", ""},
		{[]engine.ColumnProfile{label, score("score_v2"), score("score_v10")}, "score_v10", "score_v2"},
		{[]engine.ColumnProfile{label, score("champion"), score("challenger")}, "challenger", "champion"},
		{[]engine.ColumnProfile{label, score("p_prod"), score("p_new")}, "p_new", "p_prod"},
		// Words inside of other words are none: a threshold is not old, a renewal not new.
		{[]engine.ColumnProfile{label, score("renewal_score"), score("score_v3"), score("household_score")}, "score_v3", "renewal_score"},
	} {
		d := guess(tc.columns...)
		var got [2]string
		for i, m := range d.Models {
			got[i] = m.Score
		}
		if d.Task != cases.Binary || d.Positive != "yes" || got != [2]string{tc.candidate, tc.baseline} {
			t.Errorf("candidate %q, baseline %q, want %q and %q (%+v)", got[0], got[1], tc.candidate, tc.baseline, d)
		}
	}
	d := guess(col("label", cases.Text, 4, "a", "b", "c", "d"), col("product_type", cases.Text, 5, "x"), col("newspaper", cases.Text, 3, "x"), col("prediction", cases.Text, 4, "a"))
	if len(d.Models) != 1 || d.Models[0].Prediction != "prediction" || !reflect.DeepEqual(d.Slices, []string{"product_type", "newspaper"}) {
		t.Errorf("multiclass: %+v", d)
	}
	d = guess(col("y_true", cases.Number, 900), col("y_pred", cases.Number, 900), col("household_size", cases.Number, 6, "1"), col("old_price", cases.Number, 700))
	if d.Task != cases.Regression || d.Models[0].Prediction != "y_pred" || !reflect.DeepEqual(d.Slices, []string{"household_size"}) {
		t.Errorf("regression: %+v", d)
	}
	// A positive class that is none of the usual words: the last listed.
	if d = guess(col("outcome", cases.Text, 2, "good", "bad"), score("s")); d.Positive != "bad" {
		t.Errorf("positive %q", d.Positive)
	}
	// What occurs once a row is an id only when it is called one.
	if d = guess(label, col("amount", cases.Number, 1000), col("order_uuid", cases.Text, 1000), score("s")); d.ID != "order_uuid" {
		t.Errorf("id %q", d.ID)
	}
}
