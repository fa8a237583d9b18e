package infer

import (
	"math"
	"testing"
)

// The p-value inverts the interval: at the lower end of a level-L interval the evidence
// that the truth lies above is (1−L)/2, at the upper end likewise below.
func TestTailsInvertIntervals(t *testing.T) {
	inf := math.Inf(1)
	newcombe := Newcombe{P1: 0.8, N1: 70, P2: 0.6, N2: 80}
	for name, i := range map[string]Inference{
		"wilson":     {Value: 0.3, SE: 0.03, DF: inf, Shape: Wilson{N: 200}},
		"wilson t":   {Value: 0.3, SE: 0.03, DF: 12, Shape: Wilson{N: 55.5}},
		"wilson f1":  {Value: 0.82, SE: 0.03, DF: inf, Shape: WilsonF1{D: 115}},
		"logit":      {Value: 0.93, SE: 0.02, DF: 40, Shape: Logit{}},
		"symmetric":  {Value: -0.2, SE: 0.1, DF: 9, Shape: NewSymmetric()},
		"tango":      {Value: 0.04, SE: 0.0095, DF: inf, Shape: Tango{B: 150, C: 86, N: 1600}},
		"tango none": {Value: 0, SE: 0, DF: inf, Shape: Tango{B: 0, C: 0, N: 300}},
		"newcombe":   {Value: 0.2, SE: 0.07, DF: inf, Shape: newcombe},
		"log ratio":  {Value: 0.75, SE: 0.08, DF: inf, Shape: LogRatio{LogSE: 0.109}},
		"solved":     {Value: 0.9, SE: 0.05, DF: inf, Shape: Solved{Lo: 0, Hi: 1, Score: func(b float64) float64 { return (0.9 - b) / math.Sqrt(b*(1-b)/40) }}},
	} {
		for _, level := range []float64{0.8, 0.95, 0.99} {
			lo, hi, ok := i.Interval(level)
			if !ok || !(lo < hi) {
				t.Fatalf("%s: no interval at %g", name, level)
			}
			alpha := (1 - level) / 2
			if p := i.Above(lo); math.Abs(p-alpha) > 1e-6 {
				t.Errorf("%s at %g: evidence above the lower end %g is %g, want %g", name, level, lo, p, alpha)
			}
			if p := i.Below(hi); math.Abs(p-alpha) > 1e-6 {
				t.Errorf("%s at %g: evidence below the upper end %g is %g, want %g", name, level, hi, p, alpha)
			}
		}
	}
}

func TestNoErrorNoInterval(t *testing.T) {
	for name, i := range map[string]Inference{
		"none":      {Value: 0.5, SE: math.NaN(), DF: math.Inf(1), Shape: None{}},
		"no df":     {Value: 0.5, SE: 0.1, DF: math.NaN(), Shape: NewSymmetric()},
		"df 0":      {Value: 0.5, SE: 0.1, DF: 0, Shape: NewSymmetric()},
		"no se":     {Value: 0.5, SE: math.NaN(), DF: math.Inf(1), Shape: NewSymmetric()},
		"logit 1":   {Value: 1, SE: 0, DF: math.Inf(1), Shape: Logit{}},
		"no value":  {Value: math.NaN(), SE: 0.1, DF: math.Inf(1), Shape: NewSymmetric()},
		"zero rows": {Value: 0.5, SE: 0.1, DF: math.Inf(1), Shape: Wilson{}},
	} {
		lo, hi, ok := i.Interval(0.95)
		if ok || !math.IsNaN(lo) || !math.IsNaN(hi) {
			t.Errorf("%s: interval %g to %g", name, lo, hi)
		}
	}
	// Certainty on one side of a bound is a p-value of 0, not NaN.
	sure := Inference{Value: 0.5, SE: 0, DF: math.Inf(1), Shape: NewSymmetric()}
	if sure.Above(0.4) != 0 || sure.Above(0.6) != 1 || sure.Below(0.6) != 0 {
		t.Errorf("zero error: above 0.4 %g, above 0.6 %g, below 0.6 %g", sure.Above(0.4), sure.Above(0.6), sure.Below(0.6))
	}
	// Symmetric intervals stay inside the metric's range.
	i := Inference{Value: 0.99, SE: 0.02, DF: math.Inf(1), Shape: Symmetric{0, 1}}
	if _, hi, _ := i.Interval(0.95); hi != 1 {
		t.Errorf("upper end %g, not clamped to 1", hi)
	}
}

// Values that are all alike: at the ends of the range Clopper and Pearson's interval, whose
// numbers are published (0 and 10 of 10), and one-sided p-values that agree with it.
func TestAlike(t *testing.T) {
	all := Inference{Value: 1, DF: math.Inf(1), Shape: Alike{Lo: 0, Hi: 1, N: 10}}
	if lo, hi, ok := all.Interval(0.95); !ok || math.Abs(lo-0.6915028922) > 1e-9 || hi != 1 {
		t.Errorf("10 of 10: %g to %g", lo, hi)
	}
	none := Inference{Value: 0, DF: math.Inf(1), Shape: Alike{Lo: 0, Hi: 1, N: 20}}
	if lo, hi, _ := none.Interval(0.95); lo != 0 || math.Abs(hi-0.1684334710) > 1e-9 {
		t.Errorf("0 of 20: %g to %g", lo, hi)
	}
	half := Inference{Value: 0.5, DF: math.Inf(1), Shape: Alike{Lo: 0, Hi: 1, N: 40}}
	lo, hi, _ := half.Interval(0.95)
	if math.Abs(lo-(1-hi)) > 1e-12 || !(lo > 0.4 && lo < 0.5) {
		t.Errorf("40 halves: %g to %g", lo, hi)
	}
	if p := half.Above(lo); math.Abs(p-0.025) > 1e-9 {
		t.Errorf("at the lower end p is %g", p)
	}
	if p := half.Below(hi); math.Abs(p-0.025) > 1e-9 {
		t.Errorf("at the upper end p is %g", p)
	}
	if p := half.Above(-0.1); p != 0 {
		t.Errorf("outside the range p is %g", p)
	}
}
