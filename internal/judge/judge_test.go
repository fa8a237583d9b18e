package judge

import (
	"fmt"
	"math"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/resample"
)

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// judged draws answers of a share .7 good ones as a judge of Se .85 and Sp .70 sees them;
// longer answers please it.
func judged(r *resample.RNG, n, labels int) []Answer {
	out := make([]Answer, n)
	for i := range out {
		good := r.Float64() < .7
		long := r.Float64()
		passed := r.Float64() < .85
		if !good {
			passed = r.Float64() < .10+.40*long // mean .30
		}
		out[i] = Answer{ID: fmt.Sprint(i), Judge: flag(passed), Label: math.NaN(), Second: math.NaN(), Length: 100 * long}
		if i < labels {
			out[i].Label = flag(good)
			if i%4 == 0 {
				out[i].Second = flag(good != (r.Float64() < .05))
			}
		}
	}
	return out
}

func holds(t *testing.T, what string, e Estimate, truth float64) {
	t.Helper()
	if !(e.Lower <= truth && truth <= e.Upper && e.Lower < e.Upper) {
		t.Errorf("%s: %v (%v to %v, n %d), truth %v", what, e.Value, e.Lower, e.Upper, e.N, truth)
	}
}

func TestCard(t *testing.T) {
	answers := judged(resample.NewRNG(5), 6000, 600)
	answers[7].Judge, answers[6001-2].Judge = math.NaN(), math.NaN()
	c, err := NewCard(answers, false, .95, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !c.PassFail || c.Rows != 6000 || c.Ungraded != 2 || c.Labels != 599 || c.Refused != "" {
		t.Errorf("%+v", c)
	}
	holds(t, "sensitivity", c.Sensitivity, .85)
	holds(t, "specificity", c.Specificity, .70)
	holds(t, "share of good answers", c.Corrected, .7)
	if c.Raw.Lower <= .7 && .7 <= c.Raw.Upper || c.Corrected.Upper-c.Corrected.Lower >= c.LabelsOnly.Upper-c.LabelsOnly.Lower || c.Gain <= 1 {
		t.Errorf("raw %+v, corrected %+v, labels alone %+v, gain %v", c.Raw, c.Corrected, c.LabelsOnly, c.Gain)
	}
	if !(c.LengthBias.Lower > 0) {
		t.Errorf("the bias for length is not seen: %+v", c.LengthBias)
	}
	if !(c.RatersAlpha.Value > .7 && c.RatersAlpha.Value < 1 && c.Alpha.Value < c.RatersAlpha.Value) {
		t.Errorf("α of the raters %+v, of the judge %+v", c.RatersAlpha, c.Alpha)
	}
	few, err := NewCard(judged(resample.NewRNG(5), 6000, 60), false, .95, 1)
	if err != nil || few.Refused == "" || !math.IsNaN(few.Corrected.Value) || math.IsNaN(few.Sensitivity.Value) {
		t.Errorf("%+v %v", few, err)
	}
	if _, err := NewCard(judged(resample.NewRNG(5), 60, 0), false, .95, 1); err == nil {
		t.Error("a card without a label")
	}
	graded := judged(resample.NewRNG(6), 3000, 400)
	for i := range graded {
		graded[i].Judge = graded[i].Judge*4 + 1
		graded[i].Label = graded[i].Label*4 + 1
	}
	g, err := NewCard(graded, false, .95, 1)
	if err != nil || g.PassFail || !math.IsNaN(g.Kappa.Value) || math.IsNaN(g.Alpha.Value) {
		t.Errorf("%+v %v", g, err)
	}
}

// The number that is asked for brings about the width that was asked for.
func TestLabelsNeeded(t *testing.T) {
	pilot := judged(resample.NewRNG(8), 6000, 200)
	n, ok := LabelsNeeded(pilot, .03, .95)
	if !ok || n < 300 || n > 1500 {
		t.Fatalf("%d %v", n, ok)
	}
	c, err := NewCard(judged(resample.NewRNG(9), 6000, n), false, .95, 1)
	if err != nil {
		t.Fatal(err)
	}
	if half := (c.Corrected.Upper - c.Corrected.Lower) / 2; math.Abs(half-.03) > .004 {
		t.Errorf("%d labels give ± %v", n, half)
	}
	if _, ok := LabelsNeeded(judged(resample.NewRNG(9), 100, 5), .03, .95); ok {
		t.Error("planned on five labels")
	}
}

func TestDraw(t *testing.T) {
	answers := judged(resample.NewRNG(3), 2000, 0)
	even, err := Draw(answers, 150, false, 7)
	if err != nil || len(even) != 150 {
		t.Fatal(len(even), err)
	}
	again, _ := Draw(answers, 150, false, 7)
	other, _ := Draw(answers, 150, false, 8)
	same, shared := 0, map[int]bool{}
	for i := range even {
		shared[even[i].At] = true
		if even[i] != again[i] {
			t.Fatal("another draw of the same seed")
		}
	}
	for _, d := range other {
		same += int(flag(shared[d.At]))
	}
	if same > 40 {
		t.Errorf("%d of 150 answers are drawn by another seed too", same)
	}
	// A second even draw goes on where the first one ended.
	for _, d := range even {
		answers[d.At].Label = 1
	}
	more, err := Draw(answers, 50, false, 7)
	if err != nil || len(more) != 50 {
		t.Fatal(len(more), err)
	}
	for _, d := range more {
		if shared[d.At] {
			t.Error("a labelled answer was drawn")
		}
	}
	if _, err := Draw(answers, 50, true, 7); err == nil {
		t.Error("a draw by score was added to labels")
	}
	answers[even[0].At].Chance = .1
	if _, err := Draw(answers, 50, false, 7); err == nil {
		t.Error("an even draw was added to an uneven one")
	}
}

// Weighted by their chances, answers drawn by the judge's score stand for all.
func TestUnsureDrawIsUnbiased(t *testing.T) {
	r := resample.NewRNG(4)
	answers := make([]Answer, 3000)
	truth := 0.0
	for i := range answers {
		score := r.Float64()
		answers[i] = Answer{ID: fmt.Sprint(i), Judge: score, Label: math.NaN(), Second: math.NaN(), Length: math.NaN()}
		truth += score * score / float64(len(answers))
	}
	sum, count, reps := 0.0, 0.0, 400
	for seed := range reps {
		drawn, err := Draw(answers, 200, true, uint64(seed))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range drawn {
			s := answers[d.At].Judge
			sum += s * s / d.Chance / float64(len(answers)*reps)
			count += 1 / float64(reps)
		}
	}
	if math.Abs(sum-truth) > .01 || math.Abs(count-200) > 3 {
		t.Errorf("mean %v (truth %v), %v drawn", sum, truth, count)
	}
}

func TestWithout(t *testing.T) {
	answers := judged(resample.NewRNG(1), 10, 10)
	left := Without(answers, []string{"7", "2"})
	for i, a := range left {
		if math.IsNaN(a.Label) != (i == 2 || i == 7) {
			t.Errorf("label of %d: %v", i, a.Label)
		}
	}
	if math.IsNaN(answers[2].Label) {
		t.Error("the answers themselves were changed")
	}
}
