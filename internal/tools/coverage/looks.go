package main

import (
	"fmt"
	"io"
	"math"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
	"github.com/fairtrial/fairtrial/internal/stat/sequential"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// A plan that stops when decided, simulated through the decision that the program makes: a
// non-inferiority gate on a scorer that says pass or fail, of two models. The planned cases
// are as many as a plan without looks needs to pass with 90 % where the models are equal, so
// that the mean number asked is over the fixed n of that power.
const looksMargin = 0.05

// looksN is that number where a share psi of the cases is right by one model only.
func looksN(psi float64) float64 {
	z := dist.NormQuantile(0.975) + dist.NormQuantile(0.9)
	return math.Ceil(psi * z * z / (looksMargin * looksMargin))
}

type lookSum struct {
	pass, fail, futile, fixed, below, above, naiveBelow, naiveAbove, over, asked float64
	value, naive                                                                 float64
}

func looks(w io.Writer, draws int) error {
	in, err := metric.NewCatalogue().With([]metric.Scorer{{Name: "right", Direction: metric.Up, Lo: 0, Hi: 1, PassFail: true}}).Build("right", "", metric.Options{Task: cases.Generation})
	if err != nil {
		return err
	}
	rule := gate.Rule{Name: "g", Metric: "right", Model: "candidate", Rule: gate.NoWorseThan, Than: "baseline", Margin: looksMargin, Confidence: 0.95,
		Severity: result.Block, MinRows: 30, Evidence: "bound"}
	fmt.Fprintln(w, "| spending, futility, looks | cases planned, share that differs | true difference | pass % | pass % without looks | fail % | given up % | mean n / fixed n | adjusted interval covers % | truth below / above | estimate above truth % | its bias | unadjusted covers % | its bias |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	const obf, pocock, m = sequential.NameOBrienFleming, sequential.NamePocock, looksMargin
	for _, c := range []struct {
		spending string
		futility float64
		worse    string // show | give_up, where futility is
		looks    int
		d, psi   float64
	}{
		{obf, 0, "", 5, 0, .2}, {obf, 0, "", 5, -m / 2, .2}, {obf, 0, "", 5, -m, .2}, {obf, 0, "", 5, -2 * m, .2},
		{obf, .2, "show", 5, 0, .2}, {obf, .2, "show", 5, -m / 2, .2}, {obf, .2, "show", 5, -m, .2}, {obf, .2, "show", 5, -2 * m, .2}, {obf, .2, "show", 5, -3 * m, .2},
		{obf, .2, "give_up", 5, 0, .2}, {obf, .2, "give_up", 5, -m / 2, .2}, {obf, .2, "give_up", 5, -m, .2}, {obf, .2, "give_up", 5, -2 * m, .2}, {obf, .2, "give_up", 5, -3 * m, .2},
		{pocock, 0, "", 5, 0, .2}, {pocock, 0, "", 5, -m, .2}, {pocock, .2, "show", 5, -m, .2}, {pocock, .2, "show", 5, -2 * m, .2},
		{obf, .2, "show", 2, 0, .2}, {obf, .2, "show", 2, -2 * m, .2}, {obf, .2, "show", 10, -m, .2}, {obf, .2, "show", 10, -2 * m, .2},
		{obf, .2, "show", 5, 0, .08}, {obf, .2, "show", 5, -m, .08}, {obf, .2, "show", 5, -2 * m, .08}, {obf, 0, "", 5, -m, .08},
	} {
		s := &gate.Schedule{Spending: c.spending, Futility: c.futility, ShowWorse: c.worse == "show"}
		var sizes []int64
		planned := looksN(c.psi)
		for k := range c.looks {
			n := int64(math.Ceil(planned * float64(k+1) / float64(c.looks)))
			sizes = append(sizes, n)
			s.Fractions = append(s.Fractions, float64(n)/planned)
		}
		r, got := resample.NewRNG(21, "looks", fmt.Sprint(c)), lookSum{}
		for range draws {
			got.add(oneTrial(r, in, rule, s, sizes, c.psi, c.d), c.d)
		}
		p := func(x float64) float64 { return 100 * x / float64(draws) }
		kind := map[string]string{sequential.NameOBrienFleming: "O'Brien–Fleming", sequential.NamePocock: "Pocock"}[c.spending]
		giveUp := "never given up"
		if c.futility > 0 {
			giveUp = "futility " + result.Percent(c.futility) + ", " + c.worse
		}
		fmt.Fprintf(w, "| %s, %s, %d | %.0f, %g | %s | %.1f | %.1f | %.1f | %.1f | %.2f | %.1f | %.1f / %.1f | %.1f | %s | %.1f | %s |\n", kind, giveUp, c.looks, planned, c.psi, result.Number(c.d).Signed(), p(got.pass), p(got.fixed), p(got.fail), p(got.futile),
			got.asked/float64(draws)/planned, 100-p(got.below)-p(got.above), p(got.below), p(got.above), p(got.over), result.Number(got.value/float64(draws)).Signed(), 100-p(got.naiveBelow)-p(got.naiveAbove), result.Number(got.naive/float64(draws)).Signed())
	}
	return nil
}

// oneOutcome is where one trial stopped, and what all cases would have said without looks.
type oneOutcome struct {
	gate  result.Gate
	stop  result.Stop
	asked int64
	fixed result.Verdict
}

func oneTrial(r *resample.RNG, in *metric.Instance, rule gate.Rule, s *gate.Schedule, sizes []int64, psi, d float64) oneOutcome {
	l, o := &gate.Look{Schedule: s}, oneOutcome{}
	var sum [4]float64
	var set *summary.Set
	decide := func(l *gate.Look) []result.Gate {
		gates, _ := gate.Decide(gate.Input{Rules: []gate.Rule{rule}, Set: set, Metrics: map[string]*metric.Instance{rule.Metric: in}, Look: l,
			View:   func(i int) *metric.View { return &metric.View{Set: set, Pop: set.Pops[i], Seed: 1, Draws: 2000} },
			Fits:   func(*metric.Instance, string) (bool, string) { return true, "" },
			Groups: func(string) []int { return nil }})
		return gates
	}
	for k, n := range sizes {
		before := int64(0)
		if k > 0 {
			before = sizes[k-1]
		}
		drawn := make([]float64, 4)
		resample.Multinomial(r, n-before, []float64{0.85 - psi/2, (psi + d) / 2, (psi - d) / 2, 0.15 - psi/2}, drawn)
		for i := range sum {
			sum[i] += drawn[i]
		}
		set = pairedSet(in, sum, n)
		if o.stop == result.GoOn {
			l.Number = k + 1
			gates := decide(l)
			o.gate, o.stop, o.asked = gates[0], gate.Stops(gates, l), n
			l.Earlier = append(l.Earlier, gates)
		}
	}
	o.fixed = decide(nil)[0].Verdict
	return o
}

// pairedSet is the summary of two models' joint counts: both right, only the candidate,
// only the baseline, neither.
func pairedSet(in *metric.Instance, c [4]float64, n int64) *summary.Set {
	spec := in.Needs()[0]
	m := summary.NewMoments(spec, spec.Columns(2), false)
	for i, right := range [][2]float64{{1, 1}, {1, 0}, {0, 1}, {0, 0}} {
		x := summary.NewMoments(spec, spec.Columns(2), false) // c[i] rows that are alike
		x.N, x.W, x.W2 = int64(c[i]), c[i], c[i]
		for model, v := range right {
			x.Mean[spec.Index(summary.ScoredBy("right"), model)] = v
			x.Mean[spec.Index(summary.GradedBy("right"), model)] = 1
		}
		_ = m.Merge(x) // of equal layouts
	}
	return &summary.Set{Models: []string{"candidate", "baseline"}, Baseline: 1,
		Pops: []*summary.Population{{Slice: result.Overall, Partition: -1, N: n, W: float64(n), W2: float64(n), Moments: []*summary.Moments{m}}}}
}

func (s *lookSum) add(o oneOutcome, d float64) {
	one := func(to *float64, yes bool) {
		if yes {
			*to++
		}
	}
	e := o.gate.Evidence
	one(&s.pass, o.gate.Verdict == result.Pass)
	one(&s.fail, o.gate.Verdict == result.Fail)
	one(&s.futile, o.stop == result.Futile)
	one(&s.fixed, o.fixed == result.Pass)
	one(&s.below, !(d >= float64(e.Lower)))
	one(&s.above, !(d <= float64(e.Upper)))
	one(&s.over, float64(e.Value) > d)
	u := e.Unadjusted
	one(&s.naiveBelow, !(d >= float64(u.Lower)))
	one(&s.naiveAbove, !(d <= float64(u.Upper)))
	s.value += float64(e.Value) - d
	s.naive += float64(u.Value) - d
	s.asked += float64(o.asked)
}
