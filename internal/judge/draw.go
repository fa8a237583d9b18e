package judge

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/stat/resample"
)

// Drawn is an answer that was drawn for labelling, by its place among the answers, with the
// probability that it had; 0 where all had the same, labelled ones included.
type Drawn struct {
	At     int
	Chance float64
}

// Draw chooses about n answers without a label. Evenly, it is exactly n, each with the same
// chance. Unsure draws answers whose score is near neither end of the judge's range more
// often – each by itself, so that the number varies – and never with less than a fifth of the
// even chance. What is drawn depends on the seed and the answers' ids alone. An answer that
// the judge did not grade is not drawn: its label could correct nothing.
func Draw(answers []Answer, n int, unsure bool, seed uint64) ([]Drawn, error) {
	type candidate struct {
		at   int
		u    float64
		size float64
	}
	for _, a := range answers {
		switch {
		case math.IsNaN(a.Label):
		case unsure:
			return nil, errors.New("there are labels already: a draw by the judge's score must be the first one, or the chances of the rows that it passed over are lost; draw evenly")
		case a.Chance > 0:
			return nil, errors.New("the labels that are there were drawn with unequal chances: a second draw cannot be added to them; label what was drawn, or start anew")
		}
	}
	var open []candidate
	lo, hi := math.Inf(1), math.Inf(-1)
	for i, a := range answers {
		if math.IsNaN(a.Judge) || !math.IsNaN(a.Label) {
			continue
		}
		open = append(open, candidate{at: i, u: resample.NewRNG(seed, "label", a.ID).Float64()})
		lo, hi = math.Min(lo, a.Judge), math.Max(hi, a.Judge)
	}
	if n < 1 {
		return nil, errors.New("at least one answer is to be drawn")
	}
	if len(open) == 0 {
		return nil, errors.New("every graded answer has a label already")
	}
	var out []Drawn
	if !unsure {
		slices.SortStableFunc(open, func(a, b candidate) int { return cmp.Compare(a.u, b.u) })
		n = min(n, len(open))
		for _, c := range open[:n] {
			out = append(out, Drawn{At: c.at})
		}
	} else {
		var total float64
		for i := range open {
			p := 0.5
			if hi > lo {
				p = (answers[open[i].at].Judge - lo) / (hi - lo)
			}
			open[i].size = math.Max(0.1, math.Sqrt(p*(1-p))) // at most 0.5
			total += open[i].size
		}
		for _, c := range open {
			chance := math.Min(1, float64(n)*c.size/total)
			if c.u < chance {
				out = append(out, Drawn{c.at, chance})
			}
		}
	}
	slices.SortFunc(out, func(a, b Drawn) int { return cmp.Compare(a.At, b.At) })
	return out, nil
}
