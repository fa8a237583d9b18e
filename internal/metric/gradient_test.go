package metric

import (
	"math"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// binaryView makes a population of one model from a confusion matrix.
func binaryView(tn, fp, fn, tp int64) *View {
	set := &summary.Set{Models: []string{"candidate"}, Baseline: -1, Classes: []string{"0", "1"}}
	c := &summary.Counts{}
	for _, x := range []struct {
		y, d uint32
		n    int64
	}{{0, 0, tn}, {0, 1, fp}, {1, 0, fn}, {1, 1, tp}} {
		if x.n > 0 {
			c.Cells = append(c.Cells, summary.Cell{Label: x.y, Decisions: []uint32{x.d}, N: x.n, W: float64(x.n), W2: float64(x.n)})
		}
	}
	n := tn + fp + fn + tp
	return &View{Set: set, Pop: &summary.Population{Slice: "overall", Partition: -1, N: n, W: float64(n), W2: float64(n), Counts: c}, Seed: 1, Draws: 2000}
}

// Every functional's gradient is the derivative of its value, and its influence sums
// to zero over the rows: checked on a confusion matrix without structure.
func TestFunctionalGradients(t *testing.T) {
	three := &table{k: 3}
	for y := uint32(0); y < 3; y++ {
		for d := uint32(0); d < 3; d++ {
			three.cells = append(three.cells, summary.Cell{W: float64(7 + 5*y*y + 3*d + 11*y*d%7)})
			three.y = append(three.y, y)
			three.d = append(three.d, d)
		}
	}
	two := &table{k: 2}
	for i, w := range []float64{239, 21, 27, 113} {
		two.cells = append(two.cells, summary.Cell{W: w})
		two.y = append(two.y, uint32(i/2))
		two.d = append(two.d, uint32(i%2))
	}
	for _, tc := range []struct {
		name string
		f    functional
		t    *table
		w    func(y, d uint32) float64
	}{
		{"f1", fBeta(1), two, nil}, {"f2", fBeta(2), two, nil}, {"balanced", balancedAccuracy, two, nil}, {"mcc", matthews, two, nil}, {"kappa", kappa, two, nil},
		{"cost", expectedCost(-1, 2, 5, 0.5), two, nil},
		{"balanced 3", balancedAccuracy, three, nil}, {"mcc 3", matthews, three, nil}, {"kappa 3", kappa, three, nil},
		{"precision macro", classAverage(classPrecision, false), three, nil}, {"recall macro", classAverage(classRecall, false), three, nil}, {"f1 macro", classAverage(classF1, false), three, nil},
		{"precision weighted", classAverage(classPrecision, true), three, nil}, {"recall weighted", classAverage(classRecall, true), three, nil}, {"f1 weighted", classAverage(classF1, true), three, nil},
		{"f1 of class 1", oneClassF1(1), three, nil}, {"micro", microAverage, three, nil},
		{"linear kappa", weightedKappa(linearCost), three, linearCost}, {"quadratic kappa", weightedKappa(quadraticCost), three, quadraticCost},
	} {
		w := tc.t.weights()
		value := func() float64 {
			c := newConfusion(tc.t.k, tc.w)
			tc.t.confusion(w, c)
			v, why := tc.f(c, nil)
			if why != "" {
				t.Fatalf("%s: undefined: %s", tc.name, why)
			}
			return v
		}
		c := newConfusion(tc.t.k, tc.w)
		tc.t.confusion(w, c)
		_, e, why := influence(tc.t, tc.f, c)
		if why != "" {
			t.Fatalf("%s: undefined: %s", tc.name, why)
		}
		sum := 0.0
		for i := range w {
			old, h := w[i], 1e-4
			w[i] = old + h
			up := value()
			w[i] = old - h
			down := value()
			w[i] = old
			if got, want := e[i], (up-down)/(2*h); math.Abs(got-want) > 1e-8 {
				t.Errorf("%s: influence of cell %d is %g, the derivative %g", tc.name, i, got, want)
			}
			sum += w[i] * e[i]
		}
		if math.Abs(sum) > 1e-12 {
			t.Errorf("%s: influences sum to %g, not 0", tc.name, sum)
		}
	}
	for name, f := range map[string]func(mu, g []float64) (float64, string){"rmse": rootMean, "r2": rSquared, "wape": wape, "mape": mape, "rmsle": rmsle,
		"explained variance": explainedVariance, "pearson": pearson} {
		mu := []float64{4.2, 1.5, 9.7, 0, 0}
		switch name {
		case "mape", "rmsle":
			mu[1] = 0
		case "explained variance":
			mu = []float64{4.2, 1.5, 0.4, 9.7, 0}
		case "pearson":
			mu = []float64{0.3, 2.1, -0.9, 0.4, 9.7}
		}
		g := make([]float64, len(mu))
		v, why := f(mu, g)
		if why != "" {
			t.Fatalf("%s: undefined: %s", name, why)
		}
		for i := range mu {
			if (name == "mape" || name == "rmsle") && i == 1 {
				continue // an indicator
			}
			old, h := mu[i], 1e-6
			mu[i] = old + h
			up, _ := f(mu, make([]float64, len(mu)))
			mu[i] = old
			if math.Abs((up-v)/h-g[i]) > 1e-4 {
				t.Errorf("%s: derivative %d is %g, the gradient says %g", name, i, (up-v)/h, g[i])
			}
		}
	}
}

func build(t *testing.T, task cases.Task, name string, params map[string]float64) *Instance {
	t.Helper()
	in, err := NewCatalogue().Build(name, "", Options{Task: task, Params: params})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// Reference numbers: STATISTICS 1.1 and 1.3 (computed with R).
func TestIntervalsMatchReference(t *testing.T) {
	v := binaryView(100, 15, 20, 80)
	a := build(t, cases.Binary, "f1", nil).Estimate(v, 0)
	lo, hi, _ := a.Interval(0.95)
	near(t, "f1", a.Value, 0.820512820513, 1e-12)
	near(t, "f1 se", a.SE, 0.0298461769, 1e-9)
	near(t, "f1 lower", lo, 0.7549489682, 1e-9)
	near(t, "f1 upper", hi, 0.8715202543, 1e-9)

	a = build(t, cases.Binary, "recall", nil).Estimate(binaryView(10, 10, 182, 81), 0)
	lo, hi, _ = a.Interval(0.95)
	near(t, "81/263 lower", lo, 0.2552885199, 1e-9)
	near(t, "81/263 upper", hi, 0.3662095770, 1e-9)

	if a = build(t, cases.Binary, "recall", nil).Estimate(binaryView(10, 10, 20, 0), 0); a.Value != 0 {
		t.Errorf("recall 0/20 is %g", a.Value)
	}
	lo, hi, _ = a.Interval(0.95)
	if lo != 0 {
		t.Errorf("lower end of 0/20 is %g, not 0", lo)
	}
	near(t, "0/20 upper", hi, 0.1611251581, 1e-9)
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if math.Abs(got-want) > tol || math.IsNaN(got) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

// What cannot be computed is undefined with its reason, never 0.
func TestUndefined(t *testing.T) {
	for _, tc := range []struct {
		metric, reason string
		v              *View
	}{
		{"precision", "no row is called positive", binaryView(5, 0, 5, 0)},
		{"recall", "no positive rows", binaryView(5, 5, 0, 0)},
		{"specificity", "no negative rows", binaryView(0, 0, 5, 5)},
		{"f1", "no row is labelled or called positive", binaryView(5, 0, 0, 0)},
		{"matthews_corrcoef", "zero denominator", binaryView(5, 0, 5, 0)},
		{"cohen_kappa", "zero denominator", binaryView(5, 0, 0, 0)},
		{"balanced_accuracy", "one class only", binaryView(5, 1, 0, 0)},
	} {
		a := build(t, cases.Binary, tc.metric, nil).Estimate(tc.v, 0)
		if a.Status != "undefined" || !math.IsNaN(a.Value) || len(a.Notes) == 0 || !containsText(a.Notes[0], tc.reason) {
			t.Errorf("%s: %+v, want undefined because %q", tc.metric, a, tc.reason)
		}
	}
}

func containsText(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if s[i:i+len(sub)] == sub {
			return true
		}
	}
	return false
}

// A perfect classifier has an interval that is not a point.
func TestBoundaryHasAnInterval(t *testing.T) {
	v := binaryView(50, 0, 0, 40)
	for _, name := range []string{"accuracy", "balanced_accuracy", "matthews_corrcoef", "cohen_kappa", "f1"} {
		a := build(t, cases.Binary, name, nil).Estimate(v, 0)
		lo, hi, ok := a.Interval(0.95)
		if !ok || a.Value != 1 || !(lo < 0.99) || hi != 1 {
			t.Errorf("%s: value %g, interval %g to %g (%v)", name, a.Value, lo, hi, ok)
		}
	}
}
