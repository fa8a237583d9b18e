// Package fit fits the logistic recalibration of binary scores, y ~ a + b·logit(p), by
// Newton's method, for all populations of a slice entry in each pass over the rows. It
// refuses other tasks.
package fit

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

const (
	most      = 60    // Newton steps
	converged = 1e-11 // of a step
	runaway   = 1e4   // a slope beyond it has no end: the classes are separated
)

// Summarize adds Fit to populations made by package cells for the same rows, when it is
// among the needs.
func Summarize(ctx context.Context, r *rows.Rows, needs []summary.Spec, pops []*summary.Population, workers int) error {
	asked := false
	for _, s := range needs {
		asked = asked || s.Kind == summary.KindFit
	}
	if !asked {
		return nil
	}
	if r.Task != cases.Binary {
		return &engine.DataError{Msg: "logistic recalibration is built for binary scores"}
	}
	logits := make([][]float64, len(r.Models))
	for m := range r.Models {
		logits[m] = logitsOf(r.Models[m].Score)
	}
	work := make(chan int)
	var wg sync.WaitGroup
	for range max(1, min(workers, len(r.Parts)+1)) {
		wg.Go(func() {
			for part := range work {
				s := slot{r: r, part: part, logits: logits}
				s.fit(ctx, pops)
			}
		})
	}
	for part := -1; part < len(r.Parts); part++ {
		work <- part
	}
	close(work)
	wg.Wait()
	return ctx.Err()
}

// logitsOf are log-odds, infinite for a probability of 0 or 1.
func logitsOf(score []float64) []float64 {
	if score == nil {
		return nil
	}
	z := make([]float64, len(score))
	for i, p := range score {
		z[i] = math.Log(p) - math.Log1p(-p)
	}
	return z
}

// slot is overall (part −1) or one slice entry.
type slot struct {
	r      *rows.Rows
	part   int
	logits [][]float64
	base   int // first population
	size   int
}

// state is one population's fit of one model with one of the two designs.
type state struct {
	a, b          float64
	da, db, limit float64 // the last step, and the longest one allowed
	certain       int64   // rows of probability 0 or 1
	done          bool
	why           string
	g0, g1        float64 // gradient
	h00, h01, h11 float64 // information
}

func (s *slot) of(i int) int {
	if s.part < 0 {
		return 0
	}
	if c := s.r.Parts[s.part].At(i); c != rows.None {
		return int(c)
	}
	return -1
}

func (s *slot) weight(i int) float64 {
	if s.r.Weight == nil {
		return 1
	}
	return s.r.Weight[i]
}

func (s *slot) fit(ctx context.Context, pops []*summary.Population) {
	s.base, s.size = 0, 1
	if s.part >= 0 {
		s.base = 1
		for k := range s.part {
			s.base += len(s.r.Parts[k].Names)
		}
		s.size = len(s.r.Parts[s.part].Names)
	}
	shift, slope := make([][]state, len(s.r.Models)), make([][]state, len(s.r.Models))
	for m := range s.r.Models {
		if s.logits[m] == nil || ctx.Err() != nil {
			continue
		}
		shift[m], slope[m] = s.newton(ctx, pops, m, false), s.newton(ctx, pops, m, true)
	}
	for p := range s.size {
		f := &summary.Fit{Models: make([]summary.FitModel, len(s.r.Models))}
		for m := range s.r.Models {
			if b := s.r.Baseline; b >= 0 && m != b {
				f.Pairs = append(f.Pairs, summary.FitPair{A: m, B: b})
			}
		}
		pops[s.base+p].Fit = f
	}
	s.errors(pops, shift, slope)
}

// newton fits a alone with the slope at 1 (shift), or both.
func (s *slot) newton(ctx context.Context, pops []*summary.Population, m int, both bool) []state {
	st := make([]state, s.size)
	for p := range st {
		st[p].b, st[p].limit = 1, 2
		var pos, neg float64
		for _, c := range pops[s.base+p].Counts.Cells {
			if c.Label == 1 {
				pos += c.W
			} else {
				neg += c.W
			}
		}
		if !(pos > 0) || !(neg > 0) {
			st[p].done, st[p].why = true, "one class only"
		}
	}
	z := s.logits[m]
	for i := range s.r.N {
		if p := s.of(i); p >= 0 && math.IsInf(z[i], 0) {
			st[p].certain++
		}
	}
	for p := range st {
		if n := st[p].certain; n > 0 {
			st[p].done, st[p].why = true, fmt.Sprintf("%d rows have a probability of exactly 0 or 1, whose log-odds are infinite: see brier or ece", n)
		}
	}
	for range most {
		left := false
		for p := range st {
			st[p].g0, st[p].g1, st[p].h00, st[p].h01, st[p].h11 = 0, 0, 0, 0, 0
			left = left || !st[p].done
		}
		if !left || ctx.Err() != nil {
			break
		}
		for i := range s.r.N {
			p := s.of(i)
			if p < 0 || st[p].done {
				continue
			}
			st[p].add(s.weight(i), float64(s.r.Class[i]), z[i])
		}
		for p := range st {
			if !st[p].done {
				st[p].step(both)
			}
		}
	}
	for p := range st {
		if !st[p].done {
			st[p].why = "no finite fit: the scores separate the classes, or nearly"
		}
	}
	return st
}

func (t *state) add(w, y, z float64) {
	mu := 1 / (1 + math.Exp(-(t.a + t.b*z)))
	r, v := w*(y-mu), w*mu*(1-mu)
	t.g0, t.g1 = t.g0+r, t.g1+r*z
	t.h00, t.h01, t.h11 = t.h00+v, t.h01+v*z, t.h11+v*z*z
}

func (t *state) step(both bool) {
	var da, db float64
	if det := t.h00*t.h11 - t.h01*t.h01; both && det > 1e-12*t.h00*t.h11 {
		da, db = (t.h11*t.g0-t.h01*t.g1)/det, (t.h00*t.g1-t.h01*t.g0)/det
	} else if both {
		t.done, t.why = true, "the scores are constant: no slope"
		return
	} else {
		da = t.g0 / t.h00
	}
	// Far from the solution a full step overshoots: one that turns back is cut, and those
	// after it.
	if da*t.da+db*t.db < 0 {
		t.limit /= 2
	}
	if size := math.Max(math.Abs(da), math.Abs(db)); size > t.limit {
		da, db = da*t.limit/size, db*t.limit/size
	}
	t.da, t.db = da, db
	t.a, t.b = t.a+da, t.b+db
	switch {
	case math.IsNaN(t.a) || math.IsNaN(t.b) || math.Abs(t.b) > runaway || math.Abs(t.a) > runaway:
		t.done, t.why = true, "no finite fit: the scores separate the classes, or nearly"
	case math.Abs(da) <= converged*(1+math.Abs(t.a)) && math.Abs(db) <= converged*(1+math.Abs(t.b)):
		t.done = true
	}
}

// influence of a row on the shift, or on the slope: the score through the inverse
// information.
func (t *state) influence(w, y, z float64, slope bool) float64 {
	r := w * (y - 1/(1+math.Exp(-(t.a+t.b*z))))
	if !slope {
		return r / t.h00
	}
	return (t.h00*r*z - t.h01*r) / (t.h00*t.h11 - t.h01*t.h01)
}

// errors sums squares and products of the influences, and the influences by cluster.
func (s *slot) errors(pops []*summary.Population, shift, slope [][]state) {
	entries := make([]map[uint64]int, s.size)
	for p := range s.size {
		pop := pops[s.base+p]
		if pop.Blocks != nil {
			entries[p] = map[uint64]int{}
			for i, id := range pop.Blocks.ID {
				entries[p][id] = i
			}
		}
		for m := range s.r.Models {
			x := &pop.Fit.Models[m]
			if shift[m] == nil {
				x.WhyShift, x.WhySlope = "the model gives no scores", "the model gives no scores"
				continue
			}
			x.Shift, x.WhyShift = shift[m][p].a, shift[m][p].why
			x.Slope, x.Intercept, x.WhySlope = slope[m][p].b, slope[m][p].a, slope[m][p].why
			if x.WhyShift != "" {
				x.Shift = 0
			}
			if x.WhySlope != "" {
				x.Slope, x.Intercept = 0, 0
			}
			if pop.Blocks != nil {
				x.ShiftBlocks, x.SlopeBlocks = make([]float64, len(pop.Blocks.ID)), make([]float64, len(pop.Blocks.ID))
			}
		}
	}
	s.information(shift, slope)
	one := make([][2]float64, len(s.r.Models))
	for i := range s.r.N {
		p := s.of(i)
		if p < 0 {
			continue
		}
		w, y := s.weight(i), float64(s.r.Class[i])
		f := pops[s.base+p].Fit
		for m := range s.r.Models {
			one[m] = [2]float64{}
			if shift[m] == nil {
				continue
			}
			z := s.logits[m][i]
			if t := &shift[m][p]; t.why == "" {
				one[m][0] = t.influence(w, y, z, false)
			}
			if t := &slope[m][p]; t.why == "" {
				one[m][1] = t.influence(w, y, z, true)
			}
			f.Models[m].ShiftVar += one[m][0] * one[m][0]
			f.Models[m].SlopeVar += one[m][1] * one[m][1]
			if entries[p] != nil {
				id := s.r.ClusterHash[s.r.Cluster[i]]
				if !pops[s.base+p].Blocks.Exact {
					id %= summary.BlockCount
				}
				k := entries[p][id]
				f.Models[m].ShiftBlocks[k] += one[m][0]
				f.Models[m].SlopeBlocks[k] += one[m][1]
			}
		}
		for k := range f.Pairs {
			x := &f.Pairs[k]
			x.Shift += one[x.A][0] * one[x.B][0]
			x.Slope += one[x.A][1] * one[x.B][1]
		}
	}
}

// information is made once more at the solution, where the last step left it.
func (s *slot) information(shift, slope [][]state) {
	all := append(append([][]state(nil), shift...), slope...)
	for _, st := range all {
		for p := range st {
			st[p].g0, st[p].g1, st[p].h00, st[p].h01, st[p].h11 = 0, 0, 0, 0, 0
		}
	}
	for i := range s.r.N {
		p := s.of(i)
		if p < 0 {
			continue
		}
		for k, st := range all {
			if st != nil && st[p].why == "" {
				st[p].add(s.weight(i), float64(s.r.Class[i]), s.logits[k%len(shift)][i])
			}
		}
	}
}
