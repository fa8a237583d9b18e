// Package enginetest is the conformance suite of engines: a tiny oracle that is
// obviously right and slow, random rows that try its edges, and comparisons to
// tolerance. It refuses to be fast.
package enginetest

import (
	"math"
	"sort"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// Row is one case as the oracle sees it.
type Row struct {
	Label    int     // class, binary 0/1
	Target   float64 // regression
	Score    []float64
	Decision []int // by model, −1 for none
	Weight   float64
	Cluster  int
}

// RankOf is the summary.Rank of binary rows by definition: every pair is compared, and
// average precision's influence is the derivative formula summed directly.
func RankOf(rows []Row, models, baseline int) *summary.Rank {
	out := &summary.Rank{}
	for _, r := range rows {
		if r.Label == 1 {
			out.Pos++
		} else {
			out.Neg++
		}
	}
	v := make([][]float64, models)  // placement of each row
	in := make([][]float64, models) // AP influence × π of each row
	auc := make([]float64, models)
	for m := range models {
		x := summary.RankModel{}
		v[m], in[m] = make([]float64, len(rows)), make([]float64, len(rows))
		if out.Pos > 0 && out.Neg > 0 {
			for i, a := range rows {
				for _, b := range rows {
					if a.Label == b.Label {
						continue
					}
					hit := 0.0
					switch {
					case a.Score[m] > b.Score[m]:
						hit = 1
					case a.Score[m] == b.Score[m]:
						hit = 0.5
					}
					if a.Label == 1 {
						x.U2 += uint64(2 * hit)
						v[m][i] += hit / float64(out.Neg)
					} else {
						v[m][i] += (1 - hit) / float64(out.Pos)
					}
				}
			}
			auc[m] = float64(x.U2) / 2 / float64(out.Pos*out.Neg)
			for i, r := range rows {
				d := (v[m][i] - auc[m]) * (v[m][i] - auc[m])
				if r.Label == 1 {
					x.S10 += d
				} else {
					x.S01 += d
				}
			}
		}
		if out.Pos > 0 {
			prec := func(s float64) (p, n float64) {
				for _, r := range rows {
					if r.Score[m] >= s {
						n++
						p += float64(r.Label)
					}
				}
				return p, n
			}
			for _, r := range rows {
				if r.Label == 1 {
					p, n := prec(r.Score[m])
					x.AP += p / n / float64(out.Pos)
				}
			}
			for i, r := range rows {
				var h1, h2 float64
				for _, q := range rows {
					if q.Label == 1 && q.Score[m] <= r.Score[m] {
						p, n := prec(q.Score[m])
						h1 += 1 / n
						h2 += p / (n * n)
					}
				}
				p, n := prec(r.Score[m])
				in[m][i] = float64(r.Label)*(p/n+h1-x.AP) - h2
				x.APSS += in[m][i] * in[m][i] / float64(out.Pos*out.Pos)
			}
		}
		x.Bins = bins(rows, m)
		out.Models = append(out.Models, x)
	}
	for m := range models {
		if baseline < 0 || m == baseline {
			continue
		}
		p := summary.RankPair{A: m, B: baseline}
		for i, r := range rows {
			if out.Pos > 0 && out.Neg > 0 {
				d := (v[m][i] - auc[m]) * (v[baseline][i] - auc[baseline])
				if r.Label == 1 {
					p.C10 += d
				} else {
					p.C01 += d
				}
			}
			if out.Pos > 0 {
				p.CAP += in[m][i] * in[baseline][i] / float64(out.Pos*out.Pos)
			}
		}
		out.Pairs = append(out.Pairs, p)
	}
	return out
}

func bins(rows []Row, m int) []summary.Bin {
	out := make([]summary.Bin, summary.CalibrationBins)
	for _, r := range rows {
		below := 0
		for _, q := range rows {
			if q.Score[m] < r.Score[m] {
				below++
			}
		}
		b := &out[summary.CalibrationBins*below/len(rows)]
		b.N++
		b.Pos += int64(r.Label)
		b.SumScore += r.Score[m]
	}
	return out
}

// Median is NumPy's: the mean of the two middle values for an even count.
func Median(x []float64) float64 {
	s := append([]float64(nil), x...)
	sort.Float64s(s)
	if len(s) == 0 {
		return math.NaN()
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
