package order

import (
	"context"
	"sync"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// state is one population on the walk of one score from below. N and TP at a tie
// group are the rows and positives not strictly below it.
type state struct {
	n, pos          uint32
	below, belowPos uint32
	h1, h2          float64 // Σ k⁺/N and Σ k⁺·TP/N² over the tie groups so far
	prec            float64 // TP/N of the current tie group
	perPos, perNeg  float64 // 1/(2·Pos), 1/(2·Neg); 0 without the class

	u2       uint64  // Σ over positives of 2·(negatives below + ½ tied)
	q10, q01 float64 // Σ (V − ½)² over positives, negatives
	ap       float64 // Σ over positives of precision
	x        float64 // Σ over positives of X = P + H1 − H2
	xx       float64 // Σ X² over positives + Σ H2² over negatives

	c10, c01, cap float64 // Σ of products with the baseline's values

	pendNeg, pendPos uint32 // the current tie group
	stamp            int

	sum              float64 // Σ score so far, for the calibration bins
	bin              int
	binBelow, binPos uint32
	binSum           float64
	bins             [summary.CalibrationBins]summary.Bin

	e10, e01, eAP []float64 // by entry of Blocks: Σ V10·2Neg, Σ place·, Σ X; nil without clusters
}

// kept is what a row's baseline walk leaves for the other models: the doubled count
// of the other class below it (exact), and its AP value (X, or −H2 for a negative).
type kept struct {
	place uint32
	ap    float32
}

// rank walks every model's score. The baseline goes first and leaves its values in
// one line a row, so that a paired covariance costs one memory access a row.
func rank(ctx context.Context, r *rows.Rows, pops []*summary.Population, e entries, workers int) error {
	all := slots(r)
	groups := deal(all, workers)
	for _, p := range pops {
		p.Rank = &summary.Rank{Models: make([]summary.RankModel, len(r.Models))}
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
	packed := make([][]uint16, len(groups))
	keep := make([][]kept, len(groups))
	var wg sync.WaitGroup
	for g, group := range groups {
		wg.Go(func() { packed[g] = pack(r, group) })
		if r.Baseline >= 0 && len(r.Models) > 1 && e == nil {
			keep[g] = make([]kept, r.N*len(group))
		}
	}
	wg.Wait()
	w := &sorter{workers: workers}
	base := make([][]state, len(groups)) // the baseline's sums, for the covariances
	for _, m := range order {
		s, err := w.sort(ctx, r.Models[m].Score)
		if err != nil {
			return err
		}
		paired := r.Baseline >= 0 && m != r.Baseline
		for g, group := range groups {
			wg.Go(func() {
				k := walk{r: r, s: s, score: r.Models[m].Score, group: group, packed: packed[g], keep: keep[g], reading: paired && keep[g] != nil, writing: m == r.Baseline && keep[g] != nil, e: e}
				k.start(pops)
				k.run(ctx)
				k.finish(pops, m)
				if paired && keep[g] != nil {
					k.pair(pops, m, r.Baseline, base[g])
				}
				if m == r.Baseline {
					base[g] = k.st
				}
			})
		}
		wg.Wait()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// pack puts a row's label and its codes in the group's slots side by side: overall
// has no code.
func pack(r *rows.Rows, group []slot) []uint16 {
	width := 1 + len(group)
	out := make([]uint16, r.N*width)
	for i := range r.N {
		out[i*width] = r.Class[i]
	}
	for k, s := range group {
		if s.part < 0 {
			continue
		}
		for i, c := range r.Parts[s.part].Code {
			out[i*width+1+k] = c
		}
	}
	return out
}

// walk is one worker's slots on one score.
type walk struct {
	r                *rows.Rows
	s                *sorted
	score            []float64
	group            []slot
	packed           []uint16
	keep             []kept
	reading, writing bool
	e                entries
	st               []state // the group's populations
	first            []int   // of each slot in st
}

func (k *walk) start(pops []*summary.Population) {
	for _, s := range k.group {
		k.first = append(k.first, len(k.st))
		for i := range s.size {
			p := pops[s.base+i]
			t := state{n: uint32(p.N)}
			for _, c := range p.Counts.Cells {
				if c.Label == 1 {
					t.pos += uint32(c.N)
				}
			}
			if t.pos > 0 {
				t.perPos = 1 / (2 * float64(t.pos))
			}
			if neg := t.n - t.pos; neg > 0 {
				t.perNeg = 1 / (2 * float64(neg))
			}
			if k.e != nil {
				b := len(p.Blocks.ID)
				t.e10, t.e01, t.eAP = make([]float64, b), make([]float64, b), make([]float64, b)
			}
			k.st = append(k.st, t)
		}
	}
}

const gather = 256

// run visits the rows from the lowest score up. Codes, labels and kept values are
// gathered a block ahead, so that the memory accesses overlap.
func (k *walk) run(ctx context.Context) {
	n, g := k.r.N, len(k.group)
	width := 1 + g
	codes := make([]uint16, gather*width)
	vals := make([]float64, gather)
	for from := 0; from < n; {
		if ctx.Err() != nil {
			return
		}
		to := min(from+gather, n)
		for to < n && k.s.tie(to) && to-from > 1 { // never cut a tie group, unless it fills the block
			to--
		}
		if to < n && k.s.tie(to) {
			to = k.large(from)
			from = to
			continue
		}
		for i := from; i < to; i++ {
			row := int(k.s.row(i))
			copy(codes[(i-from)*width:(i-from+1)*width], k.packed[row*width:row*width+width])
			vals[i-from] = k.score[row]
		}
		for i := from; i < to; {
			j := i + 1
			for j < to && k.s.tie(j) {
				j++
			}
			if j == i+1 {
				k.single(int(k.s.row(i)), codes[(i-from)*width:(i-from+1)*width], vals[i-from])
			} else {
				k.tied(i, j, codes[(i-from)*width:], vals[i-from])
			}
			i = j
		}
		from = to
	}
}

// large walks one tie group that does not fit a block.
func (k *walk) large(from int) int {
	to := from + 1
	for to < k.r.N && k.s.tie(to) {
		to++
	}
	width := 1 + len(k.group)
	codes := make([]uint16, (to-from)*width)
	for i := from; i < to; i++ {
		row := int(k.s.row(i))
		copy(codes[(i-from)*width:(i-from+1)*width], k.packed[row*width:row*width+width])
	}
	k.tied(from, to, codes, k.score[k.s.row(from)])
	return to
}

// population of a row in a slot, or −1.
func (k *walk) at(slot int, codes []uint16) int {
	c := codes[1+slot]
	if c == noSlice {
		return -1
	}
	return k.first[slot] + int(c)
}

// single is a row whose score no other row has.
func (k *walk) single(row int, codes []uint16, score float64) {
	g := len(k.group)
	positive := codes[0] == 1
	for slot := range g {
		c := codes[1+slot]
		if c == noSlice {
			continue
		}
		t := &k.st[k.first[slot]+int(c)]
		t.turn()
		inv := 1 / float64(t.n-t.below)
		prec := float64(t.pos-t.belowPos) * inv
		if positive {
			t.h1 += inv
			t.h2 += prec * inv
		}
		t.prec = prec
		k.visit(t, row, slot, positive, 2*(t.below-t.belowPos), 2*t.belowPos)
		t.sum += score
		t.below++
		if positive {
			t.belowPos++
		}
	}
}

// tied is a group of rows of one score.
func (k *walk) tied(from, to int, codes []uint16, score float64) {
	g := len(k.group)
	width := 1 + g
	for i := range to - from {
		c := codes[i*width : (i+1)*width]
		for slot := range g {
			if p := k.at(slot, c); p >= 0 {
				if c[0] == 1 {
					k.st[p].pendPos++
				} else {
					k.st[p].pendNeg++
				}
			}
		}
	}
	for i := range to - from {
		c := codes[i*width : (i+1)*width]
		row := int(k.s.row(from + i))
		for slot := range g {
			p := k.at(slot, c)
			if p < 0 {
				continue
			}
			t := &k.st[p]
			if t.stamp != from+1 {
				t.stamp = from + 1
				t.turn()
				inv := 1 / float64(t.n-t.below)
				t.prec = float64(t.pos-t.belowPos) * inv
				t.h1 += float64(t.pendPos) * inv
				t.h2 += float64(t.pendPos) * t.prec * inv
			}
			k.visit(t, row, slot, c[0] == 1, 2*(t.below-t.belowPos)+t.pendNeg, 2*t.belowPos+t.pendPos)
		}
	}
	for i := range to - from {
		c := codes[i*width : (i+1)*width]
		for slot := range g {
			p := k.at(slot, c)
			if p < 0 {
				continue
			}
			t := &k.st[p]
			t.sum += score
			t.below++
			if c[0] == 1 {
				t.belowPos++
			}
			t.pendPos, t.pendNeg = 0, 0
		}
	}
}

// visit adds one row's values: negBelow and posBelow are doubled counts, ties as one.
func (k *walk) visit(t *state, row, slot int, positive bool, negBelow, posBelow uint32) {
	var place uint32
	var v, ap float64
	if positive {
		place = negBelow
		t.u2 += uint64(place)
		v = float64(place)*t.perNeg - 0.5
		t.q10 += v * v
		t.ap += t.prec
		ap = t.prec + t.h1 - t.h2
		t.x += ap
	} else {
		place = posBelow
		v = float64(place)*t.perPos - 0.5
		t.q01 += v * v
		ap = -t.h2
	}
	t.xx += ap * ap
	switch {
	case k.writing:
		k.keep[row*len(k.group)+slot] = kept{place, float32(ap)}
	case k.reading:
		b := k.keep[row*len(k.group)+slot]
		if positive {
			t.c10 += v * (float64(b.place)*t.perNeg - 0.5)
		} else {
			t.c01 += v * (float64(b.place)*t.perPos - 0.5)
		}
		t.cap += ap * float64(b.ap)
	}
	if k.e != nil {
		en := k.e[k.slotIndex(slot)][row]
		if positive {
			t.e10[en] += float64(place)
		} else {
			t.e01[en] += float64(place)
		}
		t.eAP[en] += ap
	}
}

// slotIndex is the slot's place among all slots: overall is 0.
func (k *walk) slotIndex(slot int) int { return k.group[slot].part + 1 }

// turn closes the calibration bins that end before the current rank.
func (t *state) turn() {
	for uint64(t.below)*summary.CalibrationBins >= uint64(t.bin+1)*uint64(t.n) {
		t.closeBin()
	}
}

func (t *state) closeBin() {
	t.bins[t.bin] = summary.Bin{N: int64(t.below - t.binBelow), Pos: int64(t.belowPos - t.binPos), SumScore: t.sum - t.binSum}
	t.binBelow, t.binPos, t.binSum = t.below, t.belowPos, t.sum
	t.bin++
}
