package influence

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// derivatives checks influences against differences of the value in each row's weight.
func derivatives(t *testing.T, name string, s *sample, f functional) {
	t.Helper()
	run := func() ([]float64, [][]float64) {
		e := make([][]float64, f.parts)
		for k := range e {
			e[k] = make([]float64, len(s.weight))
		}
		s.total = 0
		for _, w := range s.weight {
			s.total += w
		}
		v, why := f.of(s, e)
		if why != "" {
			t.Fatalf("%s: undefined: %s", name, why)
		}
		return v, e
	}
	v, e := run()
	for k := range v {
		sum := 0.0
		for i, w := range s.weight {
			h := 1e-5 * w
			s.weight[i] = w + h
			up, _ := run()
			s.weight[i] = w - h
			down, _ := run()
			s.weight[i] = w
			if got, want := e[k][i], w*(up[k]-down[k])/(2*h); math.Abs(got-want) > 1e-8 {
				t.Errorf("%s, part %d: influence of row %d is %g, the derivative %g", name, k, i, got, want)
			}
			sum += e[k][i]
		}
		if math.Abs(sum) > 1e-12 {
			t.Errorf("%s, part %d: influences sum to %g, not 0", name, k, sum)
		}
	}
}

// scored makes weighted binary rows; digits leaves ties.
func scored(r *rand.Rand, n int, digits float64) *sample {
	s := &sample{}
	for range n {
		y := uint16(r.IntN(2))
		s.class = append(s.class, y)
		s.score = append(s.score, math.Round(digits*(0.3*float64(y)+0.7*r.Float64()))/digits)
		s.weight = append(s.weight, 0.5+2*r.Float64())
	}
	return s
}

func TestPartialAUCInfluence(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, digits := range []float64{10, 1e6} {
		for _, u := range []float64{0.05, 0.37, 1} {
			derivatives(t, "partial AUC", scored(r, 80, digits), functional{parts: 1, of: partialAUC(u)})
		}
	}
}

// Two of four positives above all negatives, the others below them.
func TestPartialAUCByHand(t *testing.T) {
	s := &sample{score: []float64{9, 8, 1, 0, 5, 4, 3, 2}, class: []uint16{1, 1, 1, 1, 0, 0, 0, 0}, weight: []float64{1, 1, 1, 1, 1, 1, 1, 1}}
	v, _ := partialAUC(0.5)(s, [][]float64{make([]float64, 8)})
	// area ½·½; chance ⅛, best ½: ½(1 + ⅛/⅜)
	if want := 0.5 * (1 + 1.0/3); math.Abs(v[0]-want) > 1e-15 {
		t.Errorf("partial AUC %g, want %g", v[0], want)
	}
}

func TestSpearmanInfluence(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, digits := range []float64{2, 1e6} {
		s := &sample{}
		for range 60 {
			x := r.NormFloat64()
			s.target = append(s.target, math.Round(digits*x)/digits)
			s.score = append(s.score, math.Round(digits*(x+r.NormFloat64()))/digits)
			s.weight = append(s.weight, 0.5+2*r.Float64())
		}
		derivatives(t, "Spearman", s, functional{parts: 1, of: spearman})
	}
}

func TestOneVsOneInfluence(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, digits := range []float64{5, 1e6} {
		s := &sample{probs: make([][]float64, 3), classes: []string{"a", "b", "c"}}
		for range 60 {
			y := r.IntN(3)
			s.class = append(s.class, uint16(y))
			for c := range s.probs {
				p := r.Float64()
				if c == y {
					p += 0.3
				}
				s.probs[c] = append(s.probs[c], math.Round(digits*p)/digits)
			}
			s.weight = append(s.weight, 0.5+2*r.Float64())
		}
		derivatives(t, "one-vs-one", s, functional{parts: 1, of: oneVsOne})
	}
}

func TestUncertaintyInfluence(t *testing.T) {
	derivatives(t, "uncertainty", scored(rand.New(rand.NewPCG(6, 6)), 40, 10), functional{parts: 1, of: uncertainty})
}

func TestRank(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 50 {
		value := make([]float64, r.IntN(300))
		for i := range value {
			value[i] = []float64{r.NormFloat64(), math.Round(r.NormFloat64()), 0, math.Copysign(0, -1), 1e300 * r.NormFloat64(), 5e-324}[r.IntN(6)]
		}
		want := make([]uint32, len(value))
		for i := range want {
			want[i] = uint32(i)
		}
		slices.SortStableFunc(want, func(a, b uint32) int { return cmp.Compare(value[a], value[b]) })
		if got := rank(value).at; !slices.Equal(got, want) {
			t.Fatalf("%v in order %v, want %v", value, got, want)
		}
	}
}
