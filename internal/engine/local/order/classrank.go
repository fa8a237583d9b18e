package order

import (
	"context"
	"fmt"
	"sync"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// MaxClasses bounds one-vs-rest AUC: each class costs a sort and a walk a model.
const MaxClasses = 64

// classRank walks every class of every model. A row's influence on the macro average
// is summed over the classes, slot by slot; its squares give the variance.
func classRank(ctx context.Context, r *rows.Rows, pops []*summary.Population, e entries, workers int) error {
	classes := len(r.Classes)
	if classes > MaxClasses {
		return &engine.DataError{Msg: fmt.Sprintf("roc_auc over %d classes: one-vs-rest needs a walk for each, and at most %d are built", classes, MaxClasses),
			Hint: "remove roc_auc from metrics, or merge rare classes"}
	}
	c := &classWalk{r: r, pops: pops, all: slots(r), workers: workers, support: classSupport(pops, classes)}
	for _, p := range pops {
		p.ClassRank = &summary.ClassRank{Models: make([]summary.ClassRankModel, len(r.Models))}
		for m := range p.ClassRank.Models {
			p.ClassRank.Models[m] = summary.ClassRankModel{AUC: make([]float64, classes), SE2: make([]float64, classes), Defined: make([]bool, classes)}
		}
	}
	sum := make([][]float64, len(r.Models)) // row × slot, kept for the baseline and the model at hand
	order := []int{}
	if r.Baseline >= 0 {
		order = append(order, r.Baseline)
	}
	for m := range r.Models {
		if m != r.Baseline {
			order = append(order, m)
		}
	}
	for _, m := range order {
		if r.Models[m].Probs == nil {
			continue
		}
		sum[m] = make([]float64, r.N*len(c.all))
		for class := range classes {
			if err := c.class(ctx, m, class, sum[m]); err != nil {
				return err
			}
		}
		var base []float64
		if r.Baseline >= 0 && m != r.Baseline {
			base = sum[r.Baseline]
		}
		c.macro(m, sum[m], base, e)
		if m != r.Baseline {
			sum[m] = nil
		}
	}
	return nil
}

// classSupport counts the rows of each class by population.
func classSupport(pops []*summary.Population, classes int) [][]int64 {
	out := make([][]int64, len(pops))
	for i, p := range pops {
		out[i] = make([]int64, classes)
		for _, c := range p.Counts.Cells {
			out[i][c.Label] += c.N
		}
	}
	return out
}

type classWalk struct {
	r       *rows.Rows
	pops    []*summary.Population
	all     []slot
	workers int
	support [][]int64
}

// tally is one population on the walk of one class.
type tally struct {
	below, belowPos, pendPos, pendNeg float64
	pos, neg                          float64
	u                                 float64 // Σ over positives of V10·Neg
	q10, q01                          float64 // Σ (V − ½)²
}

// class walks one class against the rest and adds V10/(K·Pos) or V01/(K·Neg) to each
// row; the constant that centres them is taken off in macro.
func (c *classWalk) class(ctx context.Context, m, class int, sum []float64) error {
	w := &sorter{workers: c.workers}
	defer w.free()
	s, err := w.sort(ctx, c.r.Models[m].Probs[class], nil)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	work := make(chan int)
	for range max(1, min(c.workers, len(c.all))) {
		wg.Go(func() {
			for at := range work {
				c.slot(s, m, class, at, sum)
			}
		})
	}
	for at := range c.all {
		work <- at
	}
	close(work)
	wg.Wait()
	return ctx.Err()
}

func (c *classWalk) slot(s *sorted, m, class, at int, sum []float64) {
	r, sl := c.r, c.all[at]
	var code []uint16
	if sl.part >= 0 {
		code = r.Parts[sl.part].Code
	}
	st := make([]tally, sl.size)
	for i := range st {
		p := c.pops[sl.base+i]
		st[i].pos = float64(c.support[sl.base+i][class])
		st[i].neg = float64(p.N) - st[i].pos
	}
	of := func(row uint32) *tally {
		if code == nil {
			return &st[0]
		}
		if code[row] == noSlice {
			return nil
		}
		return &st[code[row]]
	}
	k, width := float64(len(r.Classes)), len(c.all)
	for i := 0; i < r.N; {
		j := i + 1
		for j < r.N && s.tie(j) {
			j++
		}
		for x := i; x < j; x++ {
			if t := of(s.row(x)); t != nil {
				if int(r.Class[s.row(x)]) == class {
					t.pendPos++
				} else {
					t.pendNeg++
				}
			}
		}
		for x := i; x < j; x++ {
			row := s.row(x)
			t := of(row)
			if t == nil || t.pos == 0 || t.neg == 0 {
				continue
			}
			if int(r.Class[row]) == class {
				v := t.below - t.belowPos + t.pendNeg/2
				t.u += v
				v /= t.neg
				t.q10 += (v - 0.5) * (v - 0.5)
				sum[int(row)*width+at] += v / (k * t.pos)
			} else {
				v := 1 - (t.belowPos+t.pendPos/2)/t.pos
				t.q01 += (v - 0.5) * (v - 0.5)
				sum[int(row)*width+at] += v / (k * t.neg)
			}
		}
		for x := i; x < j; x++ {
			if t := of(s.row(x)); t != nil {
				t.below += t.pendPos + t.pendNeg
				t.belowPos += t.pendPos
				t.pendPos, t.pendNeg = 0, 0
			}
		}
		i = j
	}
	for i, t := range st {
		x := &c.pops[sl.base+i].ClassRank.Models[m]
		if t.pos == 0 || t.neg == 0 {
			continue
		}
		a := t.u / (t.pos * t.neg)
		x.AUC[class], x.Defined[class] = a, true
		if t.pos > 1 && t.neg > 1 {
			d := (a - 0.5) * (a - 0.5)
			x.SE2[class] = nonNegative(t.q10-t.pos*d)/((t.pos-1)*t.pos) + nonNegative(t.q01-t.neg*d)/((t.neg-1)*t.neg)
		}
	}
}

// macro averages the classes and takes the variance, the covariance with the
// baseline and the sums by cluster from the rows' influences.
func (c *classWalk) macro(m int, sum, base []float64, e entries) {
	r, width := c.r, len(c.all)
	k := float64(len(r.Classes))
	var wg sync.WaitGroup
	for at, sl := range c.all {
		wg.Go(func() {
			centre := make([][]float64, sl.size) // by population and class of the row
			centreBase := make([][]float64, sl.size)
			vars, covs := make([]float64, sl.size), make([]float64, sl.size)
			for i := range sl.size {
				p := sl.base + i
				x := &c.pops[p].ClassRank.Models[m]
				total := 0.0
				for _, a := range x.AUC {
					total += a
				}
				x.Macro = total / k
				centre[i] = c.centre(p, m)
				if base != nil {
					centreBase[i] = c.centre(p, r.Baseline)
				}
				if e != nil {
					x.Blocks = make([]float64, len(c.pops[p].Blocks.ID))
				}
			}
			for row := range r.N {
				i := 0
				if sl.part >= 0 {
					if r.Parts[sl.part].Code[row] == noSlice {
						continue
					}
					i = int(r.Parts[sl.part].Code[row])
				}
				v := sum[row*width+at] - centre[i][r.Class[row]]
				sum[row*width+at] = v
				vars[i] += v * v
				if base != nil { // centred already
					covs[i] += v * base[row*width+at]
				}
				if e != nil {
					c.pops[sl.base+i].ClassRank.Models[m].Blocks[e[at][row]] += v
				}
			}
			for i := range sl.size {
				p := c.pops[sl.base+i]
				f := 1.0
				if p.N > 1 {
					f = float64(p.N) / float64(p.N-1)
				}
				p.ClassRank.Models[m].Var = vars[i] * f
				if base != nil {
					p.ClassRank.Pairs = append(p.ClassRank.Pairs, summary.ClassRankPair{A: m, B: r.Baseline, Cov: covs[i] * f})
				}
			}
		})
	}
	wg.Wait()
}

// centre is what the sum of a row of each class must be reduced by: A_k/(K·Pos_k) for
// its own class, A_k/(K·Neg_k) for the others.
func (c *classWalk) centre(p, m int) []float64 {
	x := c.pops[p].ClassRank.Models[m]
	k, n := float64(len(x.AUC)), float64(c.pops[p].N)
	out := make([]float64, len(x.AUC))
	for class := range out {
		for other, a := range x.AUC {
			pos := float64(c.support[p][other])
			if pos == 0 || pos == n {
				continue
			}
			if other == class {
				out[class] += a / (k * pos)
			} else {
				out[class] += a / (k * (n - pos))
			}
		}
	}
	return out
}
