package cli_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
)

// newEmbeddingBench starts an embedding model on the loopback: vectors are written as JSON,
// by text.
func newEmbeddingBench(t *testing.T, reply func(text string) stub.Reply) *judgeBench {
	t.Helper()
	b := &judgeBench{t: t, dir: t.TempDir(), env: map[string]string{"JUDGE_KEY": judgeKey}}
	s, err := stub.New(func(c stub.Call) stub.Reply {
		b.mu.Lock()
		b.in = append(b.in, c)
		b.mu.Unlock()
		var in struct {
			Model string
			Input []string
		}
		if err := json.Unmarshal(c.Body, &in); err != nil || len(in.Input) != 1 || in.Model != "mini-1" || c.Path != "/v1/embeddings" {
			t.Errorf("%s: %v of %s", c.Path, err, c.Body)
			return stub.Fail(400, "strange", "strange")
		}
		if c.Header.Get("Authorization") != "Bearer "+judgeKey {
			return stub.Fail(401, "invalid_api_key", "wrong key")
		}
		return reply(in.Input[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	b.url = s.URL + "/v1"
	return b
}

func embedding(numbers string) stub.Reply {
	return stub.Reply{Body: []byte(`{"model": "mini-1", "data": [{"index": 0, "embedding": ` + numbers + `}], "usage": {"prompt_tokens": 3}}`)}
}

func (b *judgeBench) similar(models, rest string) {
	b.write("plan.yaml", "name: alike\ntask: generation\ndata: {source: cases.jsonl, columns: {id: id, question: q, reference: ref}}\nmodels: {"+models+"}\n"+
		"embeddings: {mini: {provider: openai, base_url: \""+b.url+"\", model: mini-1, key: \"env:JUDGE_KEY\", price: {in: 1, out: 0}}}\nlimits: {concurrency: 4, retries: 1}\n"+
		"scorers: [{type: similar, embeddings: mini, as: close"+rest+"}]\ngates: [{metric: close, at_least: 0.01, min_rows: 2, max_ungraded: 100%}]\n")
}

// The score is the cosine of the angle, the largest of several right answers; whatever goes
// wrong with one of them leaves the case ungraded, with the reason.
func TestSimilar(t *testing.T) {
	t.Parallel()
	vectors := map[string]string{"right": "[1, 0]", "same": "[3, 0]", "square": "[0, 2]", "back": "[-4, 0]", "slope": "[3, 4]", "huge": "[1e300, 1e300]", "tiny": "[1e-300, 0]",
		"zero": "[0, 0]", "long": "[1, 0, 0]", "null": "[null, 1]", "NaN": "[NaN, 1]", "texts": `["1", 0]`, "none": "[]", "infinite": "[1e999, 0]"}
	cases := []struct {
		output, right string
		value         float64 // NaN: ungraded
		ungraded      string
	}{
		{"same", `"right"`, 1, ""},
		{"square", `"right"`, 0, ""},
		{"back", `"right"`, -1, ""},
		{"slope", `"right"`, 0.6, ""},
		{"slope", `["right", "square"]`, 0.8, ""},
		{"huge", `"right"`, math.Sqrt(0.5), ""},
		{"tiny", `"right"`, 1, ""},
		{"right", `"right"`, 1, ""},
		{"zero", `"right"`, math.NaN(), "the output's embedding is zero"},
		{"right", `["same", "zero"]`, math.NaN(), "right answer 2 of 2: its embedding is zero"},
		{"long", `"right"`, math.NaN(), "its embedding has 2 numbers, and the output's 3"},
		{"null", `"right"`, math.NaN(), "number 0 of embedding 0 is null"},
		{"NaN", `"right"`, math.NaN(), "the output: no embedding: "},
		{"texts", `"right"`, math.NaN(), "the output: no embedding: "},
		{"none", `"right"`, math.NaN(), "do not fit together"},
		{"infinite", `"right"`, math.NaN(), "the output: no embedding: "},
		{"broken", `"right"`, math.NaN(), "out of order"},
		{"right", `["same", "broken"]`, math.NaN(), "right answer 2 of 2: no embedding: out of order"},
		{"right", `null`, math.NaN(), "the case has no reference"},
	}
	b := newEmbeddingBench(t, func(text string) stub.Reply {
		if v, ok := vectors[text]; ok {
			return embedding(v)
		}
		return stub.Fail(500, "server_error", "out of order")
	})
	var in, out strings.Builder
	graded, sum := 0, 0.0
	for i, x := range cases {
		fmt.Fprintf(&in, "{\"id\": \"c%d\", \"q\": \"?\", \"ref\": %s}\n", i, x.right)
		fmt.Fprintf(&out, "{\"id\": \"c%d\", \"output\": %q}\n", i, x.output)
		if !math.IsNaN(x.value) {
			graded++
			sum += x.value
		}
	}
	b.write("cases.jsonl", in.String())
	b.write("candidate.jsonl", out.String())
	b.similar(oneModel, "")
	stdout, stderr := b.run(3, "run", "plan.yaml", "-o", "out")
	if strings.Contains(stderr, judgeKey) || !strings.Contains(stdout, "read: close by embeddings.mini, sha256:") || !strings.Contains(stdout, "without a reply") {
		t.Errorf("%s\n%s", stdout, stderr)
	}
	for i, x := range cases {
		value, why := b.shownScore(fmt.Sprintf("c%d", i))
		switch {
		case math.IsNaN(x.value) && (value != nil || !strings.Contains(why, x.ungraded)):
			t.Errorf("%s and %s: %v %q, want ungraded: %q", x.output, x.right, value, why, x.ungraded)
		case !math.IsNaN(x.value) && (value == nil || math.Abs(*value-x.value) > 1e-12):
			t.Errorf("%s and %s: %v %q, want %g", x.output, x.right, value, why, x.value)
		}
	}
	r := b.record("out")
	if len(r.Estimates) == 0 || r.Estimates[0].N != int64(graded) || math.Abs(r.value("candidate")-sum/float64(graded)) > 1e-12 {
		t.Errorf("%+v, want %d graded with mean %g", r.Estimates, graded, sum/float64(graded))
	}
	x := r.Run.Judges
	// All texts but those of the last case, each once: 14 vectors and "broken".
	if len(x) != 1 || x[0].Judge != "embeddings.mini" || x[0].Cases != 15 || x[0].Answered != 9 || x[0].TokensIn == 0 || x[0].USD <= 0 {
		t.Errorf("%+v", x)
	}
	b.noKey()
}

// A text is embedded once, whoever wrote it, and never again: by another threshold, another
// run, or `score`; only other endpoints and --fresh ask anew.
func TestSimilarAskedOnce(t *testing.T) {
	t.Parallel()
	b := newEmbeddingBench(t, func(text string) stub.Reply {
		if strings.HasPrefix(text, "no") {
			return embedding("[0.5, 1]")
		}
		return embedding("[1, 0.25]")
	})
	cand, base := []string{}, []string{}
	for i := range 20 {
		cand = append(cand, fmt.Sprintf("yes %d", i))
		base = append(base, fmt.Sprintf("%s %d", []string{"yes", "no"}[i%2], i)) // every other one is equal
	}
	b.answers(map[string][]string{"candidate": cand, "baseline": base})
	b.similar(twoModels, "")
	if out, _ := b.run(0, "check", "plan.yaml"); !strings.Contains(out, "close: embeddings.mini, sha256:") || !strings.Contains(out, "up to 40 answers and each reference") {
		t.Error(out)
	}
	if n := len(b.asked()); n != 0 {
		t.Errorf("check asks %d times", n)
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "out")
	if n := len(b.asked()); n != 20+10+20 {
		t.Errorf("asked %d times, want once for each of 50 texts", n)
	}
	first := b.record("out")
	want := (0.5 + 0.25) / math.Sqrt(1.25*1.0625)
	if math.Abs(first.value("candidate")-1) > 1e-12 || math.Abs(first.value("baseline")-(1+want)/2) > 1e-12 {
		t.Errorf("%g and %g", first.value("candidate"), first.value("baseline"))
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "again")
	b.run(0, "verify", "again", "--rerun")
	b.similar(twoModels, ", threshold: 0.75")
	b.run(0, "score", "out", "-q", "-o", "scored")
	scored := b.record("scored")
	if scored.value("candidate") != 1 || scored.value("baseline") != 0.5 || scored.Run.Judges[0].Digest != first.Run.Judges[0].Digest {
		t.Errorf("%g and %g of %+v", scored.value("candidate"), scored.value("baseline"), scored.Run.Judges)
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "passed", "--set", "stop={when: decided, min_cases: 10, looks: 2}", "--set", "gates[0].at_least=0.5")
	b.similar(twoModels, ", value: ['yes 0', 'yes {{q}}']")
	if n := len(b.asked()); n != 0 {
		t.Errorf("asked %d times for what is kept", n)
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "value")
	if n := len(b.asked()); n != 20 {
		t.Errorf("asked %d times for the value of each case", n)
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "fresh", "--fresh")
	if n := len(b.asked()); n != 50 {
		t.Errorf("--fresh asks %d times", n)
	}
	b.noKey()
}

// Where the endpoint stays away the run ends and goes on later from there; a budget is kept.
func TestSimilarInterrupted(t *testing.T) {
	t.Parallel()
	b := newEmbeddingBench(t, func(string) stub.Reply { return embedding("[1, 1]") })
	var cand []string
	for i := range 12 {
		cand = append(cand, fmt.Sprintf("answer %d", i))
	}
	b.answers(map[string][]string{"candidate": cand})
	b.similar(oneModel, "")
	_, stderr := b.run(4, "run", "plan.yaml", "-o", "out", "--set", "limits.budget={calls: 7}")
	if !strings.Contains(stderr, "embeddings.mini for close: budget spent") || !strings.Contains(stderr, "7 answers are kept") {
		t.Error(stderr)
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "out")
	if n := len(b.asked()); n != 24 {
		t.Errorf("asked %d times in all, want once for each of 24 texts", n)
	}
	_, stderr = b.run(2, "check", "plan.yaml", "--set", "limits.budget={usd: 1}", "--set", "embeddings.mini={provider: openai, base_url: http://127.0.0.1:1, model: m}")
	if !strings.Contains(stderr, "no cost of embeddings.mini is known") {
		t.Error(stderr)
	}
}

// newClassifierBench starts an application and a moderation endpoint on the loopback.
func newClassifierBench(t *testing.T, reply func(text string) string) *judgeBench {
	t.Helper()
	b := &judgeBench{t: t, dir: t.TempDir(), env: map[string]string{"JUDGE_KEY": judgeKey}}
	s, err := stub.New(func(c stub.Call) stub.Reply {
		b.mu.Lock()
		b.in = append(b.in, c)
		b.mu.Unlock()
		var in struct{ Model, Input, Text string }
		err := json.Unmarshal(c.Body, &in)
		scores := reply(in.Text + in.Input)
		switch {
		case scores == "broken":
			return stub.Fail(500, "server_error", "out of order")
		case err == nil && c.Path == "/v1/moderations" && in.Model == "mod-1" && c.Header.Get("Authorization") == "Bearer "+judgeKey:
			return stub.Reply{Body: []byte(`{"id": "m-1", "model": "mod-1", "results": [{"flagged": false, "category_scores": ` + scores + `}]}`)}
		case err == nil && c.Path == "/v1":
			return stub.Reply{Body: []byte(`{"out": ` + scores + `}`)}
		}
		t.Errorf("%s: %v of %s", c.Path, err, c.Body)
		return stub.Fail(400, "strange", "strange")
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	b.url = s.URL + "/v1"
	return b
}

func (b *judgeBench) classifier(models, scorer string) {
	b.write("plan.yaml", "name: mild\ntask: generation\ndata: {source: cases.jsonl, columns: {id: id}}\nmodels: {"+models+"}\n"+
		"classifiers:\n  app: {provider: http, base_url: \""+b.url+"\", body: {text: \"{{prompt}}\"}, answer: $.out}\n  mod: {provider: openai, base_url: \""+b.url+"\", model: mod-1, key: \"env:JUDGE_KEY\"}\nlimits: {concurrency: 4, retries: 1}\n"+
		"scorers: [{type: classifier, as: hate, "+scorer+"}]\ngates: [{metric: hate, at_most: 0.99, min_rows: 2, max_ungraded: 100%}]\n")
}

// The score is the classifier's number, in whatever form it comes; a reply without it leaves
// the case ungraded, with the reason.
func TestClassifier(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]struct {
		exit   int
		scorer string
		cases  []struct {
			reply    string
			value    float64 // NaN: ungraded
			ungraded string
		}
	}{
		"categories": {3, "classifier: app, category: hate", []struct {
			reply    string
			value    float64
			ungraded string
		}{
			{`{"hate": 0.25, "love": 1}`, 0.25, ""},
			{`{"hate": 0}`, 0, ""},
			{`[{"label": "love", "score": 0.1}, {"label": "hate", "score": 0.9}]`, 0.9, ""},
			{`[[{"label": "hate", "score": 0.5}]]`, 0.5, ""},
			{`{"love": 1}`, math.NaN(), `has no category "hate"`},
			{`[]`, math.NaN(), `has no category "hate"`},
			{`[{"label": "hate", "score": 0.5}, {"label": "hate", "score": 0.1}]`, math.NaN(), `has the category "hate" 2 times`},
			{`[{"label": "hate"}]`, math.NaN(), "gave no number"},
			{`{"hate": null}`, math.NaN(), "gave no number"},
			{`{"hate": "0.5"}`, math.NaN(), "gave no number"},
			{`{"hate": 1.5}`, math.NaN(), "1.5 lies outside the range from 0 to 1"},
			{`{"hate": NaN}`, math.NaN(), "the classifier gave no reply: "},
			{`0.5`, math.NaN(), `has no category "hate"`},
			{`null`, math.NaN(), "the classifier gave no reply: "},
			{"broken", math.NaN(), "out of order"},
		}},
		"numbers": {3, "classifier: app, range: [-2, 2]", []struct {
			reply    string
			value    float64
			ungraded string
		}{
			{`-1.5`, -1.5, ""},
			{`0.5`, 0.5, ""},
			{`3`, math.NaN(), "3 lies outside the range from -2 to 2"},
			{`"0.25"`, 0.25, ""}, // an application's text that is a number
			{`"mild"`, math.NaN(), "neither a number nor JSON: mild"},
			{`{"hate": 1}`, math.NaN(), "gave no number"},
		}},
		"moderation": {0, "classifier: mod, category: hate/threatening, threshold: 0.5", []struct {
			reply    string
			value    float64
			ungraded string
		}{
			{`{"hate": 0.1, "hate/threatening": 0.75}`, 1, ""},
			{`{"hate": 0.9, "hate/threatening": 0.4999}`, 0, ""},
			{`{"hate": 0.9}`, math.NaN(), `has no category "hate/threatening"`},
			{`null`, math.NaN(), `has no category "hate/threatening"`},
			{"broken", math.NaN(), "out of order"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newClassifierBench(t, func(text string) string {
				var k int
				if _, err := fmt.Sscanf(text, "answer %d", &k); err != nil {
					t.Errorf("%q: %v", text, err)
				}
				return e.cases[k].reply
			})
			var list []string
			graded, sum := 0, 0.0
			for i, x := range e.cases {
				list = append(list, fmt.Sprintf("answer %d", i))
				if !math.IsNaN(x.value) {
					graded++
					sum += x.value
				}
			}
			b.answers(map[string][]string{"candidate": list})
			b.classifier(oneModel, e.scorer)
			b.run(e.exit, "run", "plan.yaml", "-q", "-o", "out")
			for i, x := range e.cases {
				value, why := b.shownScore(fmt.Sprintf("c%d", i))
				switch {
				case math.IsNaN(x.value) && (value != nil || !strings.Contains(why, x.ungraded)):
					t.Errorf("%s: %v %q, want ungraded: %q", x.reply, value, why, x.ungraded)
				case !math.IsNaN(x.value) && (value == nil || *value != x.value):
					t.Errorf("%s: %v %q, want %g", x.reply, value, why, x.value)
				}
			}
			r := b.record("out")
			if r.Estimates[0].N != int64(graded) || math.Abs(r.value("candidate")-sum/float64(graded)) > 1e-12 {
				t.Errorf("%+v, want %d graded with mean %g", r.Estimates, graded, sum/float64(graded))
			}
			if x := r.Run.Judges; len(x) != 1 || x[0].Cases != int64(len(e.cases)) || !strings.HasPrefix(x[0].Judge, "classifiers.") {
				t.Errorf("%+v", x)
			}
			b.noKey()
		})
	}
}

// Another category, threshold or range of a reply that is kept asks nobody, and a text that
// two models wrote is asked about once.
func TestClassifierAskedOnce(t *testing.T) {
	t.Parallel()
	b := newClassifierBench(t, func(text string) string {
		return fmt.Sprintf(`{"hate": 0.%d, "love": 0.5}`, len(text)%10)
	})
	b.answers(map[string][]string{"candidate": {"a", "bb", "ccc", "dddd"}, "baseline": {"a", "bb", "eeeee", "ffffff"}})
	b.classifier(twoModels, "classifier: mod, category: hate")
	if out, _ := b.run(0, "check", "plan.yaml"); !strings.Contains(out, "classifier hate: classifiers.mod, sha256:") || !strings.Contains(out, "up to 8 answers") {
		t.Error(out)
	}
	b.run(0, "run", "plan.yaml", "-q", "-o", "out")
	if n := len(b.asked()); n != 6 {
		t.Errorf("asked %d times, want once for each of 6 texts", n)
	}
	if r := b.record("out"); math.Abs(r.value("candidate")-0.25) > 1e-12 || math.Abs(r.value("baseline")-0.35) > 1e-12 {
		t.Errorf("%g and %g", r.value("candidate"), r.value("baseline"))
	}
	b.classifier(twoModels, "classifier: mod, category: love, threshold: 0.6, direction: up")
	b.run(1, "score", "out", "-q", "-o", "scored", "--set", "gates[0]={metric: hate, at_least: 0.9, min_rows: 2}")
	if r := b.record("scored"); r.value("candidate") != 0 {
		t.Errorf("%g", r.value("candidate"))
	}
	b.run(0, "verify", "out", "--rerun")
	if n := len(b.asked()); n != 0 {
		t.Errorf("asked %d times for what is kept", n)
	}
}
