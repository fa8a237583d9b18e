package curve

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// scoreBins is about how many bins a distribution of scores is drawn with.
const scoreBins = 25

// Scores has the columns from, to, share of the positives in that bin with its pointwise
// interval, and the same three of the negatives. A row lies in the bin with from ≤ score <
// to; the last bin holds its end. Bins begin at stored cuts, so that their counts are
// exact, and are about equally wide. top is the largest score that can be, NaN when nothing
// bounds it: the last bin is then open. It is nil with one class or one score.
func Scores(c *summary.Cuts, m int, level, top float64) Points {
	all, pos := totals(c)
	s := c.Models[m].Scores
	if pos == 0 || pos == all || len(s) < 2 {
		return nil
	}
	hi := s[0]
	if !math.IsNaN(top) {
		hi = top
	}
	step := (hi - s[len(s)-1]) / scoreBins
	if !(step > 0) {
		return nil
	}
	// starts are indices of cuts, from the lowest score up.
	starts := []int{len(s) - 1}
	for i := len(s) - 2; i >= 0; i-- {
		if s[i] >= s[starts[len(starts)-1]]+step && !(hi-s[i] < step/2 && !math.IsNaN(top)) {
			starts = append(starts, i)
		}
	}
	var out Points
	for k, i := range starts {
		rows, hits := counts(c.Models[m], i)
		to := result.Number(top)
		if k+1 < len(starts) {
			next := starts[k+1]
			r, h := counts(c.Models[m], next)
			rows, hits, to = rows-r, hits-h, result.Number(s[next])
		}
		p, plo, phi := band(hits, pos, level)
		n, nlo, nhi := band(rows-hits, all-pos, level)
		out = append(out, []result.Number{result.Number(s[i]), to, p, plo, phi, n, nlo, nhi})
	}
	return out
}
