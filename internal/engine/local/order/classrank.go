package order

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// MaxClasses bounds one-vs-rest AUC: each class costs a sort and a walk a model.
const MaxClasses = 64

// classRank walks every class of every model, the baseline first. A row's influence on
// the macro average is summed over the classes, slot by slot; its squares give the
// variance. Without weights every row has the weight 1.
func classRank(ctx context.Context, r *rows.Rows, pops []*summary.Population, e entries, workers int) error {
	classes := len(r.Classes)
	if classes > MaxClasses {
		return &engine.DataError{Msg: fmt.Sprintf("roc_auc over %d classes: one-vs-rest needs a walk for each, and at most %d are built", classes, MaxClasses),
			Hint: "remove roc_auc from metrics, or merge rare classes"}
	}
	c := &classWalk{r: r, pops: pops, all: slots(r), workers: workers, support: classSupport(pops, classes), e: e, sum: make([][]float64, len(r.Models))}
	var order []int
	if r.Baseline >= 0 {
		order = append(order, r.Baseline)
	}
	for m := range r.Models {
		if m != r.Baseline {
			order = append(order, m)
		}
	}
	for m := range r.Models {
		if r.Models[m].Probs != nil {
			c.sum[m] = make([]float64, r.N*len(c.all))
		}
	}
	if c.paired = r.Baseline >= 0 && len(r.Models) > 1 && e == nil && c.sum[r.Baseline] != nil; c.paired {
		c.base = make([]float64, r.N*len(c.all))
	}
	for _, p := range pops {
		p.ClassRank = &summary.ClassRank{Models: make([]summary.ClassRankModel, len(r.Models))}
		for m := range p.ClassRank.Models {
			p.ClassRank.Models[m] = summary.ClassRankModel{AUC: make([]float64, classes), SE2: make([]float64, classes), Defined: make([]bool, classes)}
			if e != nil {
				p.ClassRank.Models[m].ClassBlocks = make([][]float64, classes)
			}
		}
		for _, m := range order {
			if m != r.Baseline && r.Baseline >= 0 && c.sum[m] != nil {
				p.ClassRank.Pairs = append(p.ClassRank.Pairs, summary.ClassRankPair{A: m, B: r.Baseline, Class: make([]float64, classes)})
			}
		}
	}
	for class := range classes {
		for _, m := range order {
			if c.sum[m] == nil {
				continue
			}
			if err := c.class(ctx, m, class); err != nil {
				return err
			}
		}
	}
	for _, m := range order {
		if c.sum[m] != nil {
			c.macro(m)
		}
	}
	return nil
}

// support is a class's weight in a population.
type support struct{ w, w2 float64 }

func (s support) kish() float64 {
	if s.w2 == 0 {
		return 0
	}
	return s.w * s.w / s.w2
}

// classSupport is Σw and Σw² of each class by population, and of all other classes: not
// by subtraction, whose rounding is not zero.
func classSupport(pops []*summary.Population, classes int) [][][2]support {
	out := make([][][2]support, len(pops))
	for i, p := range pops {
		out[i] = make([][2]support, classes)
		for _, x := range p.Counts.Cells {
			for class := range classes {
				s := &out[i][class][1]
				if int(x.Label) == class {
					s = &out[i][class][0]
				}
				s.w, s.w2 = s.w+x.W, s.w2+x.W2
			}
		}
	}
	return out
}

type classWalk struct {
	r       *rows.Rows
	pops    []*summary.Population
	all     []slot
	workers int
	support [][][2]support // by population and class: its own, the others'
	e       entries
	sum     [][]float64 // by model: row × slot, influence of a unit of weight on the average
	paired  bool
	base    []float64 // row × slot: V − ½ of the baseline for the class at hand
	kept    [][]tally // by slot: the baseline's sums for the class at hand
}

// tally is one population on the walk of one class.
type tally struct {
	below, belowPos, pendPos, pendNeg float64
	pos, neg                          support
	u                                 float64 // Σ over positives of w·V10·Neg
	q10, q01                          float64 // Σ w²(V − ½)²
	m10, m01                          float64 // Σ w²(V − ½)
	c10, c01                          float64 // Σ w²(V − ½)(V − ½ of the baseline)
	entry                             []weightedEntry
}

func (t *tally) auc() float64 { return t.u / (t.pos.w * t.neg.w) }

// variance is DeLong's, from sums about ½ of two models a and b, each class corrected by
// its Kish rows; NaN-free: 0 with one row of a class.
func (t *tally) variance(q10, q01 float64, a, b *tally) float64 {
	m, n := t.pos.kish(), t.neg.kish()
	if !(m > 1+rounding && n > 1+rounding) {
		return 0
	}
	da, db := a.auc()-0.5, b.auc()-0.5
	about := func(q, ma, mb, w2 float64) float64 { return q - da*mb - db*ma + da*db*w2 }
	return about(q10, a.m10, b.m10, t.pos.w2)/(t.pos.w*t.pos.w)*m/(m-1) + about(q01, a.m01, b.m01, t.neg.w2)/(t.neg.w*t.neg.w)*n/(n-1)
}

// class walks one class against the rest and adds V10/(K·Pos) or V01/(K·Neg) to each
// row; the constant that centres them is taken off in macro.
func (c *classWalk) class(ctx context.Context, m, class int) error {
	w := &sorter{workers: c.workers}
	defer w.free()
	s, err := w.sort(ctx, c.r.Models[m].Probs[class], nil)
	if err != nil {
		return err
	}
	if c.paired && m == c.r.Baseline {
		c.kept = make([][]tally, len(c.all))
	}
	var wg sync.WaitGroup
	work := make(chan int)
	for range max(1, min(c.workers, len(c.all))) {
		wg.Go(func() {
			for at := range work {
				c.slot(s, m, class, at)
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

func (c *classWalk) weight(row int) float64 {
	if c.r.Weight == nil {
		return 1
	}
	return c.r.Weight[row]
}

func (c *classWalk) slot(s *sorted, m, class, at int) {
	r, sl := c.r, c.all[at]
	code := codesOf(r, sl)
	st := make([]tally, sl.size)
	for i := range st {
		st[i].pos, st[i].neg = c.support[sl.base+i][class][0], c.support[sl.base+i][class][1]
		if c.e != nil {
			st[i].entry = make([]weightedEntry, len(c.pops[sl.base+i].Blocks.ID))
		}
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
	for i := 0; i < r.N; {
		j := i + 1
		for j < r.N && s.tie(j) {
			j++
		}
		for x := i; x < j; x++ {
			if t := of(s.row(x)); t != nil {
				if int(r.Class[s.row(x)]) == class {
					t.pendPos += c.weight(int(s.row(x)))
				} else {
					t.pendNeg += c.weight(int(s.row(x)))
				}
			}
		}
		for x := i; x < j; x++ {
			if t := of(s.row(x)); t != nil && t.pos.w > 0 && t.neg.w > 0 {
				c.visit(t, int(s.row(x)), m, class, at)
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
	for i := range st {
		c.finish(&st[i], sl.base+i, m, class, at, i)
	}
	if c.paired && m == r.Baseline {
		c.kept[at] = st
	}
}

// visit adds one row to its population.
func (c *classWalk) visit(t *tally, row, m, class, at int) {
	k, width, w := float64(len(c.r.Classes)), len(c.all), c.weight(row)
	cell, own := row*width+at, int(c.r.Class[row]) == class
	var v float64
	if own {
		u := t.below - t.belowPos + t.pendNeg/2
		t.u += w * u
		v = u / t.neg.w
		c.sum[m][cell] += v / (k * t.pos.w)
	} else {
		v = 1 - (t.belowPos+t.pendPos/2)/t.pos.w
		c.sum[m][cell] += v / (k * t.neg.w)
	}
	if t.entry != nil {
		e := &t.entry[c.e[at][row]]
		if own {
			e.v10, e.pos = e.v10+w*v, e.pos+w
		} else {
			e.v01, e.neg = e.v01+w*v, e.neg+w
		}
	}
	d, both := v-0.5, 0.0
	switch {
	case c.paired && m == c.r.Baseline:
		c.base[cell] = d
	case c.paired:
		both = w * w * d * c.base[cell]
	}
	if own {
		t.q10, t.m10, t.c10 = t.q10+w*w*d*d, t.m10+w*w*d, t.c10+both
	} else {
		t.q01, t.m01, t.c01 = t.q01+w*w*d*d, t.m01+w*w*d, t.c01+both
	}
}

// finish writes one class of one model and population.
func (c *classWalk) finish(t *tally, p, m, class, at, i int) {
	if t.pos.w == 0 || t.neg.w == 0 {
		return
	}
	g := c.pops[p].ClassRank
	x := &g.Models[m]
	a := t.auc()
	x.AUC[class], x.Defined[class] = math.Min(1, a), true
	x.SE2[class] = nonNegative(t.variance(t.q10, t.q01, t, t))
	if t.entry != nil {
		x.ClassBlocks[class] = make([]float64, len(t.entry))
		for k, e := range t.entry {
			x.ClassBlocks[class][k] = (e.v10-a*e.pos)/t.pos.w + (e.v01-a*e.neg)/t.neg.w
		}
	}
	if !c.paired || m == c.r.Baseline {
		return
	}
	for k := range g.Pairs {
		if g.Pairs[k].A == m {
			g.Pairs[k].Class[class] = t.variance(t.c10, t.c01, t, &c.kept[at][i])
		}
	}
}

// macro averages the classes and takes the variance, the covariance with the
// baseline and the sums by cluster from the rows' influences.
func (c *classWalk) macro(m int) {
	r, width, sum := c.r, len(c.all), c.sum[m]
	k := float64(len(r.Classes))
	var base []float64
	if r.Baseline >= 0 && m != r.Baseline {
		base = c.sum[r.Baseline]
	}
	var wg sync.WaitGroup
	for at, sl := range c.all {
		wg.Go(func() {
			centre := make([][]float64, sl.size) // by population and class of the row
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
				if c.e != nil {
					x.Blocks = make([]float64, len(c.pops[p].Blocks.ID))
				}
			}
			eachRow(r, sl, func(row, i int) {
				v, w := sum[row*width+at]-centre[i][r.Class[row]], c.weight(row)
				sum[row*width+at] = v
				vars[i] += w * w * v * v
				if base != nil { // centred already
					covs[i] += w * w * v * base[row*width+at]
				}
				if c.e != nil {
					c.pops[sl.base+i].ClassRank.Models[m].Blocks[c.e[at][row]] += w * v
				}
			})
			for i := range sl.size {
				p := c.pops[sl.base+i]
				f := 1.0
				if n := (support{p.W, p.W2}).kish(); n > 1 {
					f = n / (n - 1)
				}
				p.ClassRank.Models[m].Var = vars[i] * f
				for j := range p.ClassRank.Pairs {
					if base != nil && p.ClassRank.Pairs[j].A == m {
						p.ClassRank.Pairs[j].Cov = covs[i] * f
					}
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
	k := float64(len(x.AUC))
	out := make([]float64, len(x.AUC))
	for class := range out {
		for other, a := range x.AUC {
			pos, neg := c.support[p][other][0].w, c.support[p][other][1].w
			if pos == 0 || neg == 0 {
				continue
			}
			if other == class {
				out[class] += a / (k * pos)
			} else {
				out[class] += a / (k * neg)
			}
		}
	}
	return out
}
