// Package judge measures an automatic judge against human labels and draws what people
// should label next. It refuses to vouch for a judge by labels that its prompt was tuned on.
package judge

import (
	"errors"
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/stat/agree"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/interval"
	"github.com/fairtrial/fairtrial/internal/stat/ppi"
)

// Answer is one answer of a system as the judge and people saw it. NaN: not given.
type Answer struct {
	ID      string
	Judge   float64 // NaN: ungraded
	Label   float64
	Second  float64 // another rater's label
	Length  float64 // of the answer, in any unit
	Chance  float64 // with which it was drawn for labelling; 0: all alike
	Cluster int
}

// Estimate is a number with its interval and what it rests on. NaN: not to be had.
type Estimate struct {
	Value, Lower, Upper float64
	N                   int
}

// Card says how far a judge can be trusted on one system.
type Card struct {
	Rows, Ungraded, Labels int
	// PassFail: judge and labels are 0 or 1, and sensitivity and specificity are defined.
	PassFail                 bool
	Sensitivity, Specificity Estimate
	// Agreement of judge and label: observed share of equal ratings (pass and fail), Cohen's κ,
	// Gwet's AC1 and Krippendorff's α (nominal for pass and fail, else interval).
	Observed, Kappa, AC1, Alpha Estimate
	// RatersAlpha is the labels' own agreement where part of the answers has two: no judge can
	// be expected to agree more.
	RatersAlpha Estimate
	// Bias by length: the correlation of judge − label with the answer's length.
	LengthBias Estimate
	Raw        Estimate // the judge's mean
	LabelsOnly Estimate
	Corrected  Estimate // PPI++
	// Why there is no corrected value; empty where there is one.
	Refused string
	Lambda  float64 // how far the correction leans on the judge
	Gain    float64 // how many times as many labels would be needed without it
	// Counts of a pass-fail judge on labelled answers.
	Counts ppi.Card
}

// unknown is an estimate that is not to be had.
func unknown() Estimate { return Estimate{math.NaN(), math.NaN(), math.NaN(), 0} }

// NewCard measures a judge on the answers that it graded. clustered says that answers of one
// cluster are not independent. level is two-sided, in (0,1).
func NewCard(answers []Answer, clustered bool, level float64, seed uint64) (Card, error) {
	c := Card{Rows: len(answers), PassFail: true, Sensitivity: unknown(), Specificity: unknown(), Observed: unknown(), Kappa: unknown(), AC1: unknown(), Alpha: unknown(),
		RatersAlpha: unknown(), LengthBias: unknown(), Raw: unknown(), LabelsOnly: unknown(), Corrected: unknown(), Lambda: math.NaN(), Gain: math.NaN()}
	var rows []ppi.Row
	var both [][]float64
	var raters [][]float64
	var labelled []Answer
	two := 0
	for _, a := range answers {
		if !math.IsNaN(a.Label) && !math.IsNaN(a.Second) {
			raters = append(raters, []float64{a.Label, a.Second})
			two++
		}
		if math.IsNaN(a.Judge) {
			c.Ungraded++
			continue
		}
		rows = append(rows, ppi.Row{Judge: a.Judge, Label: a.Label, Chance: a.Chance, Cluster: a.Cluster})
		c.PassFail = c.PassFail && binary(a.Judge)
		if !math.IsNaN(a.Label) {
			c.PassFail = c.PassFail && binary(a.Label)
			labelled = append(labelled, a)
			both = append(both, []float64{a.Judge, a.Label})
		}
	}
	c.Labels = len(labelled)
	if len(rows) == 0 {
		return c, errors.New("the judge graded no answer")
	}
	if c.Labels == 0 {
		return c, errors.New("no graded answer has a label")
	}
	crit := dist.NormQuantile(0.5 + level/2)
	if c.PassFail {
		c.passFail(labelled, crit)
	}
	scale := agree.IntervalScale
	if c.PassFail {
		scale = agree.NominalScale
	}
	c.Alpha = alpha(both, scale, level, seed)
	if two > 0 {
		c.RatersAlpha = alpha(raters, scale, level, seed)
	}
	c.LengthBias = lengthBias(labelled, crit)
	c.correct(rows, clustered, level)
	return c, nil
}

func binary(x float64) bool { return x == 0 || x == 1 }

// passFail counts a judge of pass and fail. Where answers were drawn unevenly each stands for
// 1/chance, and counts are those of as many even ones as they are worth (Kish).
func (c *Card) passFail(labelled []Answer, crit float64) {
	table := [][]float64{{0, 0}, {0, 0}}
	var total, squares [2]float64 // of the weights, by label
	for _, a := range labelled {
		w := 1.0
		if a.Chance > 0 {
			w = 1 / a.Chance
		}
		table[int(a.Judge)][int(a.Label)] += w
		total[int(a.Label)] += w
		squares[int(a.Label)] += w * w
	}
	share := func(label int) (k, n int, e Estimate) {
		if !(total[label] > 0) {
			return 0, 0, unknown()
		}
		p, rows := table[label][label]/total[label], total[label]*total[label]/squares[label]
		lo, hi := interval.Wilson(p, rows, crit)
		n = int(math.Round(rows))
		return int(math.Round(p * rows)), n, Estimate{p, lo, hi, n}
	}
	c.Counts.GoodPassed, c.Counts.Good, c.Sensitivity = share(1)
	c.Counts.BadFailed, c.Counts.Bad, c.Specificity = share(0)
	all := total[0] + total[1]
	rows := all * all / (squares[0] + squares[1])
	for i := range table {
		for k := range table[i] {
			table[i][k] *= rows / all
		}
	}
	p := (table[0][0] + table[1][1]) / rows
	lo, hi := interval.Wilson(p, rows, crit)
	c.Observed = Estimate{p, lo, hi, len(labelled)}
	if a, err := agree.Kappa(table, agree.Nominal); err == nil {
		c.Kappa = about(a, crit)
	}
	if a, err := agree.AC1(table); err == nil {
		c.AC1 = about(a, crit)
	}
}

func about(a agree.Agreement, crit float64) Estimate {
	return Estimate{a.Value, a.Value - crit*a.SE, math.Min(1, a.Value+crit*a.SE), a.N}
}

func alpha(units [][]float64, scale agree.Level, level float64, seed uint64) Estimate {
	a, err := agree.KrippendorffAlpha(units, scale, level, 2000, seed)
	if err != nil {
		return unknown()
	}
	return Estimate{a.Value, a.Lower, a.Upper, a.Units}
}

// lengthBias is Pearson's correlation with Fisher's z.
func lengthBias(labelled []Answer, crit float64) Estimate {
	var x, y []float64
	for _, a := range labelled {
		if !math.IsNaN(a.Length) {
			x, y = append(x, a.Length), append(y, a.Judge-a.Label)
		}
	}
	n := float64(len(x))
	if n < 10 {
		return unknown()
	}
	r := correlation(x, y)
	if math.IsNaN(r) || math.Abs(r) >= 1 {
		return unknown()
	}
	z, half := math.Atanh(r), crit/math.Sqrt(n-3)
	return Estimate{r, math.Tanh(z - half), math.Tanh(z + half), len(x)}
}

func correlation(x, y []float64) float64 {
	n := float64(len(x))
	var mx, my, xx, xy, yy float64
	for i := range x {
		mx, my = mx+x[i]/n, my+y[i]/n
	}
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
		yy += (y[i] - my) * (y[i] - my)
	}
	if !(xx > 1e-20*n*mx*mx) || !(yy > 0) { // all of one length
		return math.NaN()
	}
	return xy / math.Sqrt(xx*yy)
}

func (c *Card) correct(rows []ppi.Row, clustered bool, level float64) {
	e, err := ppi.Mean(rows, clustered)
	if err != nil {
		c.Refused = err.Error()
		sum, ss := 0.0, 0.0
		for _, r := range rows {
			sum += r.Judge
		}
		mean := sum / float64(len(rows))
		for _, r := range rows {
			ss += (r.Judge - mean) * (r.Judge - mean)
		}
		if n := float64(len(rows)); n > 1 && !clustered {
			half := dist.TQuantile(0.5+level/2, n-1) * math.Sqrt(ss/(n-1)/n)
			c.Raw = Estimate{mean, mean - half, mean + half, len(rows)}
		} else {
			c.Raw = Estimate{mean, math.NaN(), math.NaN(), len(rows)}
		}
		return
	}
	t := dist.TQuantile(0.5+level/2, e.DF)
	with := func(value, se float64, n int) Estimate { return Estimate{value, value - t*se, value + t*se, n} }
	c.Raw = with(e.Raw, e.RawSE, e.Rows)
	c.LabelsOnly = with(e.LabelsOnly, e.LabelsOnlySE, e.Labels)
	c.Corrected = with(e.Value, e.SE, e.Rows)
	c.Lambda, c.Gain = e.Lambda, e.Gain()
}

// ByTruth makes a card of labels that were drawn so many of good and so many of bad answers:
// they say how the judge does on each, and nothing of how many are good or how often it
// agrees. The mean is corrected by Rogan and Gladen's estimator.
func (c *Card) ByTruth(level float64) {
	c.Observed, c.Kappa, c.AC1, c.Alpha, c.LabelsOnly, c.Corrected = unknown(), unknown(), unknown(), unknown(), unknown(), unknown()
	c.Lambda, c.Gain, c.Refused = math.NaN(), math.NaN(), ""
	se := (c.Raw.Upper - c.Raw.Lower) / 2 / dist.NormQuantile(0.5+level/2)
	x, err := ppi.RoganGladen(c.Raw.Value, se, c.Counts)
	if err != nil {
		c.Refused = err.Error()
		return
	}
	half := dist.NormQuantile(0.5+level/2) * x.SE
	c.Corrected = Estimate{x.Value, math.Max(0, x.Value-half), math.Min(1, x.Value+half), c.Raw.N}
}

// LabelsNeeded is how many labels, drawn evenly, would bring the corrected mean's interval to
// ± half at a two-sided level, with the judge as good as the labels so far say; at most all
// rows. ok is false where too little is known.
func LabelsNeeded(answers []Answer, half, level float64) (n int, ok bool) {
	var f, y []float64
	m := 0.0
	for _, a := range answers {
		if math.IsNaN(a.Judge) {
			continue
		}
		m++
		if !math.IsNaN(a.Label) {
			f, y = append(f, a.Judge), append(y, a.Label)
		}
	}
	k := float64(len(y))
	if k < 20 || !(half > 0) {
		return 0, false
	}
	mean, ss := 0.0, 0.0
	for _, v := range y {
		mean += v / k
	}
	for _, v := range y {
		ss += (v - mean) * (v - mean)
	}
	variance := ss / (k - 1)
	rho := correlation(f, y) // NaN where the judge says the same of all
	if math.IsNaN(rho) || rho < 0 {
		rho = 0
	}
	z := dist.NormQuantile(0.5 + level/2)
	// Var = σ²(1−ρ²)/n + σ²ρ²/M at the best λ.
	left := half*half/(z*z) - variance*rho*rho/m
	if left <= 0 {
		return int(m), true
	}
	need := math.Ceil(variance * (1 - rho*rho) / left)
	return int(math.Min(m, math.Max(need, ppi.MinLabels))), true
}

// Without leaves out the labels of ids: those that a judge's prompt was tuned on.
func Without(answers []Answer, tuned []string) []Answer {
	out := slices.Clone(answers)
	slices.Sort(tuned)
	for i := range out {
		if _, found := slices.BinarySearch(tuned, out[i].ID); found {
			out[i].Label, out[i].Second = math.NaN(), math.NaN()
		}
	}
	return out
}
