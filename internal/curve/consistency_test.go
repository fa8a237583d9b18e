package curve

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/isotonic"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// The band stands on cuts of equal mass; the fit of every single row keeps to it as often as it
// says where the scores are right, for even scores and for rare positives.
func TestConsistencyHoldsTheFitOfRows(t *testing.T) {
	const n, cuts, trials = 2000, 200, 60
	for name, score := range map[string]func(u float64) float64{"even": func(u float64) float64 { return u }, "rare": func(u float64) float64 { return 0.3 * u * u }} {
		r := rand.New(rand.NewPCG(8, 8))
		in, all := 0.0, 0.0
		for trial := range trials {
			s := make([]float64, n)
			for i := range s {
				s[i] = score(r.Float64())
			}
			slices.Sort(s)
			c := &summary.Cuts{Total: []int64{n}, Positives: []int64{0}, Models: []summary.CutModel{{}}}
			for k := 1; k <= cuts; k++ {
				c.Models[0].Scores = append(c.Models[0].Scores, s[n-k*n/cuts])
				c.Models[0].Rows, c.Models[0].Hits = append(c.Models[0].Rows, []int64{int64(k * n / cuts)}), append(c.Models[0].Hits, []int64{0})
			}
			groups, fit := make([]isotonic.Pool, n), make([]float64, n)
			for i, p := range s {
				groups[i].Weight = 1
				if r.Float64() < p {
					groups[i].Hits = 1
				}
			}
			isotonic.Fit(groups, fit, nil)
			band := Consistency(c, 0, 0.95, uint64(trial%7), "m")
			for _, at := range []int{n / 10, n / 3, n / 2, 2 * n / 3, 9 * n / 10} {
				lo, hi := between(band, s[at])
				if all++; float64(lo)-1e-9 <= fit[at] && fit[at] <= float64(hi)+1e-9 {
					in++
				}
			}
		}
		t.Logf("%s: %.3f", name, in/all)
		if math.Abs(in/all-0.95) > 0.035 {
			t.Errorf("%s: the fit lies in the band in %.3f", name, in/all)
		}
	}
}
