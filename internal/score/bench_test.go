package score

import (
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
)

// benchCases are answers of some 100 words with references that share most of them.
func benchCases(n int) []Case {
	rng := rand.New(rand.NewPCG(1, 2))
	vocab := make([]string, 3000)
	for i := range vocab {
		b := make([]byte, 2+rng.IntN(8))
		for j := range b {
			b[j] = byte('a' + rng.IntN(26))
		}
		vocab[i] = string(b)
	}
	out := make([]Case, n)
	for i := range out {
		var o, r strings.Builder
		for w := range 60 + rng.IntN(80) {
			word := vocab[int(float64(len(vocab))*rng.Float64()*rng.Float64())]
			end := " "
			if w%12 == 11 {
				end = ". "
			}
			o.WriteString(word + end)
			if rng.Float64() < 0.2 {
				word = vocab[rng.IntN(len(vocab))]
			}
			r.WriteString(word + end)
		}
		out[i] = Case{Output: o.String() + "The answer is 42.", References: []string{r.String() + "It is 42."}, Vars: map[string]any{"word": vocab[i%len(vocab)]}}
	}
	return out
}

func tenScorers(tb testing.TB) []*Scorer {
	var out []*Scorer
	for _, m := range []map[string]any{
		{"type": "exact", "normalize": "squad"},
		{"type": "icontains", "value": "{{word}}"},
		{"type": "not-regex", "value": "(?i)as an ai"},
		{"type": "token_f1"},
		{"type": "edit_similarity"},
		{"type": "bleu"},
		{"type": "chrf"},
		{"type": "rouge_2", "stemmer": true},
		{"type": "rouge_l"},
		{"type": "is_json"},
	} {
		s, err := Parse(m)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// BenchmarkTenScorers is a case through ten scorers: 200 000 of them may take 20 s, so
// 100 µs each.
func BenchmarkTenScorers(b *testing.B) {
	cases, scorers := benchCases(1000), tenScorers(b)
	b.ReportAllocs()
	i, before := 0, cpuTime()
	for b.Loop() {
		for _, s := range scorers {
			s.Score(&cases[i%len(cases)])
		}
		i++
	}
	b.ReportMetric(float64(cpuTime()-before)/float64(i), "cpu-ns/op")
}

// cpuTime is the process's, in ns: a busy machine does not lengthen it much.
func cpuTime() int64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}

func BenchmarkScorer(b *testing.B) {
	cases := benchCases(1000)
	list := tenScorers(b)
	for _, m := range []map[string]any{{"type": "ter"}, {"type": "rouge_lsum"}, {"type": "chrf++"}, {"type": "pii"}, {"type": "is_refusal"}, {"type": "numeric_match", "value": 42}, {"type": "math", "value": "42"}, {"type": "choice", "value": "B"}, {"type": "gleu"}} {
		s, err := Parse(m)
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, s)
	}
	for _, s := range list {
		b.Run(s.Entry.Name, func(b *testing.B) {
			b.ReportAllocs()
			i, before := 0, cpuTime()
			for b.Loop() {
				s.Score(&cases[i%len(cases)])
				i++
			}
			b.ReportMetric(float64(cpuTime()-before)/float64(i), "cpu-ns/op")
		})
	}
}
