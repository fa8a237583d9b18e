package score

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// paragraphs are those of our own documentation, of 400 to 1500 bytes.
func paragraphs(tb testing.TB) (out []string) {
	files, _ := filepath.Glob("../../docs/*.md")
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		for p := range strings.SplitSeq(string(text), "\n\n") {
			if len(p) > 400 && len(p) < 1500 && !strings.HasPrefix(p, "|") && !strings.HasPrefix(p, "```") {
				out = append(out, p)
			}
		}
	}
	if len(out) < 50 {
		tb.Fatalf("%d paragraphs found, expected 50 or more", len(out))
	}
	return out
}

// BenchmarkParagraphs is what BenchmarkTenScorers measures on made-up words, on prose with
// punctuation and some characters beyond ASCII: of another paragraph, of the same with every
// sixth word changed, of a few words, in Cyrillic letters.
func BenchmarkParagraphs(b *testing.B) {
	list := paragraphs(b)
	letters := "abcdefghijklmnopqrstuvwxyz"
	var pairs []string
	for i, r := range []rune("абцдефгхийклмнопярстувшжыз") {
		pairs = append(pairs, letters[i:i+1], string(r))
	}
	cyrillic := strings.NewReplacer(pairs...).Replace
	edited := func(i int) string {
		w := strings.Fields(list[i])
		for j := 2; j < len(w); j += 6 {
			other := strings.Fields(list[(i+j)%len(list)])
			w[j] = other[j%len(other)]
		}
		return strings.Join(w, " ")
	}
	words := func(s string, from, to int) string { return strings.Join(strings.Fields(s)[from:to], " ") }
	for _, k := range []struct {
		name string
		pair func(i int) (output, reference string)
	}{
		{"another", func(i int) (string, string) { return list[i], list[(i+7)%len(list)] }},
		{"edited", func(i int) (string, string) { return list[i], edited(i) }},
		{"short", func(i int) (string, string) { return words(list[i], 0, 8), words(list[i], 2, 6) }},
		{"cyrillic", func(i int) (string, string) { return cyrillic(list[i]), cyrillic(edited(i)) }},
	} {
		var cases []Case
		for i := range list {
			o, r := k.pair(i)
			cases = append(cases, Case{Output: o, References: []string{r}, Vars: map[string]any{"word": "model"}})
		}
		scorers := tenScorers(b)
		b.Run(k.name, func(b *testing.B) {
			i, before := 0, cpuTime()
			for b.Loop() {
				for _, s := range scorers {
					s.Score(&cases[i%len(cases)])
				}
				i++
			}
			b.ReportMetric(float64(cpuTime()-before)/float64(i), "cpu-ns/op")
		})
	}
}
