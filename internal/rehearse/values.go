package rehearse

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// A value is drawn about its truth with the error that the data showed. Slices and
// whole are drawn together: a slice's part of the whole's error is what its rows weigh.

// numbers draws the summaries that are not counts: means of row expressions, and ROC AUC
// with average precision.
func (m *made) numbers(r *resample.RNG, times float64, out []*summary.Population) {
	for s := range m.set.Pops[0].Moments {
		m.means(r, s, times, out)
	}
	if m.set.Pops[0].Rank != nil {
		m.ranks(r, times, out)
	}
}

// drift draws the deviations of d numbers: of the whole by its root covariance, and of
// each entry's slices by theirs, moved so that the slices of an entry sum to the whole.
func (m *made) drift(r *resample.RNG, roots [][][]float64, scale float64, weight func(pop int) float64, d int) [][]float64 {
	draw := func(pop int) []float64 {
		z, out, l := make([]float64, d), make([]float64, d), roots[pop]
		if l == nil {
			return out
		}
		for i := range z {
			z[i] = r.Normal()
		}
		for i := range out {
			for k := 0; k <= i; k++ {
				out[i] += scale * l[i][k] * z[k]
			}
		}
		return out
	}
	variance := func(pop, c int) float64 {
		v, l := 0.0, roots[pop]
		if l == nil {
			return 0
		}
		for k := 0; k <= c; k++ {
			v += scale * scale * l[c][k] * l[c][k]
		}
		return v
	}
	dev := make([][]float64, len(m.set.Pops))
	if r == nil { // the expected data set
		for p := range dev {
			dev[p] = make([]float64, d)
		}
		return dev
	}
	dev[0] = draw(0)
	for _, pops := range m.parts {
		sum, spread := make([]float64, d), make([]float64, d)
		for _, p := range pops {
			dev[p] = draw(p)
			for c := range sum {
				sum[c] += weight(p) * dev[p][c]
				spread[c] += weight(p) * weight(p) * variance(p, c)
			}
		}
		for c := range sum {
			if spread[c] <= 0 {
				continue
			}
			// What the slices add to the whole's error, given that error: the rest of it is
			// of rows in no slice and of how rows fall into slices.
			part := math.Min(1, spread[c]/math.Max(variance(0, c), 1e-300))
			target := part*dev[0][c] + math.Sqrt(spread[c]*(1-part))*r.Normal()
			for _, p := range pops {
				dev[p][c] += weight(p) * variance(p, c) / spread[c] * (target - sum[c])
			}
		}
	}
	return dev
}

// cholesky is the lower root of a covariance, zero rows where it has none; nil where an
// entry is not finite.
func cholesky(d int, at func(i, k int) float64) [][]float64 {
	l := make([][]float64, d)
	for i := range l {
		l[i] = make([]float64, d)
		for k := 0; k <= i; k++ {
			s := at(i, k)
			if math.IsNaN(s) || math.IsInf(s, 0) {
				return nil
			}
			for j := range k {
				s -= l[i][j] * l[k][j]
			}
			switch {
			case i == k:
				l[i][i] = math.Sqrt(math.Max(0, s))
			case l[k][k] > 0:
				l[i][k] = s / l[k][k]
			}
		}
	}
	return l
}

// worse is the share of random decisions in population p.
func (m *made) worse(p int) float64 {
	switch {
	case m.c.only < 0 || m.c.only == p:
		return m.c.random
	case p == 0 && m.set.Pops[0].N > 0:
		return m.c.random * float64(m.set.Pops[m.c.only].N) / float64(m.set.Pops[0].N)
	}
	return 0
}

func (m *made) means(r *resample.RNG, s int, times float64, out []*summary.Population) {
	d := len(m.set.Pops[0].Moments[s].Mean)
	weight := func(p int) float64 {
		return m.set.Pops[p].Moments[s].W / math.Max(1e-300, m.set.Pops[0].Moments[s].W)
	}
	dev := m.drift(r, m.roots.means[s], 1/math.Sqrt(times), weight, d)
	for p := range m.set.Pops {
		mo := m.moved(p, s, times, dev[p])
		out[p].Moments = append(out[p].Moments, mo)
		if out[p].Counts == nil {
			out[p].N, out[p].W, out[p].W2 = mo.N, mo.W, mo.W2
		}
	}
}

// ranks draws AUC and average precision of candidate and baseline, each pair with its
// covariance; the two kinds independently of each other.
func (m *made) ranks(r *resample.RNG, times float64, out []*summary.Population) {
	models := m.rankModels()
	for _, ap := range []bool{false, true} {
		weight := func(p int) float64 {
			if w := m.set.Pops[p].Rank.Weights; w != nil {
				return w.Pos / math.Max(1e-300, m.set.Pops[0].Rank.Weights.Pos)
			}
			return float64(m.set.Pops[p].Rank.Pos) / math.Max(1, float64(m.set.Pops[0].Rank.Pos))
		}
		dev := m.drift(r, m.roots.ranks[boolInt(ap)], 1/math.Sqrt(times), weight, len(models))
		for p, pop := range m.set.Pops {
			if out[p].Rank == nil {
				out[p].Rank = m.scaled(pop.Rank, times)
			}
			x := out[p].Rank
			for i, model := range models {
				m.place(x, p, model, ap, dev[p][i])
			}
		}
	}
}

// scaled is a rank summary of times as many rows with the same errors a row.
func (m *made) scaled(x *summary.Rank, times float64) *summary.Rank {
	y := *x
	y.Pos, y.Neg = int64(math.Round(times*float64(x.Pos))), int64(math.Round(times*float64(x.Neg)))
	y.Models, y.Pairs = append([]summary.RankModel(nil), x.Models...), append([]summary.RankPair(nil), x.Pairs...)
	if x.Weights != nil {
		y.Weights = &summary.RankWeights{Pos: times * x.Weights.Pos, Neg: times * x.Weights.Neg, Pos2: times * x.Weights.Pos2, Neg2: times * x.Weights.Neg2}
	}
	for i := range y.Models {
		y.Models[i].S10 *= times
		y.Models[i].S01 *= times
		y.Models[i].APSS /= times
	}
	for i := range y.Pairs {
		y.Pairs[i].C10 *= times
		y.Pairs[i].C01 *= times
		y.Pairs[i].CAP /= times
	}
	return &y
}

func (m *made) place(x *summary.Rank, p, model int, ap bool, dev float64) {
	old := m.set.Pops[p].Rank
	from := old.Models[model]
	worse := 0.0
	if model == 0 {
		worse = m.worse(p)
		if m.set.Baseline >= 0 {
			from = old.Models[m.set.Baseline]
		}
	}
	if ap {
		if old.Pos > 0 {
			chance := float64(old.Pos) / float64(old.Pos+old.Neg)
			if w := old.Weights; w != nil && w.Pos > 0 {
				chance = w.Pos / (w.Pos + w.Neg)
			}
			x.Models[model].AP = math.Max(0, math.Min(1, chance+(from.AP-chance)*(1-worse)+dev))
		}
		return
	}
	if old.Pos > 0 && old.Neg > 0 {
		auc := float64(from.U2) / 2 / (float64(old.Pos) * float64(old.Neg))
		if old.Weights != nil {
			auc = from.AUC
		}
		auc = math.Max(0, math.Min(1, 0.5+(auc-0.5)*(1-worse)+dev))
		x.Models[model].AUC = auc
		x.Models[model].U2 = uint64(math.Round(auc * 2 * float64(x.Pos) * float64(x.Neg)))
	}
}

// roots are the lower roots of the covariances of a world's numbers, by population; nil
// where there is none.
type roots struct {
	means [][][][]float64  // by moments
	ranks [2][][][]float64 // of AUC, of average precision
}

func (w *world) findRoots() {
	if len(w.set.Pops[0].Moments) > 0 {
		w.roots.means = make([][][][]float64, len(w.set.Pops[0].Moments))
	}
	for s, first := range w.set.Pops[0].Moments {
		d := len(first.Mean)
		for _, p := range w.set.Pops {
			var l [][]float64
			if mo := p.Moments[s]; mo.N > 1 {
				l = cholesky(d, func(i, k int) float64 { return covariance(mo, i, k) / (mo.W * mo.W) })
			}
			w.roots.means[s] = append(w.roots.means[s], l)
		}
	}
	if w.set.Pops[0].Rank == nil {
		return
	}
	models := w.rankModels()
	for kind := range w.roots.ranks {
		for _, p := range w.set.Pops {
			var l [][]float64
			if x := p.Rank; x.Pos > 1 && x.Neg > 1 {
				l = cholesky(len(models), func(i, k int) float64 { return rankCovariance(x, models, i, k, kind == 1) })
			}
			w.roots.ranks[kind] = append(w.roots.ranks[kind], l)
		}
	}
}

// covariance is Σw²(v−μ)(v−μ)ᵀ at columns i ≥ k, about the weighted mean.
func covariance(mo *summary.Moments, i, k int) float64 {
	d := len(mo.Mean)
	x := mo.Co[k*d-k*(k-1)/2+i-k]
	if mo.Mean2 != nil {
		x += mo.W2 * (mo.Mean2[i] - mo.Mean[i]) * (mo.Mean2[k] - mo.Mean[k])
	}
	return x
}

func rankCovariance(x *summary.Rank, models []int, i, k int, ap bool) float64 {
	delong := func(s10, s01 float64) float64 {
		if w := x.Weights; w != nil { // as in the metric, by Kish's rows
			m, n := w.Pos*w.Pos/w.Pos2, w.Neg*w.Neg/w.Neg2
			return s10/(w.Pos*w.Pos)*m/(m-1) + s01/(w.Neg*w.Neg)*n/(n-1)
		}
		m, n := float64(x.Pos), float64(x.Neg)
		return s10/((m-1)*m) + s01/((n-1)*n)
	}
	a, pair := x.Models[models[i]], summary.RankPair{}
	for _, p := range x.Pairs {
		if p.A == models[0] && p.B == models[len(models)-1] {
			pair = p
		}
	}
	switch {
	case i != k && ap:
		return pair.CAP
	case i != k:
		return delong(pair.C10, pair.C01)
	case ap:
		return a.APSS
	}
	return delong(a.S10, a.S01)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
