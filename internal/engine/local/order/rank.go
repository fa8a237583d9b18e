package order

import (
	"context"
	"math"
	"runtime"
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
	paired := r.Baseline >= 0 && len(r.Models) > 1 && e == nil
	lines := pack(r, all, paired, workers)
	defer lines.free()
	w := &sorter{workers: workers}
	defer w.free()
	base := make([][]state, len(groups)) // the baseline's sums, for the covariances
	for _, m := range order {
		s, err := w.sort(ctx, r.Models[m].Score)
		if err != nil {
			return err
		}
		walks := make([]*walk, len(groups))
		for g, group := range groups {
			walks[g] = &walk{r: r, s: s, group: group, reading: paired && m != r.Baseline, writing: paired && m == r.Baseline, e: e}
			walks[g].start(pops)
		}
		b := &block{s: s, lines: lines.v, codeWords: codeWords(len(all)), words: words(len(all), paired), workers: workers}
		if err := b.run(ctx, r.N, walks); err != nil {
			return err
		}
		for g, k := range walks {
			k.finish(pops, m)
			if k.reading {
				k.pair(pops, m, r.Baseline, base[g])
			}
			if m == r.Baseline {
				base[g] = k.st
			}
		}
	}
	return nil
}

// A row's line holds what the walk needs of it, so that one memory access brings all:
// its label and its codes in the slots (16 bits each, four to a word; overall has no
// code), then, when models are paired, a word a slot that the baseline leaves for the
// others. With five partitions that is one cache line.

func codeWords(slots int) int { return (slots + 4) / 4 }

func words(slots int, paired bool) int {
	if paired {
		return codeWords(slots) + slots
	}
	return codeWords(slots)
}

func pack(r *rows.Rows, all []slot, paired bool, workers int) array[uint64] {
	stride := words(len(all), paired)
	a := newArray[uint64](r.N * stride)
	// A word's four parts are the label or a slot's codes, or nothing.
	parts := make([][4][]uint16, codeWords(len(all)))
	parts[0][0] = r.Class
	for i, s := range all {
		if s.part >= 0 {
			parts[(i+1)/4][(i+1)%4] = r.Parts[s.part].Code
		}
	}
	each((&sorter{workers: workers}).split(r.N), func(_, from, to int) {
		for word, part := range parts {
			for i := from; i < to; i++ {
				var v uint64
				for q, p := range part {
					if p != nil {
						v |= uint64(p[i]) << (16 * q)
					}
				}
				a.v[i*stride+word] = v
			}
		}
	})
	return a
}

// block is a stretch of the sorted order that all workers walk together: they share
// the fetching of its lines, then each walks its own slots over the whole of it, then
// they share the writing back. A block never cuts a tie group, so its ends, and with
// them every sum, are the same for any number of workers.
type block struct {
	s                *sorted
	lines            []uint64
	codeWords, words int
	workers          int

	from, to int
	codes    []uint64   // of each row: its code words
	kept     [][]uint64 // by slot, then row: apart, so that workers do not write to one cache line
}

const blockRows = 4096

func (b *block) run(ctx context.Context, n int, walks []*walk) error {
	slots := b.words - b.codeWords
	b.codes, b.kept = make([]uint64, blockRows*b.codeWords), make([][]uint64, slots)
	for i := range b.kept {
		b.kept[i] = make([]uint64, blockRows)
	}
	var wg sync.WaitGroup
	for b.to < n {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.from, b.to = b.to, min(b.to+blockRows, n)
		for b.to < n && b.s.tie(b.to) {
			b.to++
		}
		if rows := b.to - b.from; rows > len(b.codes)/b.codeWords {
			b.codes = make([]uint64, rows*b.codeWords)
			for i := range b.kept {
				b.kept[i] = make([]uint64, rows)
			}
		}
		b.share(b.fetch)
		for _, k := range walks {
			wg.Go(func() { k.block(b) })
		}
		wg.Wait()
		if walks[0].writing {
			b.share(b.store)
		}
	}
	return nil
}

// share splits the block's rows among the workers.
func (b *block) share(f func(from, to int)) {
	var wg sync.WaitGroup
	n := b.to - b.from
	for w := range b.workers {
		from, to := w*n/b.workers, (w+1)*n/b.workers
		if from < to {
			wg.Go(func() { f(from, to) })
		}
	}
	wg.Wait()
}

// fetch copies the lines of the block's rows [from, to). A short loop that only touches
// them goes ahead, so that as many memory accesses as the machine can hold overlap; plain
// loops beat calls of copy for the same reason.
func (b *block) fetch(from, to int) {
	w, cw := b.words, b.codeWords
	const ahead = 128
	for start := from; start < to; start += ahead {
		end := min(start+ahead, to)
		rec := b.s.rec[b.from+start : b.from+end]
		touched := uint64(0)
		for _, r := range rec {
			touched |= b.lines[int(uint32(r))*w]
		}
		for k, r := range rec {
			i, row := start+k, int(uint32(r))
			line, into := b.lines[row*w:row*w+w], b.codes[i*cw:(i+1)*cw]
			for c := range into {
				into[c] = line[c]
			}
			for slot, kept := range b.kept {
				kept[i] = line[cw+slot]
			}
		}
		if touched == ^uint64(0) { // never, but the touching must not be optimised away
			runtime.Gosched()
		}
	}
}

func (b *block) store(from, to int) {
	w, cw := b.words, b.codeWords
	for i := from; i < to; i++ {
		row := int(b.s.row(b.from + i))
		line := b.lines[row*w : row*w+w]
		for slot, kept := range b.kept {
			line[cw+slot] = kept[i]
		}
	}
}

// walk is one worker's slots on one score.
type walk struct {
	r                *rows.Rows
	s                *sorted
	group            []slot
	reading, writing bool
	e                entries
	st               []state // the group's populations
	first            []int   // of each slot in st
	at               []place // of each slot in a line
}

// place is where a slot's code stands in a line.
type place struct {
	slot  int // among all slots: overall is 0
	word  int
	shift int
}

func (k *walk) start(pops []*summary.Population) {
	for _, s := range k.group {
		at := s.part + 1
		k.at = append(k.at, place{slot: at, word: (at + 1) / 4, shift: 16 * ((at + 1) % 4)})
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

// block walks the group's slots over a block, from the lowest score up.
func (k *walk) block(b *block) {
	n, cw := b.to-b.from, b.codeWords
	for i := 0; i < n; {
		j := i + 1
		for j < n && k.s.tie(b.from+j) {
			j++
		}
		if j == i+1 {
			k.single(b, i, b.codes[i*cw:(i+1)*cw])
		} else {
			k.tied(b, i, j)
		}
		i = j
	}
}

func positive(line []uint64) bool { return uint16(line[0]) == 1 }

// single is the block's i-th row, whose score no other row has.
func (k *walk) single(b *block, i int, line []uint64) {
	positive, score := positive(line), k.s.value(b.from+i)
	for slot, at := range k.at {
		c := uint16(line[at.word] >> at.shift)
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
		k.visit(t, b, i, at.slot, positive, 2*(t.below-t.belowPos), 2*t.belowPos)
		t.sum += score
		t.below++
		if positive {
			t.belowPos++
		}
	}
}

// tied is the block's rows [from, to), all of one score.
func (k *walk) tied(b *block, from, to int) {
	score, stamp := k.s.value(b.from+from), b.from+from+1
	each := func(f func(t *state, i, slot int, positive bool)) {
		for i := from; i < to; i++ {
			line := b.codes[i*b.codeWords : (i+1)*b.codeWords]
			for slot, at := range k.at {
				if c := uint16(line[at.word] >> at.shift); c != noSlice {
					f(&k.st[k.first[slot]+int(c)], i, at.slot, positive(line))
				}
			}
		}
	}
	each(func(t *state, _, _ int, positive bool) {
		if positive {
			t.pendPos++
		} else {
			t.pendNeg++
		}
	})
	each(func(t *state, i, slot int, positive bool) {
		if t.stamp != stamp {
			t.stamp = stamp
			t.turn()
			inv := 1 / float64(t.n-t.below)
			t.prec = float64(t.pos-t.belowPos) * inv
			t.h1 += float64(t.pendPos) * inv
			t.h2 += float64(t.pendPos) * t.prec * inv
		}
		k.visit(t, b, i, slot, positive, 2*(t.below-t.belowPos)+t.pendNeg, 2*t.belowPos+t.pendPos)
	})
	each(func(t *state, _, _ int, positive bool) {
		t.sum += score
		t.below++
		if positive {
			t.belowPos++
		}
		t.pendPos, t.pendNeg = 0, 0
	})
}

// visit adds one row's values: negBelow and posBelow are doubled counts, ties as one.
func (k *walk) visit(t *state, b *block, i, slot int, positive bool, negBelow, posBelow uint32) {
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
		b.kept[slot][i] = uint64(place)<<32 | uint64(math.Float32bits(float32(ap)))
	case k.reading:
		base := b.kept[slot][i]
		basePlace := float64(base >> 32)
		if positive {
			t.c10 += v * (basePlace*t.perNeg - 0.5)
		} else {
			t.c01 += v * (basePlace*t.perPos - 0.5)
		}
		t.cap += ap * float64(math.Float32frombits(uint32(base)))
	}
	if k.e != nil {
		en := k.e[slot][k.s.row(b.from+i)]
		if positive {
			t.e10[en] += float64(place)
		} else {
			t.e01[en] += float64(place)
		}
		t.eAP[en] += ap
	}
}

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
