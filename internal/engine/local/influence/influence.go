// Package influence computes functionals of the rows that are neither smooth functions of
// counts nor of means, with the influence of every row on them: errors, covariances and
// sums by cluster follow from that. It refuses functionals that it does not know.
package influence

import (
	"context"
	"fmt"
	"sync"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// sample is one model's rows of one population. weight is never nil, and sums to total.
type sample struct {
	score  []float64
	probs  [][]float64 // by class, then row
	class  []uint16
	target []float64
	weight []float64
	total  float64

	classes []string
	// what a functional leaves beside its parts
	bins  [][]summary.Bin // by class
	steps []summary.Step
}

// functional gives the values of its parts, or why there are none, and writes into e, for
// the first parts and by row, the derivative of the part by the row's weight, times that
// weight.
type functional struct {
	task  cases.Task
	parts int // those with influences
	of    func(s *sample, e [][]float64) (values []float64, why string)
}

// build makes a functional by its name and parameters.
func build(s summary.Spec) (functional, error) {
	name, p, ok := s.Functional()
	switch {
	case ok && name == "partial_auc" && len(p) == 1:
		return functional{task: cases.Binary, parts: 1, of: partialAUC(p[0])}, nil
	case ok && name == "uncertainty":
		return functional{task: cases.Binary, parts: 1, of: uncertainty}, nil
	case ok && name == "corp":
		return functional{task: cases.Binary, parts: 2, of: corp}, nil
	case ok && name == "one_vs_one":
		return functional{task: cases.Multiclass, parts: 1, of: oneVsOne}, nil
	case ok && name == "classwise":
		return functional{task: cases.Multiclass, of: classwise}, nil
	case ok && name == "spearman":
		return functional{task: cases.Regression, parts: 1, of: spearman}, nil
	}
	return functional{}, &engine.DataError{Msg: fmt.Sprintf("the functional %q is not built", s.Terms)}
}

// Summarize adds the functionals among the needs to populations made by package cells for
// the same rows.
func Summarize(ctx context.Context, r *rows.Rows, needs []summary.Spec, pops []*summary.Population, workers int) error {
	for _, s := range needs {
		if s.Kind != summary.KindFunctional {
			continue
		}
		f, err := build(s)
		if err != nil {
			return err
		}
		if f.task != r.Task {
			return &engine.DataError{Msg: fmt.Sprintf("the functional %q is not built for task %s", s.Terms, r.Task)}
		}
		for _, p := range pops {
			p.Functionals = append(p.Functionals, &summary.Functional{Spec: s, Models: make([]summary.FunctionalModel, len(r.Models))})
		}
		work := make(chan piece)
		var wg sync.WaitGroup
		for range max(1, workers) {
			wg.Go(func() {
				for x := range work {
					x.do(ctx, r, f)
				}
			})
		}
		deal(r, pops, work)
		wg.Wait()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// Bytes is the memory that Summarize takes beside the rows themselves: a copy of a
// population's rows for each worker, its order and the influences of two models.
func Bytes(n int64, classes, workers int, needs []summary.Spec) int64 {
	for _, s := range needs {
		if s.Kind == summary.KindFunctional {
			return n * (4 + (150+8*int64(classes))*int64(min(workers, 2))) // the slices of one entry are no more rows than all
		}
	}
	return 0
}

// piece is one population with its rows.
type piece struct {
	pop *summary.Population
	at  []uint32
}

// deal sends every population with its rows, overall first.
func deal(r *rows.Rows, pops []*summary.Population, work chan<- piece) {
	defer close(work)
	all := make([]uint32, r.N)
	for i := range all {
		all[i] = uint32(i)
	}
	work <- piece{pops[0], all}
	base := 1
	for _, p := range r.Parts {
		at := make([][]uint32, len(p.Names))
		for i, c := range p.Codes() {
			if c != rows.None {
				at[c] = append(at[c], uint32(i))
			}
		}
		for c := range at {
			work <- piece{pops[base+c], at[c]}
		}
		base += len(p.Names)
	}
}

// do computes all models of one population, the baseline first.
func (x piece) do(ctx context.Context, r *rows.Rows, f functional) {
	out := x.pop.Functionals[len(x.pop.Functionals)-1]
	entry := x.entries(r)
	var base [][]float64
	order := make([]int, 0, len(r.Models))
	if r.Baseline >= 0 {
		order = append(order, r.Baseline)
	}
	for m := range r.Models {
		if m != r.Baseline {
			order = append(order, m)
		}
	}
	for _, m := range order {
		if ctx.Err() != nil {
			return
		}
		s, ok := x.sample(r, m)
		if !ok {
			out.Models[m].Why = "the model gives no probabilities"
			continue
		}
		e := make([][]float64, f.parts)
		for k := range e {
			e[k] = make([]float64, len(x.at))
		}
		values, why := f.of(s, e)
		if why != "" {
			out.Models[m].Why = why
			continue
		}
		out.Models[m].Parts, out.Models[m].Bins = make([]summary.FunctionalPart, len(values)), s.bins
		if x.pop.Partition < 0 {
			out.Models[m].Steps = s.steps
		}
		for k, v := range values {
			part := &out.Models[m].Parts[k]
			if part.Value = v; k >= f.parts {
				continue
			}
			for _, g := range e[k] {
				part.Var += g * g
			}
			if entry != nil {
				part.Blocks = make([]float64, len(x.pop.Blocks.ID))
				for i, g := range e[k] {
					part.Blocks[entry[i]] += g
				}
			}
		}
		if f.parts == 0 {
			continue
		}
		if m == r.Baseline {
			base = e
		} else if base != nil {
			pair := summary.FunctionalPair{A: m, B: r.Baseline, Cov: make([]float64, f.parts)}
			for k := range e {
				for i, g := range e[k] {
					pair.Cov[k] += g * base[k][i]
				}
			}
			out.Pairs = append(out.Pairs, pair)
		}
	}
}

// sample gathers one model's rows.
func (x piece) sample(r *rows.Rows, m int) (*sample, bool) {
	s := &sample{weight: make([]float64, len(x.at)), classes: r.Classes}
	for i, row := range x.at {
		s.weight[i] = 1
		if r.Weight != nil {
			s.weight[i] = r.Weight[row]
		}
		s.total += s.weight[i]
	}
	pick := func(from []float64) []float64 {
		if from == nil {
			return nil
		}
		to := make([]float64, len(x.at))
		for i, row := range x.at {
			to[i] = from[row]
		}
		return to
	}
	s.score, s.target = pick(r.Models[m].Score), pick(r.Target)
	for _, p := range r.Models[m].Probs {
		s.probs = append(s.probs, pick(p))
	}
	if r.Class != nil {
		s.class = make([]uint16, len(x.at))
		for i, row := range x.at {
			s.class[i] = r.Class[row]
		}
	}
	return s, s.score != nil || s.probs != nil
}

// entries is the place of each row's cluster in the population's Blocks; nil without.
func (x piece) entries(r *rows.Rows) []uint16 {
	if r.Cluster == nil || x.pop.Blocks == nil {
		return nil
	}
	at := make(map[uint64]uint16, len(x.pop.Blocks.ID))
	for k, id := range x.pop.Blocks.ID {
		at[id] = uint16(k)
	}
	out := make([]uint16, len(x.at))
	for i, row := range x.at {
		id := r.ClusterHash[r.Cluster[row]]
		if !x.pop.Blocks.Exact {
			id %= summary.BlockCount
		}
		out[i] = at[id]
	}
	return out
}
