package rubric

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// play has a judge that supports a statement when its text stands in the material.
func play(t *testing.T, p Procedure, s Shown, reply func(q Question) string) Verdict {
	t.Helper()
	var replies []Reply
	for range 50 {
		turn := p.Turn(s, replies)
		if turn.Verdict != nil {
			return *turn.Verdict
		}
		replies = append(replies, Reply{Text: reply(*turn.Ask)})
	}
	t.Fatal("no verdict after 50 questions")
	return Verdict{}
}

func grounded(t *testing.T, g Grounding) Procedure {
	t.Helper()
	r, err := Grounded(g)
	if err != nil {
		t.Fatal(err)
	}
	return r.Procedure(false)
}

// verdicts are a reply with one verdict for each name.
func verdicts(names ...string) string {
	var out []string
	for i, n := range names {
		out = append(out, fmt.Sprintf(`{"number": %d, "evidence": "e%d", "verdict": %q}`, i+1, i+1, n))
	}
	return `{"verdicts": [` + strings.Join(out, ", ") + `]}`
}

func TestGroundingValues(t *testing.T) {
	shown := Shown{Question: "q?", Contexts: []string{"c1", "c2", "c3"}, References: []string{"the reference"}, Answer: "An answer [1]. Another [2][3]. A third."}
	claims := `{"claims": ["a", "b", "c", "d"]}`
	for _, c := range []struct {
		kind    string
		replies []string
		want    float64
		level   string
	}{
		{"faithfulness", []string{claims, verdicts("supported", "contradicted", "supported", "unsupported")}, 0.5, "2 supported, 1 contradicted, 1 unsupported"},
		{"hallucination", []string{claims, verdicts("supported", "contradicted", "supported", "unsupported")}, 0.5, ""},
		{"contradiction", []string{claims, verdicts("supported", "contradicted", "supported", "unsupported")}, 0.25, ""},
		{"factual_precision", []string{claims, verdicts("supported", "unsupported", "unsupported", "unsupported")}, 0.25, ""},
		{"factual_recall", []string{`{"claims": ["x", "y"]}`, verdicts("supported", "unsupported")}, 0.5, ""},
		{"factual_correctness", []string{claims, verdicts("supported", "unsupported", "unsupported", "unsupported"), `{"claims": ["x"]}`, verdicts("supported")}, 0.4, "1 supported, 3 unsupported, the other way round: 1 supported"},
		{"context_recall", []string{claims, verdicts("supported", "supported", "supported", "unsupported")}, 0.75, ""},
		{"context_precision", []string{verdicts("relevant", "irrelevant", "relevant")}, (1 + 2./3) / 2, "2 relevant, 1 irrelevant"},
		{"context_precision", []string{verdicts("irrelevant", "irrelevant", "irrelevant")}, 0, ""},
		{"context_relevance", []string{verdicts("relevant", "irrelevant", "relevant")}, 2. / 3, ""},
		{"answer_relevance", []string{claims, verdicts("relevant", "relevant", "relevant", "irrelevant")}, 0.75, ""},
		// a is right, b comes from a relevant context, c from an irrelevant one, d from none
		{"noise_sensitivity_relevant", []string{claims, verdicts("supported", "unsupported", "unsupported", "unsupported"), verdicts("relevant", "irrelevant", "relevant"),
			verdicts("supported", "unsupported", "unsupported")}, 0.25, "1 supported, 3 unsupported, contexts: 2 relevant, 1 irrelevant, wrong ones in relevant contexts: 1 supported, 2 unsupported"},
		{"noise_sensitivity_irrelevant", []string{claims, verdicts("supported", "unsupported", "unsupported", "unsupported"), verdicts("relevant", "irrelevant", "relevant"),
			verdicts("supported", "unsupported", "unsupported"), verdicts("supported", "unsupported")}, 0.25, ""},
		{"noise_sensitivity_irrelevant", []string{claims, verdicts("supported", "supported", "supported", "supported")}, 0, "4 supported"},
		{"noise_sensitivity_irrelevant", []string{claims, verdicts("supported", "supported", "unsupported", "supported"), verdicts("irrelevant", "irrelevant", "irrelevant"), verdicts("supported")}, 0.25, ""},
		{"noise_sensitivity_irrelevant", []string{claims, verdicts("supported", "supported", "unsupported", "supported"), verdicts("relevant", "relevant", "relevant"), verdicts("supported")}, 0, ""},
		{"citation_precision", []string{verdicts("supported", "unsupported", "supported")}, 2. / 3, ""},
		{"citation_recall", []string{verdicts("supported", "unsupported")}, 1. / 3, "1 supported, 2 unsupported"}, // the third cites nothing
	} {
		left := c.replies
		v := play(t, grounded(t, Grounding{Kind: c.kind}), shown, func(Question) string {
			if len(left) == 0 {
				t.Fatalf("%s: one question more than expected", c.kind)
			}
			out := left[0]
			left = left[1:]
			return out
		})
		if !v.Graded || math.Abs(v.Value-c.want) > 1e-12 || len(left) > 0 || c.level != "" && v.Level != c.level {
			t.Errorf("%s: %+v, %d replies left, want %g %q", c.kind, v, len(left), c.want, c.level)
		}
	}
}

// Many claims are judged a batch at a time, and all of them count.
func TestGroundingBatches(t *testing.T) {
	var claims []string
	for i := range 45 {
		claims = append(claims, fmt.Sprintf("%q", fmt.Sprintf("claim %d", i)))
	}
	var sizes []int
	v := play(t, grounded(t, Grounding{Kind: "faithfulness"}), Shown{Contexts: []string{"c"}, Answer: "long"}, func(q Question) string {
		if strings.Contains(q.Instructions, `"claims"`) {
			return `{"claims": [` + strings.Join(claims, ",") + `]}`
		}
		n := strings.Count(q.Material, "===== end of statement ")
		sizes = append(sizes, n)
		var names []string
		for i := range n {
			names = append(names, []string{"supported", "unsupported"}[i%2])
		}
		return verdicts(names...)
	})
	if fmt.Sprint(sizes) != "[20 20 5]" || math.Abs(v.Value-23./45) > 1e-12 || len(v.Steps) != 45 || v.Steps[44].Ask != "claim 44" {
		t.Errorf("%v %+v", sizes, v)
	}
}

// What cannot be judged is ungraded with its reason; an answer without claims has the
// value that the plan gives it.
func TestGroundingUngraded(t *testing.T) {
	full := Shown{Contexts: []string{"c"}, References: []string{"r"}, Answer: "a"}
	value := 1.0
	for _, c := range []struct {
		g       Grounding
		s       Shown
		replies []string
		reason  string
	}{
		{Grounding{Kind: "faithfulness"}, Shown{Answer: "a"}, nil, "there is no context"},
		{Grounding{Kind: "noise_sensitivity_relevant"}, Shown{References: []string{"r"}, Answer: "a"}, nil, "there is no context"},
		{Grounding{Kind: "noise_sensitivity_irrelevant"}, full, []string{`{"claims": ["x"]}`, verdicts("unsupported"), verdicts("perhaps")}, `the judge's verdict "perhaps" on number 1 is none of "relevant", "irrelevant"`},
		{Grounding{Kind: "context_recall"}, Shown{Contexts: []string{"c"}}, nil, "there is no reference answer"},
		{Grounding{Kind: "faithfulness"}, Shown{Contexts: []string{"c"}, Answer: " "}, nil, "the answer is empty: it claims nothing"},
		{Grounding{Kind: "faithfulness"}, full, []string{`{"claims": []}`}, "the answer claims nothing"},
		{Grounding{Kind: "faithfulness"}, full, []string{`{"claims": "a"}`}, `the judge's claims are no list of texts: "a"`},
		{Grounding{Kind: "faithfulness"}, full, []string{`{"claims": null}`}, "the judge's claims are no list of texts: null"},
		{Grounding{Kind: "faithfulness"}, full, []string{`{"claims": ["a", ""]}`}, "claim 2 of the judge's list is empty"},
		{Grounding{Kind: "faithfulness"}, full, []string{`{"claims": ["a"]} {"claims": ["b"]}`}, `the judge's reply says "claims" twice`},
		{Grounding{Kind: "faithfulness"}, full, []string{`{"claims": ["a", "b"]}`, verdicts("supported")}, "the judge's reply has no verdict on number 2 of 2"},
		{Grounding{Kind: "faithfulness"}, full, []string{`{"claims": ["a"]}`, verdicts("supported", "supported")}, "the judge's reply has a verdict on number 2, and there are 1"},
		{Grounding{Kind: "faithfulness"}, full, []string{`{"claims": ["a"]}`, verdicts("maybe")}, `the judge's verdict "maybe" on number 1 is none of "supported", "contradicted", "unsupported"`},
		{Grounding{Kind: "faithfulness"}, full, []string{`{"claims": ["a"]}`, `{"verdicts": [{"number": 1, "verdict": "supported"}, {"number": 1, "verdict": "supported"}]}`}, "the judge's reply has two verdicts on number 1"},
		{Grounding{Kind: "faithfulness"}, full, []string{""}, "the judge's reply is empty"},
		{Grounding{Kind: "citation_precision"}, full, nil, "the answer cites nothing"},
		{Grounding{Kind: "faithfulness", None: &value}, full, []string{`{"claims": []}`}, ""},
	} {
		left := c.replies
		v := play(t, grounded(t, c.g), c.s, func(Question) string {
			out := left[0]
			left = left[1:]
			return out
		})
		if v.Graded != (c.reason == "") || v.Reason != c.reason || v.Graded && v.Value != value {
			t.Errorf("%s %v: %+v, want %q", c.g.Kind, c.replies, v, c.reason)
		}
	}
}

func TestCited(t *testing.T) {
	for _, c := range []struct {
		answer string
		pairs  bool
		want   string
	}{
		{"Rain fell [1]. Snow fell [2, 3].", true, "Rain fell.:[1]: Snow fell.:[2]: Snow fell.:[3]:"},
		{"Rain fell. [1] Snow fell.", false, "Rain fell.:[1]: Snow fell.:[]:unsupported"},
		{"It cost 3.50 [1][1].", true, "It cost 3.50.:[1]:"},
		{"Rain [9].", true, "Rain [9].:[]:unsupported"},
		{"Rain [9].", false, "Rain.:[]:unsupported"},
	} {
		items, why := cited(c.answer, 3, c.pairs)
		var got []string
		for _, x := range items {
			got = append(got, fmt.Sprintf("%s:%v:%s", x.text, x.cites, x.known))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q: %q %s, want %q", c.answer, strings.Join(got, " "), why, c.want)
		}
	}
}

// Only a judge that prefers the same answer in both orders prefers it.
func TestPairwise(t *testing.T) {
	r := &Rubric{Pairwise: true, Criterion: "Shorter is better.", Shows: []string{"answer"}, Evidence: true}
	for _, c := range []struct {
		said    [2]string
		value   float64
		flipped bool
		place   string
	}{
		{[2]string{"first", "second"}, 1, false, ""},
		{[2]string{"second", "first"}, 0, false, ""},
		{[2]string{"tie", "tie"}, 0.5, false, ""},
		{[2]string{"first", "first"}, 0.5, true, "first"},
		{[2]string{"second", "second"}, 0.5, true, "second"},
		{[2]string{"first", "tie"}, 0.5, true, ""},
		{[2]string{"tie", "second"}, 0.5, true, ""},
	} {
		n := 0
		v := play(t, r.Procedure(false), Shown{Answer: "mine", Other: "theirs"}, func(q Question) string {
			mine, theirs := strings.Index(q.Material, "\nmine\n"), strings.Index(q.Material, "\ntheirs\n")
			if (mine < theirs) != (n == 0) {
				t.Errorf("order %d: the answers stand at %d and %d", n, mine, theirs)
			}
			n++
			return fmt.Sprintf(`{"evidence": [], "reasoning": "r", "better": %q}`, c.said[n-1])
		})
		if !v.Graded || v.Value != c.value || v.Flipped != c.flipped || v.Place != c.place || !v.Compared || len(v.Steps) != 2 {
			t.Errorf("%v: %+v", c.said, v)
		}
	}
	if v := r.Procedure(false).Turn(Shown{Answer: "same ", Other: "same"}, nil).Verdict; v == nil || v.Value != 0.5 || v.Compared {
		t.Errorf("the same answer: %+v", v)
	}
	v := play(t, r.Procedure(false), Shown{Answer: "a", Other: "b"}, func(Question) string { return `{"better": "neither"}` })
	if v.Graded || !strings.Contains(v.Reason, `order 1: the judge's better "neither" is none of`) {
		t.Errorf("%+v", v)
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(`{"claims": ["a", "b"]}`)
	f.Add(`prose {"verdicts": [{"number": 1, "verdict": "supported"}]} end`)
	f.Add(`{"claims": [1]}{"claims": null}`)
	f.Fuzz(func(t *testing.T, text string) {
		r := Reply{Text: text}
		if list, why := r.readClaims(); why == "" && len(list) > mostClaims {
			t.Errorf("%d claims", len(list))
		}
		if list, why := r.readVerdicts(2, []string{"a", "b"}); why == "" && (len(list) != 2 || list[0].choice == "" || list[1].choice == "") {
			t.Errorf("%+v", list)
		}
		_, _ = cited(text, 2, true)
		for _, s := range sentences(text) {
			if strings.TrimSpace(s) == "" {
				t.Error("an empty sentence")
			}
		}
	})
}

// Only wrong claims are traced, in the contexts of one kind; one that both kinds support is
// not asked about twice.
func TestNoiseIsTracedInItsContexts(t *testing.T) {
	s := Shown{Contexts: []string{"first context", "second context"}, References: []string{"r"}, Answer: "a"}
	replies := []string{`{"claims": ["right", "wrong one", "wrong two"]}`, verdicts("supported", "unsupported", "unsupported"), verdicts("irrelevant", "relevant"),
		verdicts("supported", "unsupported"), verdicts("supported")}
	var asked []string
	v := play(t, grounded(t, Grounding{Kind: "noise_sensitivity_irrelevant"}), s, func(q Question) string {
		asked = append(asked, q.Material)
		return replies[len(asked)-1]
	})
	if math.Abs(v.Value-1./3) > 1e-12 || len(asked) != 5 || len(v.Steps) != 8 {
		t.Fatalf("%+v after %d questions", v, len(asked))
	}
	for i, has := range map[int][4]bool{3: {false, true, true, true}, 4: {true, false, false, true}} {
		for k, text := range []string{"first context", "second context", "wrong one", "wrong two"} {
			if strings.Contains(asked[i], text) != has[k] {
				t.Errorf("question %d: %q is shown: %v\n%s", i+1, text, !has[k], asked[i])
			}
		}
		if strings.Contains(asked[i], "right") {
			t.Errorf("question %d is about a right claim", i+1)
		}
	}
}
