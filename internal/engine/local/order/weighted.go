package order

import (
	"context"
	"math"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// weighted is one population on the walk of one score from below, with weights in the
// place of counts. Rows are visited in the order of their scores by one worker, so that
// sums have the same bits for any number of them.
type weighted struct {
	pos, neg, pos2, neg2 float64 // Σw and Σw² of each class
	below, belowPos      float64
	h1, h2               float64

	auc          float64 // Σ over positives of w·V10
	s10, s01     float64 // Σ w²(V − ½)²
	m10, m01     float64 // Σ w²(V − ½)
	ap           float64 // Σ over positives of w·precision
	x, xx        float64 // Σ over positives of w²·X, Σ over all of w²·X²
	c10, c01     float64 // Σ w²·(V − ½)·(V − ½ of the baseline)
	cap          float64
	tiePos, tieN float64 // the current tie group, which ends at the row stamp
	prec         float64
	stamp        int
	ks           float64
	bins         [summary.CalibrationBins]summary.Bin

	entry []weightedEntry // by entry of Blocks
}

// tiny stands for a class without weight, whose values are never read.
const tiny = 1e-300

// weightedEntry is a cluster's or block's sums: what turns into influence when the
// population's AUC and average precision are known.
type weightedEntry struct{ v10, v01, pos, neg, x float64 }

// weightedRank is rank with weights: exact, ties as halves, the sandwich errors of rows
// whose weights are given.
func weightedRank(ctx context.Context, r *rows.Rows, pops []*summary.Population, e entries, workers int) error {
	all := slots(r)
	for _, p := range pops {
		p.Rank = &summary.Rank{Models: make([]summary.RankModel, len(r.Models)), Weights: &summary.RankWeights{}}
	}
	order := make([]int, 0, len(r.Models))
	if r.Baseline >= 0 {
		order = append(order, r.Baseline)
	}
	for m := range r.Models {
		if m != r.Baseline {
			order = append(order, m)
		}
	}
	paired := r.Baseline >= 0 && len(r.Models) > 1 && e == nil
	kept := make([][]uint64, len(all)) // by slot and row: V − ½ and X of the baseline
	base := make([][]weighted, len(all))
	w := &sorter{workers: workers}
	defer w.free()
	for _, m := range order {
		s, err := w.sort(ctx, r.Models[m].Score, nil)
		if err != nil {
			return err
		}
		groups := deal(all, workers)
		at := map[int]int{}
		for i, sl := range all {
			at[sl.part] = i
		}
		each(rangesOf(len(groups)), func(g, _, _ int) {
			for _, sl := range groups[g] {
				i := at[sl.part]
				k := weightedWalk{r: r, s: s, slot: sl, writing: paired && m == r.Baseline, reading: paired && m != r.Baseline}
				if e != nil {
					k.entries = e[i]
				}
				if k.writing {
					kept[i] = make([]uint64, r.N)
				}
				k.kept = kept[i]
				st := k.walk(pops)
				if m == r.Baseline {
					base[i] = st
				}
				for c := range st {
					st[c].finish(pops[sl.base+c], m)
					if k.reading {
						pops[sl.base+c].Rank.Pairs = append(pops[sl.base+c].Rank.Pairs, st[c].pair(&base[i][c], m, r.Baseline))
					}
				}
			}
		})
	}
	return ctx.Err()
}

// rangesOf is n ranges of one item each.
func rangesOf(n int) [][2]int {
	out := make([][2]int, n)
	for i := range out {
		out[i] = [2]int{i, i + 1}
	}
	return out
}

// weightedWalk is one slot on one score.
type weightedWalk struct {
	r                *rows.Rows
	s                *sorted
	slot             slot
	reading, writing bool
	kept             []uint64
	entries          []uint16
}

func (k *weightedWalk) walk(pops []*summary.Population) []weighted {
	st := make([]weighted, k.slot.size)
	var code []uint16
	if k.slot.part >= 0 {
		code = k.r.Parts[k.slot.part].Codes()
	}
	of := func(row uint32) *weighted {
		if code == nil {
			return &st[0]
		}
		if c := code[row]; c != noSlice {
			return &st[c]
		}
		return nil
	}
	for i := range k.r.N {
		if t := of(uint32(i)); t != nil {
			w := k.r.Weight[i]
			if k.r.Class[i] == 1 {
				t.pos, t.pos2 = t.pos+w, t.pos2+w*w
			} else {
				t.neg, t.neg2 = t.neg+w, t.neg2+w*w
			}
		}
	}
	if k.entries != nil {
		for c := range st {
			st[c].entry = make([]weightedEntry, len(pops[k.slot.base+c].Blocks.ID))
		}
	}
	for from := 0; from < k.r.N; {
		to := from + 1
		for to < k.r.N && k.s.tie(to) {
			to++
		}
		for i := from; i < to; i++ {
			if row := k.s.row(i); of(row) != nil {
				t := of(row)
				t.tieN += k.r.Weight[row]
				if k.r.Class[row] == 1 {
					t.tiePos += k.r.Weight[row]
				}
			}
		}
		for i := from; i < to; i++ {
			if row := k.s.row(i); of(row) != nil {
				k.visit(of(row), row, to, k.s.value(from))
			}
		}
		for i := from; i < to; i++ {
			if t := of(k.s.row(i)); t != nil && t.tieN > 0 {
				t.below, t.belowPos = t.below+t.tieN, t.belowPos+t.tiePos
				t.tieN, t.tiePos = 0, 0
				if t.pos > 0 && t.neg > 0 {
					t.ks = math.Max(t.ks, math.Abs(t.belowPos/t.pos-(t.below-t.belowPos)/t.neg))
				}
			}
		}
		from = to
	}
	return st
}

// bin adds a row to the calibration bin in which its tie group starts.
func (t *weighted) bin(w, score float64, positive bool) {
	n := summary.CalibrationBins
	b := &t.bins[min(n-1, int(float64(n)*t.below/(t.pos+t.neg)*(1+rounding)))]
	b.N++
	b.W, b.W2, b.SumScore = b.W+w, b.W2+w*w, b.SumScore+w*score
	if positive {
		b.Pos++
		b.WPos += w
	}
}

// visit adds one row; the first of its tie group moves the threshold to it.
func (k *weightedWalk) visit(t *weighted, row uint32, stamp int, score float64) {
	w := k.r.Weight[row]
	if w == 0 {
		return
	}
	if t.stamp != stamp {
		t.stamp = stamp
		inv := 1 / math.Max(t.pos+t.neg-t.below, t.tieN) // rounding must not leave less than the group
		t.prec = math.Max(t.pos-t.belowPos, t.tiePos) * inv
		t.h1 += t.tiePos * inv
		t.h2 += t.tiePos * t.prec * inv
	}
	positive := k.r.Class[row] == 1
	t.bin(w, score, positive)
	var v, x float64
	if positive {
		v = (t.below-t.belowPos+(t.tieN-t.tiePos)/2)/math.Max(t.neg, tiny) - 0.5
		x = t.prec + t.h1 - t.h2
		t.auc += w * (v + 0.5)
		t.s10, t.m10 = t.s10+w*w*v*v, t.m10+w*w*v
		t.ap += w * t.prec
		t.x += w * w * x
	} else {
		v = (t.belowPos+t.tiePos/2)/math.Max(t.pos, tiny) - 0.5
		x = -t.h2
		t.s01, t.m01 = t.s01+w*w*v*v, t.m01+w*w*v
	}
	t.xx += w * w * x * x
	switch {
	case k.writing:
		k.kept[row] = uint64(math.Float32bits(float32(v)))<<32 | uint64(math.Float32bits(float32(x)))
	case k.reading:
		bv, bx := float64(math.Float32frombits(uint32(k.kept[row]>>32))), float64(math.Float32frombits(uint32(k.kept[row])))
		if positive {
			t.c10 += w * w * v * bv
		} else {
			t.c01 += w * w * v * bv
		}
		t.cap += w * w * x * bx
	}
	if k.entries != nil {
		e := &t.entry[k.entries[row]]
		if positive {
			e.v10, e.pos = e.v10+w*(v+0.5), e.pos+w
		} else {
			e.v01, e.neg = e.v01+w*(v+0.5), e.neg+w
		}
		e.x += w * x
	}
}

// finish turns the sums into the summary of one model. V01 is kept as the place among
// the positives, 1 − V01, whose square about 1 − AUC is the same.
func (t *weighted) finish(p *summary.Population, m int) {
	g := p.Rank
	g.Pos, g.Neg = 0, 0
	for _, c := range p.Counts.Cells {
		if c.Label == 1 {
			g.Pos += c.N
		} else {
			g.Neg += c.N
		}
	}
	*g.Weights = summary.RankWeights{Pos: t.pos, Neg: t.neg, Pos2: t.pos2, Neg2: t.neg2}
	x := &g.Models[m]
	x.Bins = append([]summary.Bin(nil), t.bins[:]...)
	if t.pos > 0 {
		x.AP = math.Min(1, t.ap/t.pos)
		x.APSS = nonNegative(t.xx-2*x.AP*t.x+x.AP*x.AP*t.pos2) / (t.pos * t.pos)
	}
	if t.pos > 0 && t.neg > 0 {
		x.AUC, x.KS = math.Min(1, t.auc/t.pos), math.Min(1, t.ks)
		d := x.AUC - 0.5
		x.S10 = nonNegative(t.s10 - 2*d*t.m10 + d*d*t.pos2)
		x.S01 = nonNegative(t.s01 + 2*d*t.m01 + d*d*t.neg2)
	}
	if p.Blocks == nil {
		return
	}
	n := len(t.entry)
	x.AUCBlocks, x.APBlocks = make([]float64, n), make([]float64, n)
	for i, e := range t.entry {
		if t.pos > 0 && t.neg > 0 {
			x.AUCBlocks[i] = (e.v10-x.AUC*e.pos)/t.pos + (e.neg-e.v01-x.AUC*e.neg)/t.neg
		}
		if t.pos > 0 {
			x.APBlocks[i] = (e.x - x.AP*e.pos) / t.pos
		}
	}
}

// pair is the covariance of model m with the baseline b, whose sums are u.
func (t *weighted) pair(u *weighted, m, b int) summary.RankPair {
	out := summary.RankPair{A: m, B: b}
	if t.pos > 0 && t.neg > 0 {
		da, db := t.auc/t.pos-0.5, u.auc/u.pos-0.5
		out.C10 = t.c10 - da*u.m10 - db*t.m10 + da*db*t.pos2
		out.C01 = t.c01 + da*u.m01 + db*t.m01 + da*db*t.neg2
	}
	if t.pos > 0 {
		a, c := t.ap/t.pos, u.ap/u.pos
		out.CAP = (t.cap - c*t.x - a*u.x + a*c*t.pos2) / (t.pos * t.pos)
	}
	return out
}
