package variance

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s: %v, not %v", what, got, want)
	}
}

func answers(scores ...float64) []Answer {
	out := make([]Answer, len(scores))
	for i, x := range scores {
		out[i] = Answer{Item: fmt.Sprint(i), Score: x}
	}
	return out
}

// Travel times of ultrasound on six rails, three each (Pinheiro & Bates 2000, section 1.1):
// lme gives 24.80547 between rails and 4.020779 within.
func TestRails(t *testing.T) {
	var s Sums
	for _, x := range [][]float64{{55, 53, 54}, {26, 37, 32}, {78, 91, 85}, {92, 100, 96}, {49, 51, 50}, {80, 85, 83}} {
		s.Add(Of(answers(x...)), "")
	}
	p, ok := s.Parts(0.95)
	if !ok {
		t.Fatal("undefined")
	}
	near(t, "standard error", p.SE, 10.17104, 1e-5) // of lme's intercept
	whole := p.SE * p.SE * 6
	near(t, "between", math.Sqrt(whole*p.Questions.Value), 24.80547, 5e-6)
	near(t, "within", math.Sqrt(whole*p.Sampling.Value*3), 4.020779, 5e-7)
	near(t, "parts", p.Questions.Value+p.Sampling.Value+p.Judging.Value, 1, 1e-12)
	near(t, "twice the rails", p.Width(2, 1, 1), math.Sqrt(0.5), 1e-12)
	near(t, "three times the answers", p.Width(1, p.Answers(0.999), 1), 0.999, 1e-12)
	if x := p.Answers(0.9); !math.IsInf(x, 1) {
		t.Errorf("%v times the answers, where rails are almost all of the error", x)
	}
}

// Shifting all scores far away changes no part.
func TestShift(t *testing.T) {
	var a, b Sums
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		x := []float64{r.Float64(), r.Float64()}
		a.Add(Of(answers(x...)), fmt.Sprint(i%20))
		b.Add(Of(answers(x[0]+1e6, x[1]+1e6)), fmt.Sprint(i%20))
	}
	p, _ := a.Parts(0.95)
	q, _ := b.Parts(0.95)
	near(t, "questions", q.Questions.Value, p.Questions.Value, 1e-6)
	near(t, "upper", q.Sampling.Upper, p.Sampling.Upper, 1e-6)
	if p.Units != 20 || p.N != 50 {
		t.Errorf("%+v", p)
	}
}

// world draws scores with known parts: answers come from a few texts, so that some are
// equal and share their verdicts.
type world struct {
	sdQuestion, sdText, sdVerdict, sdCluster float64
	answers, verdicts, texts, per            int
}

func (w world) draw(r *rand.Rand, n int) Parts {
	var s Sums
	cluster := 0.0
	for i := range n {
		if i%w.per == 0 {
			cluster = w.sdCluster * r.NormFloat64()
		}
		x := cluster + w.sdQuestion*r.NormFloat64()
		said := map[int][2]float64{} // mean and variance of the verdicts
		worth := map[int]float64{}
		list := make([]Answer, w.answers)
		for k := range list {
			text := r.IntN(w.texts)
			if _, ok := said[text]; !ok {
				worth[text] = w.sdText * r.NormFloat64()
				sum, sum2 := 0.0, 0.0
				for range w.verdicts {
					v := w.sdVerdict * r.NormFloat64()
					sum, sum2 = sum+v, sum2+v*v
				}
				m := float64(w.verdicts)
				said[text] = [2]float64{sum / m, (sum2 - sum*sum/m) / (m - 1) / m}
			}
			list[k] = Answer{fmt.Sprint(text), x + worth[text] + said[text][0], said[text][1]}
		}
		key := ""
		if w.per > 1 {
			key = fmt.Sprint(i / w.per)
		}
		s.Add(Of(list), key)
	}
	p, ok := s.Parts(0.95)
	if !ok {
		panic("undefined")
	}
	return p
}

// truth is the expected mass of each part in the variance of a question's mean.
func (w world) truth() (sample, judge, stays float64) {
	k, l := float64(w.answers), float64(w.texts)
	same := 1 / l // the chance that two answers are equal
	verdict := w.sdVerdict * w.sdVerdict / float64(w.verdicts)
	judge = verdict * (1/k + (1-1/k)*same)
	// Answers to the same question share their text's worth as they share its verdicts: what
	// is sampled is which texts come.
	sample = w.sdText * w.sdText * (1 - same) / k
	return sample, judge, verdict * same
}

// The parts are right in the mean, and their intervals cover, with clusters too.
func TestPartsOfKnownWorlds(t *testing.T) {
	runs := 400
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		runs = 4000
	}
	for _, w := range []world{
		{sdQuestion: 1, sdText: 1, sdVerdict: 1, answers: 4, verdicts: 3, texts: 1 << 30, per: 1},
		{sdQuestion: 1, sdText: 0.7, sdVerdict: 1.5, answers: 3, verdicts: 2, texts: 2, per: 1},
		{sdQuestion: 0.5, sdText: 1, sdVerdict: 0.5, sdCluster: 0.5, answers: 2, verdicts: 2, texts: 6, per: 4},
	} {
		sample, judge, stays := w.truth()
		var meanS, meanJ, meanH, coverS, coverJ float64
		r := rand.New(rand.NewPCG(3, 4))
		n := 300
		whole := 0.0
		parts := make([]Parts, runs)
		for i := range parts {
			p := w.draw(r, n)
			mass := p.SE * p.SE * float64(n)
			meanS, meanJ, meanH, whole = meanS+p.Sampling.Value*mass, meanJ+p.Judging.Value*mass, meanH+p.Stays*mass, whole+mass
			parts[i] = p
		}
		m := float64(runs)
		whole /= m
		near(t, "sampling", meanS/m/sample, 1, 0.03)
		near(t, "judging", meanJ/m/judge, 1, 0.03)
		near(t, "judging that stays", meanH/m, stays, 0.03*judge)
		for _, p := range parts {
			if x := sample / whole; p.Sampling.Lower <= x && x <= p.Sampling.Upper {
				coverS++
			}
			if x := judge / whole; p.Judging.Lower <= x && x <= p.Judging.Upper {
				coverJ++
			}
		}
		t.Logf("%+v: sampling %.3f covered in %.1f %%, judging %.3f in %.1f %%", w, sample/whole, 100*coverS/m, judge/whole, 100*coverJ/m)
		if coverS/m < 0.92 || coverJ/m < 0.92 {
			t.Errorf("intervals hold the shares in %.3f and %.3f of the draws", coverS/m, coverJ/m)
		}
	}
}

// More answers change the interval as foretold.
func TestWidthForetells(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	w := world{sdQuestion: 0.6, sdText: 1, sdVerdict: 1, answers: 2, verdicts: 2, texts: 3, per: 1}
	mean := func(w world) (se, told float64) {
		for range 300 {
			p := w.draw(r, 300)
			se += p.SE * p.SE / 300
			told += p.SE * p.SE * math.Pow(p.Width(1, 3, 2), 2) / 300
		}
		return se, told
	}
	_, told := mean(w)
	w.answers, w.verdicts = 6, 4
	se, _ := mean(w)
	near(t, "foretold", told/se, 1, 0.03)
}

// Equal answers of two models share their verdicts: judging adds nothing to the difference.
func TestDifferenceOfEqualAnswers(t *testing.T) {
	a := []Answer{{"x", 1, 0.2}, {"y", 0, 0.1}}
	d := Difference(a, a)
	near(t, "mean", d.Mean, 0, 0)
	near(t, "judging", d.Judging, 0, 1e-15)
	b := []Answer{{"x", 1, 0.2}, {"z", 0, 0.1}}
	near(t, "judging", Difference(a, b).Judging, (0.1+0.1)/4, 1e-15)
}

func TestWhatCannotBeTold(t *testing.T) {
	var one, none, same Sums
	for i := range 10 {
		one.Add(Of([]Answer{{"a", float64(i), math.NaN()}}), "")
		none.Add(Of([]Answer{{"a", float64(i % 2), math.NaN()}, {"b", float64(i % 3), math.NaN()}}), "")
		same.Add(Of(answers(1, 1)), "")
	}
	p, ok := one.Parts(0.95)
	if !ok || p.Questions.Value != 1 || !math.IsNaN(p.Sampling.Value) || !math.IsNaN(p.Judging.Value) {
		t.Errorf("one answer and verdict: %+v", p)
	}
	p, ok = none.Parts(0.95)
	if !ok || !math.IsNaN(p.Judging.Value) || !(p.Sampling.Value > 0) {
		t.Errorf("one verdict: %+v", p)
	}
	if p, ok := same.Parts(0.95); ok {
		t.Errorf("nothing differs: %+v", p)
	}
	if p, ok := new(Sums).Parts(0.95); ok {
		t.Errorf("nothing at all: %+v", p)
	}
}
