package order

import (
	"context"
	"math"
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

// rank walks every model's score. The baseline goes first and leaves in each row's
// line, by slot, the doubled count of the other class below it (exact) and its AP
// value (X, or −H2 for a negative, as float32): what a paired covariance needs.
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
	lines := make([]array[uint64], len(groups))
	defer func() {
		for g := range groups {
			lines[g].free()
		}
	}()
	paired := r.Baseline >= 0 && len(r.Models) > 1 && e == nil
	var wg sync.WaitGroup
	for g, group := range groups {
		wg.Go(func() { lines[g] = pack(r, group, paired) })
	}
	wg.Wait()
	w := &sorter{workers: workers}
	defer w.free()
	base := make([][]state, len(groups)) // the baseline's sums, for the covariances
	for _, m := range order {
		s, err := w.sort(ctx, r.Models[m].Score)
		if err != nil {
			return err
		}
		for g, group := range groups {
			wg.Go(func() {
				k := walk{r: r, s: s, group: group, lines: lines[g].v, codeWords: codeWords(len(group)), words: words(len(group), paired),
					reading: paired && m != r.Baseline, writing: paired && m == r.Baseline, e: e}
				k.start(pops)
				k.run(ctx)
				k.finish(pops, m)
				if k.reading {
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

// A row's line holds what a group's walk needs of it, so that one memory access brings
// all: its label and its codes in the group's slots (16 bits each, four to a word;
// overall has no code), then, when models are paired, a word a slot that the baseline
// leaves for the others.

func codeWords(slots int) int { return (slots + 4) / 4 }

func words(slots int, paired bool) int {
	if paired {
		return codeWords(slots) + slots
	}
	return codeWords(slots)
}

func pack(r *rows.Rows, group []slot, paired bool) array[uint64] {
	stride := words(len(group), paired)
	a := newArray[uint64](r.N * stride)
	// One pass writes all words of a line; a word's four parts are the label or a
	// slot's codes, or nothing.
	for word := range codeWords(len(group)) {
		var part [4][]uint16
		for q := range part {
			switch k := 4*word + q - 1; {
			case k < 0:
				part[q] = r.Class
			case k < len(group) && group[k].part >= 0:
				part[q] = r.Parts[group[k].part].Code
			}
		}
		for i := range r.N {
			var v uint64
			for q, p := range part {
				if p != nil {
					v |= uint64(p[i]) << (16 * q)
				}
			}
			a.v[i*stride+word] = v
		}
	}
	return a
}

// walk is one worker's slots on one score.
type walk struct {
	r                *rows.Rows
	s                *sorted
	group            []slot
	lines            []uint64
	codeWords, words int
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

// run visits the rows from the lowest score up. Lines are gathered a block ahead, so
// that the memory accesses overlap; a block never cuts a tie group.
func (k *walk) run(ctx context.Context) {
	n := k.r.N
	near := make([]uint64, gather*k.words)
	for from := 0; from < n; {
		if ctx.Err() != nil {
			return
		}
		to := min(from+gather, n)
		for to < n && k.s.tie(to) && to-from > 1 {
			to--
		}
		for to < n && k.s.tie(to) { // one tie group that does not fit a block
			to++
		}
		if need := (to - from) * k.words; need > len(near) {
			near = make([]uint64, need)
		}
		k.fetch(near, from, to)
		for i := from; i < to; {
			j := i + 1
			for j < to && k.s.tie(j) {
				j++
			}
			if j == i+1 {
				k.single(int(k.s.row(i)), near[(i-from)*k.words:(i-from+1)*k.words], k.s.value(i))
			} else {
				k.tied(i, j, near[(i-from)*k.words:], k.s.value(i))
			}
			i = j
		}
		if k.writing {
			k.store(near, from, to)
		}
		from = to
	}
}

// fetch copies the lines of sorted places [from, to). Loops over a few words beat
// calls of copy here: the calls keep the accesses from overlapping.
func (k *walk) fetch(near []uint64, from, to int) {
	w := k.words
	for i := from; i < to; i++ {
		row := int(k.s.row(i))
		into, line := near[(i-from)*w:(i-from+1)*w], k.lines[row*w:row*w+w]
		for c := range into {
			into[c] = line[c]
		}
	}
}

func (k *walk) store(near []uint64, from, to int) {
	w, c0 := k.words, k.codeWords
	for i := from; i < to; i++ {
		row := int(k.s.row(i))
		line, out := k.lines[row*w:row*w+w], near[(i-from)*w:(i-from+1)*w]
		for c := c0; c < w; c++ {
			line[c] = out[c]
		}
	}
}

// code of a line's slot.
func code(line []uint64, slot int) uint16 { return uint16(line[(slot+1)/4] >> (16 * ((slot + 1) % 4))) }

func positive(line []uint64) bool { return uint16(line[0]) == 1 }

// population of a row in a slot, or −1.
func (k *walk) at(slot int, line []uint64) int {
	c := code(line, slot)
	if c == noSlice {
		return -1
	}
	return k.first[slot] + int(c)
}

// single is a row whose score no other row has.
func (k *walk) single(row int, line []uint64, score float64) {
	positive := positive(line)
	for slot := range k.group {
		c := code(line, slot)
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
		k.visit(t, line, row, slot, positive, 2*(t.below-t.belowPos), 2*t.belowPos)
		t.sum += score
		t.below++
		if positive {
			t.belowPos++
		}
	}
}

// tied is a group of rows of one score.
func (k *walk) tied(from, to int, lines []uint64, score float64) {
	w := k.words
	for i := range to - from {
		c := lines[i*w : (i+1)*w]
		for slot := range k.group {
			if p := k.at(slot, c); p >= 0 {
				if positive(c) {
					k.st[p].pendPos++
				} else {
					k.st[p].pendNeg++
				}
			}
		}
	}
	for i := range to - from {
		c := lines[i*w : (i+1)*w]
		row := int(k.s.row(from + i))
		for slot := range k.group {
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
			k.visit(t, c, row, slot, positive(c), 2*(t.below-t.belowPos)+t.pendNeg, 2*t.belowPos+t.pendPos)
		}
	}
	for i := range to - from {
		c := lines[i*w : (i+1)*w]
		for slot := range k.group {
			p := k.at(slot, c)
			if p < 0 {
				continue
			}
			t := &k.st[p]
			t.sum += score
			t.below++
			if positive(c) {
				t.belowPos++
			}
			t.pendPos, t.pendNeg = 0, 0
		}
	}
}

// visit adds one row's values: negBelow and posBelow are doubled counts, ties as one.
func (k *walk) visit(t *state, line []uint64, row, slot int, positive bool, negBelow, posBelow uint32) {
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
		line[k.codeWords+slot] = uint64(place)<<32 | uint64(math.Float32bits(float32(ap)))
	case k.reading:
		b := line[k.codeWords+slot]
		basePlace := float64(b >> 32)
		if positive {
			t.c10 += v * (basePlace*t.perNeg - 0.5)
		} else {
			t.c01 += v * (basePlace*t.perPos - 0.5)
		}
		t.cap += ap * float64(math.Float32frombits(uint32(b)))
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
