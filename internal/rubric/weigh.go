package rubric

import (
	"math"
	"strings"

	"github.com/fairtrial/fairtrial/internal/provider"
)

// weigh is the mean of the levels' values, weighted by the probabilities that the judge
// gave to the tokens that a level could begin with, at the place where it wrote its level
// (as in G-Eval, Liu et al. 2023, arXiv 2303.16634). Tokens that begin no level are left
// out and the rest adds up to 1. It is not ok where the reply does not carry the
// probabilities, or where its tokens are not its text.
func (r *Rubric) weigh(reply Reply, at int) (value float64, ok bool) {
	from := 0
	for _, t := range reply.Logprobs {
		if !strings.HasPrefix(reply.Text[from:], t.Token) {
			return 0, false
		}
		end := from + len(t.Token)
		if at < end { // the level begins in this token, after before
			return r.mean(t, t.Token[:at-from])
		}
		from = end
	}
	return 0, false
}

func (r *Rubric) mean(chosen provider.Logprob, before string) (float64, bool) {
	mass := make([]float64, len(r.Levels))
	seen := map[string]bool{}
	total := 0.0
	for _, t := range append([]provider.Logprob{chosen}, chosen.Top...) {
		if seen[t.Token] || math.IsNaN(t.Value) {
			continue
		}
		seen[t.Token] = true
		word, ok := strings.CutPrefix(t.Token, before)
		if !ok { // another way to write what stands before: a blank, a quotation mark
			word = strings.TrimLeft(t.Token, " \"")
		}
		word = strings.TrimRight(strings.ToLower(word), "\"}, \n")
		if word == "" {
			continue
		}
		for i, l := range r.Levels {
			if name := fold(l.Name); strings.HasPrefix(name, word) || strings.HasPrefix(word, name) {
				p := math.Exp(min(t.Value, 0))
				mass[i] += p
				total += p
			}
		}
	}
	if !(total > 0) {
		return 0, false
	}
	value := 0.0
	for i, l := range r.Levels {
		value += l.Value * mass[i] / total
	}
	return value, true
}
