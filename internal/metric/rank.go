package metric

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// fewPerClass is the number of rows of a class below which an AUC interval is flagged
// (STATISTICS, finding 11), fewPositives the same for average precision.
const (
	fewPerClass  = 30
	fewPositives = 200
)

// rank is a metric of the order of binary scores: ROC AUC or average precision.
type rank struct{ ap bool }

func (rank) needs() []summary.Spec { return []summary.Spec{summary.Of(summary.KindRank)} }

// read gives value, error and the rows it stands on.
func (m rank) read(v *View, model int) (val float64, s spread, n int64, why string) {
	r := v.Pop.Rank
	if r == nil {
		return 0, spread{}, 0, "no usable rows"
	}
	n = r.Pos + r.Neg
	if r.Pos == 0 {
		return 0, spread{}, n, "one class only: no positive rows"
	}
	x := r.Models[model]
	if r.Weights != nil {
		return m.readWeighted(v, x, n)
	}
	if m.ap {
		val = x.AP
		s = spread{df: math.Inf(1), variance: math.NaN()}
		if n > 1 {
			s.variance = x.APSS * float64(n) / float64(n-1)
		}
		s.iid = s.variance
		if v.Pop.Blocks != nil {
			s = clustered(v.Pop.Blocks, x.APBlocks, s.iid)
		}
		return val, s, n, ""
	}
	if r.Neg == 0 {
		return 0, spread{}, n, "one class only: no negative rows"
	}
	val = float64(x.U2) / 2 / (float64(r.Pos) * float64(r.Neg))
	s = spread{df: math.Inf(1), variance: delong(x.S10, x.S01, r)}
	s.iid = s.variance
	if v.Pop.Blocks != nil {
		s = clustered(v.Pop.Blocks, x.AUCBlocks, s.iid)
	}
	return val, s, n, ""
}

// readWeighted is read with weights: the sandwich of rows whose weights are given, with
// Kish's rows in the place of rows.
func (m rank) readWeighted(v *View, x summary.RankModel, n int64) (val float64, s spread, rows int64, why string) {
	w := v.Pop.Rank.Weights
	all := kish(w.Pos+w.Neg, w.Pos2+w.Neg2)
	s = spread{df: all - 1, variance: math.NaN()}
	switch {
	case !(w.Pos > 0):
		return 0, s, n, "one class only: no weight on positive rows"
	case m.ap:
		if val = x.AP; all > 1 {
			s.variance = x.APSS * all / (all - 1)
		}
		s.iid = s.variance
		if v.Pop.Blocks != nil {
			s = clustered(v.Pop.Blocks, x.APBlocks, s.iid)
		}
		return val, s, n, ""
	case !(w.Neg > 0):
		return 0, s, n, "one class only: no weight on negative rows"
	}
	s.variance = delongWeighted(w, x.S10, x.S01)
	s.iid = s.variance
	if v.Pop.Blocks != nil {
		s = clustered(v.Pop.Blocks, x.AUCBlocks, s.iid)
	}
	return x.AUC, s, n, ""
}

// delong is S10/m + S01/n from sums of squares, ddof 1; NaN with one row of a class.
func delong(s10, s01 float64, r *summary.Rank) float64 {
	if r.Pos < 2 || r.Neg < 2 {
		return math.NaN()
	}
	m, n := float64(r.Pos), float64(r.Neg)
	return s10/((m-1)*m) + s01/((n-1)*n)
}

// delongWeighted is delong of Σw² sums, each class corrected by its Kish rows.
func delongWeighted(w *summary.RankWeights, s10, s01 float64) float64 {
	m, n := kish(w.Pos, w.Pos2), kish(w.Neg, w.Neg2)
	if m <= 1 || n <= 1 {
		return math.NaN()
	}
	return s10/(w.Pos*w.Pos)*m/(m-1) + s01/(w.Neg*w.Neg)*n/(n-1)
}

func (m rank) estimate(v *View, model int) Answer {
	val, s, n, why := m.read(v, model)
	if why != "" {
		return undefined(n, why)
	}
	r := v.Pop.Rank
	shape, method := infer.Shape(infer.Logit{}), "logit, DeLong variance"
	if m.ap {
		method = "logit, influence variance"
	}
	if s.ids != nil {
		method += " by clusters (" + s.how + ")"
	}
	a := answered(s.finish(val, shape, method), n)
	switch {
	case val <= 0 || val >= 1:
		a.Inference = m.boundary(val, v.Pop)
		a.note("perfect separation: no error can be seen in the order itself")
	case s.variance < noError: // one score for all
		a.SE = math.Sqrt(m.oneRow(v.Pop))
		a.note("no error is seen in the order: that of one row of each class (or one cluster) ordered otherwise is shown")
	}
	if m.ap && r.Pos < fewPositives {
		a.note("approximate: %d positives, fewer than %d", r.Pos, fewPositives)
	}
	if !m.ap && min(r.Pos, r.Neg) < fewPerClass {
		a.note("fewer than %d rows of one class: intervals near 1 are too short", fewPerClass)
	}
	if s.note != "" {
		a.note("%s", s.note)
	}
	if off := r.Models[model].OffAUC; r.Binned > 0 {
		if m.ap {
			off = r.Models[model].OffAP
		}
		binnedNote(&a, r, off)
	}
	if r.Weights != nil || s.ids != nil {
		rows := float64(n)
		if r.Weights != nil {
			rows = kish(r.Weights.Pos+r.Weights.Neg, r.Weights.Pos2+r.Weights.Neg2)
		}
		if a.NEff = rows; s.iid > 0 && s.variance > 0 {
			a.NEff = math.Min(float64(n), rows*s.iid/s.variance)
		}
	}
	a.Worst, a.Best = m.bounds(v, model)
	return a
}

// binnedNote says by how much a value from binned scores can differ from the exact one.
func binnedNote(a *Answer, r *summary.Rank, off float64) {
	a.Method += ", binned scores"
	a.note("from scores in %d bins (exact: false): within %.1e of the exact value", r.Binned, off)
}

// boundary is the inference at 0 or 1, where the variance seen is 0: for the AUC
// Newcombe's method 5 (2006), which takes the Hanley–McNeil variance at the bound;
// for average precision Wilson on the positives (after Boyd, Eng & Page 2013).
func (m rank) boundary(val float64, p *summary.Population) infer.Inference {
	r := p.Rank
	i := infer.Inference{Value: val, SE: math.NaN(), DF: math.Inf(1)}
	if m.ap {
		n := float64(r.Pos)
		if r.Weights != nil {
			n = kish(r.Weights.Pos, r.Weights.Pos2)
		}
		if p.Blocks != nil { // as if a cluster were a row
			n = math.Min(n, float64(p.Blocks.Clusters))
		}
		i.Shape, i.Method = infer.Wilson{N: n}, "Wilson score on the positives"
		i.SE = 1 / (n + 1)
		return i
	}
	mm, nn := float64(r.Pos), float64(r.Neg)
	if w := r.Weights; w != nil {
		mm, nn = kish(w.Pos, w.Pos2), kish(w.Neg, w.Neg2)
	}
	if p.Blocks != nil {
		mm, nn = math.Min(mm, float64(p.Blocks.Clusters)), math.Min(nn, float64(p.Blocks.Clusters))
	}
	half := (mm+nn)/2 - 1
	se := func(t float64) float64 {
		return math.Sqrt(t * (1 - t) * (1 + half*(1-t)/(2-t) + half*t/(1+t)) / (mm * nn))
	}
	i.SE = 1 / (math.Min(mm, nn) + 1)
	i.Shape = infer.Solved{Lo: 0, Hi: 1, Score: func(b float64) float64 {
		d := se(b)
		if d == 0 {
			switch {
			case val > b:
				return math.Inf(1)
			case val < b:
				return math.Inf(-1)
			}
			return 0
		}
		return (val - b) / d
	}}
	i.Method = "Newcombe 2006, method 5"
	return i
}

// bounds are the AUC if every lost row of a known label had ranked worst, or best.
func (m rank) bounds(v *View, model int) (worst, best float64) {
	lost := v.Pop.Lost
	if m.ap || lost == nil || len(lost.Cells) == 0 || v.Pop.Rank.Weights != nil {
		return math.NaN(), math.NaN()
	}
	var pos, neg float64
	for _, c := range lost.Cells {
		switch c.Label {
		case 0:
			neg += float64(c.N)
		case 1:
			pos += float64(c.N)
		default:
			return math.NaN(), math.NaN()
		}
	}
	r := v.Pop.Rank
	u := float64(r.Models[model].U2) / 2
	old := float64(r.Pos) * float64(r.Neg)
	all := (float64(r.Pos) + pos) * (float64(r.Neg) + neg)
	return u / all, (u + all - old) / all
}

func (m rank) contrast(v *View, a, b int, k float64) Answer {
	va, sa, n, why := m.read(v, a)
	if why != "" {
		return undefined(n, why)
	}
	vb, sb, _, why := m.read(v, b)
	if why != "" {
		return undefined(n, why)
	}
	method := "paired DeLong"
	if m.ap {
		method = "paired: influence of the difference"
	}
	if v.Pop.Rank.Binned > 0 {
		method += ", binned scores"
	}
	s := spread{df: math.Inf(1)}
	if w := v.Pop.Rank.Weights; w != nil {
		s.df = kish(w.Pos+w.Neg, w.Pos2+w.Neg2) - 1
	}
	if v.Pop.Blocks != nil {
		s = clustered(v.Pop.Blocks, apart(sa.sums, sb.sums, k), math.NaN())
		method += ", clusters " + s.how
	} else {
		cov, ok := m.covariance(v.Pop.Rank, a, b)
		if !ok {
			return undefined(n, "the two models were not walked together: compare each with the baseline")
		}
		s.variance = math.Max(0, sa.variance+k*k*sb.variance-2*k*cov)
	}
	// Rounding of a variance that is zero (equal order) must not look like an error. Without
	// clusters, what the baseline left of each row is rounded (package order).
	alike := s.variance < 1e-15*(1+k*k) || s.ids == nil && s.variance < keptRounding*(sa.variance+k*k*sb.variance)
	if alike {
		s.variance = m.oneRow(v.Pop)
	}
	x := answered(s.finish(va-k*vb, infer.NewSymmetric(), method), n)
	if alike {
		x.note("the models order these rows alike, or nearly: the error shown is that of one row of each class (or one cluster) ordered otherwise")
	}
	if s.note != "" {
		x.note("%s", s.note)
	}
	if !m.ap && min(v.Pop.Rank.Pos, v.Pop.Rank.Neg) < fewPerClass {
		x.note("fewer than %d rows of one class", fewPerClass)
	}
	return x
}

// keptRounding is the share of the variances of two models below which that of their
// difference may be rounding.
const keptRounding = 1e-6

// oneRow is the variance that a difference would show if one positive and one negative, or
// one of the clusters, were ordered otherwise from end to end: none is seen where two models
// order all rows alike, and that is not what is known.
func (m rank) oneRow(p *summary.Population) float64 {
	if p.Blocks != nil {
		g := float64(len(p.Blocks.ID))
		return 2 / (g * g)
	}
	pos, neg := float64(p.Rank.Pos), float64(p.Rank.Neg)
	if w := p.Rank.Weights; w != nil {
		pos, neg = kish(w.Pos, w.Pos2), kish(w.Neg, w.Neg2)
	}
	if m.ap { // which rests on the positives
		neg = pos
	}
	return 1/(pos*pos) + 1/(neg*neg)
}

func (m rank) covariance(r *summary.Rank, a, b int) (float64, bool) {
	for _, p := range r.Pairs {
		if p.A == a && p.B == b || p.A == b && p.B == a {
			n := float64(r.Pos + r.Neg)
			if w := r.Weights; w != nil {
				n = kish(w.Pos+w.Neg, w.Pos2+w.Neg2)
				if !m.ap {
					return delongWeighted(w, p.C10, p.C01), true
				}
			}
			if m.ap {
				return p.CAP * n / (n - 1), true
			}
			return delong(p.C10, p.C01, r), true
		}
	}
	return 0, false
}

func (m rank) between(x, y *View, model int, ratio bool) Answer {
	return acrossSlices(x, y, ratio, func(v *View) (float64, spread, int64, string) { return m.read(v, model) })
}

// calibration is the debiased expected calibration error of equal-mass bins; it has
// no interval: its sampling law is not normal near 0.
type calibration struct{}

func (calibration) needs() []summary.Spec { return []summary.Spec{summary.Of(summary.KindRank)} }

// read is √max(0, Σ (n_b/n)[(p̄−ȳ)² − ȳ(1−ȳ)/(n_b−1)]) (Bröcker 2012; Kumar, Liang &
// Ma 2019), with the plug-in ECE and its expectation for a perfectly calibrated model.
func (calibration) read(v *View, model int) (ece, plain, floor float64, n int64, why string) {
	r := v.Pop.Rank
	if r == nil {
		return 0, 0, 0, 0, "no usable rows"
	}
	n = r.Pos + r.Neg
	rows := float64(n)
	if w := r.Weights; w != nil {
		rows = kish(w.Pos+w.Neg, w.Pos2+w.Neg2)
	}
	if rows < 2*summary.CalibrationBins {
		return 0, 0, 0, n, "too few rows for 15 bins"
	}
	ece, plain, floor = calibrationError(r.Models[model].Bins)
	return ece, plain, floor, n, ""
}

func calibrationError(bins []summary.Bin) (ece, plain, floor float64) {
	sq, all := 0.0, 0.0
	for _, b := range bins {
		w, _, _ := b.Weights()
		all += w
	}
	for _, b := range bins {
		if b.N == 0 {
			continue
		}
		nb, pos, seen := b.Weights()
		p, y := b.SumScore/nb, pos/nb
		w := nb / all
		plain += w * math.Abs(p-y)
		floor += math.Sqrt(2/math.Pi) * math.Sqrt(p*(1-p)/seen) * w
		term := (p - y) * (p - y)
		if seen > 1 {
			term -= y * (1 - y) / (seen - 1)
		}
		sq += w * term
	}
	return math.Sqrt(math.Max(0, sq)), plain, floor
}

func (m calibration) estimate(v *View, model int) Answer {
	e, plain, floor, n, why := m.read(v, model)
	if why != "" {
		return undefined(n, why)
	}
	a := answered(infer.Inference{Value: e, SE: math.NaN(), DF: math.Inf(1), Shape: infer.None{}, Method: "none"}, n)
	if v.Pop.Rank.Binned > 0 {
		a.Method += ", binned scores"
		a.note("from scores in %d bins (exact: false): the edges of the 15 bins lie between those", v.Pop.Rank.Binned)
	}
	a.note("plug-in ECE %.4g; a perfectly calibrated model would show about %.4g on these rows", plain, floor)
	return a
}

func (m calibration) contrast(v *View, a, b int, k float64) Answer {
	return plainContrast(m.estimate(v, a), m.estimate(v, b), k, "no interval: compare the Brier score instead")
}

func (m calibration) between(x, y *View, model int, ratio bool) Answer {
	return plainBetween(m.estimate(x, model), m.estimate(y, model), ratio)
}

// distance is the Kolmogorov–Smirnov distance of the scores of the two classes.
type distance struct{}

func (distance) needs() []summary.Spec { return []summary.Spec{summary.Of(summary.KindRank)} }

func (distance) estimate(v *View, model int) Answer {
	r := v.Pop.Rank
	switch {
	case r == nil:
		return undefined(0, "no usable rows")
	case r.Pos == 0 || r.Neg == 0:
		return undefined(r.Pos+r.Neg, "one class only")
	case r.Weights != nil && !(r.Weights.Pos > 0 && r.Weights.Neg > 0):
		return undefined(r.Pos+r.Neg, "one class only: no weight on the rows of the other")
	}
	a := answered(infer.Inference{Value: r.Models[model].KS, SE: math.NaN(), DF: math.Inf(1), Shape: infer.None{}, Method: "none"}, r.Pos+r.Neg)
	if r.Binned > 0 {
		binnedNote(&a, r, r.Models[model].OffKS)
	}
	return a
}

func (m distance) contrast(v *View, a, b int, k float64) Answer {
	return plainContrast(m.estimate(v, a), m.estimate(v, b), k, "no interval: compare roc_auc instead")
}

func (m distance) between(x, y *View, model int, ratio bool) Answer {
	return plainBetween(m.estimate(x, model), m.estimate(y, model), ratio)
}
