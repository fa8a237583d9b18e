package order

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// state is one population on the walk of one score from below. Its first 64 bytes are
// all that a negative needs: between two positives nothing else of it changes, so that
// negatives are summed up when the next positive comes (flush).
type state struct {
	below    uint32  // rows strictly below
	next     uint32  // rank at which the next calibration bin begins
	kept     uint32  // what the baseline leaves for a negative here
	split    split   // how kept values of this population are laid out
	sum      float64 // Σ score so far, for the calibration bins
	runPlace uint64  // Σ of the baseline's places and AP values over the negatives since
	runAP    float64 // the last positive
	belowPos uint32
	seen     uint32  // negatives below that are summed up
	h1, h2   float64 // Σ k⁺/N and Σ k⁺·TP/N² over the tie groups so far

	n, pos         uint32
	perPos, perNeg float64 // 1/(2·Pos), 1/(2·Neg); 0 without the class

	u2       uint64  // Σ over positives of 2·(negatives below + ½ tied)
	q10, q01 float64 // Σ (V − ½)² over positives, negatives
	ap       float64 // Σ over positives of precision
	x        float64 // Σ over positives of X = P + H1 − H2
	xx       float64 // Σ X² over positives + Σ H2² over negatives

	c10, c01, cap float64 // Σ of products with the baseline's values
	ks            int64   // see gap: the largest

	pendNeg, pendPos uint32  // the current tie group
	prec             float64 // its precision
	stamp            int
	more             *rest
}

// rest is what is seldom needed of a state.
type rest struct {
	bin              int // the calibration bin that is filled
	binBelow, binPos uint32
	binSum           float64
	bins             [summary.CalibrationBins]summary.Bin

	e10, e01, eAP []float64 // by entry of Blocks: Σ V10·2Neg, Σ place·, Σ X; nil without clusters
}

// rank walks every model's score. The baseline goes first and leaves in each row's
// line, by slot, what a paired covariance needs (see split).
func rank(ctx context.Context, r *rows.Rows, pops []*summary.Population, e entries, workers int, cut *cutter) error {
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
	defer lines.v.free()
	w := &sorter{workers: workers}
	defer w.free()
	base := make([][]state, len(groups)) // the baseline's sums, for the covariances
	for _, m := range order {
		s, err := w.sort(ctx, r.Models[m].Score, r.Class)
		if err != nil {
			return err
		}
		if cut != nil {
			cut.model(m, s)
		}
		walks := make([]*walk, len(groups))
		for g, group := range groups {
			walks[g] = &walk{s: s, group: group, lines: &lines, reading: paired && m != r.Baseline, writing: paired && m == r.Baseline, e: e}
			walks[g].start(pops)
		}
		b := &march{s: s, lines: lines, workers: workers}
		if err := b.run(ctx, r.N, walks); err != nil {
			return err
		}
		same := paired && slices.Equal(r.Models[m].Score, r.Models[r.Baseline].Score)
		for g, k := range walks {
			k.finish(pops, m)
			if k.reading {
				k.pair(pops, m, r.Baseline, base[g], same)
			}
			if m == r.Baseline {
				base[g] = k.st
			}
		}
	}
	return nil
}

// block is a stretch of the sorted order that all workers walk together: they share
// the fetching of its lines, then each walks its own slots over the whole of it, then
// they share the writing back. A block never cuts a tie group, so its ends, and with
// them every sum, are the same for any number of workers.
type block struct {
	from, to int
	score    []float64  // of the sorted order
	codes    []uint32   // of each row: its code words
	kept     [][]uint32 // by slot, then row: apart, so that workers do not write to one cache line
}

const blockRows = 4096

// march takes all blocks through their three stages. While one is walked, the next is
// fetched and the one before is written back, so that workers meet once a block.
type march struct {
	s       *sorted
	lines   lines
	workers int
}

func (m *march) run(ctx context.Context, n int, walks []*walk) error {
	var ring [3]block
	for i := range ring {
		ring[i].kept = make([][]uint32, m.lines.words-m.lines.codeWords)
	}
	load := func(b *block, from int) {
		b.from, b.to = from, min(from+blockRows, n)
		for b.to < n && m.s.tie(b.to) {
			b.to++
		}
		b.score = m.s.score[b.from:b.to]
		if rows := b.to - b.from; rows*m.lines.codeWords > len(b.codes) {
			b.codes = make([]uint32, rows*m.lines.codeWords)
			for i := range b.kept {
				b.kept[i] = make([]uint32, rows)
			}
		}
	}
	load(&ring[0], 0)
	share(m.workers, ring[0].to, func(_, from, to int) { m.fetch(&ring[0], from, to) })
	for step := 0; ; step++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		before, now, after := &ring[(step+2)%3], &ring[step%3], &ring[(step+1)%3]
		write := step > 0 && walks[0].writing
		if now.from == now.to && !write {
			return nil
		}
		load(after, now.to)
		share(m.workers, m.workers, func(w, _, _ int) {
			if w < len(walks) {
				walks[w].block(m.s, now, m.lines.codeWords)
			}
			portion(w, m.workers, after.to-after.from, func(from, to int) { m.fetch(after, from, to) })
			if write {
				portion(w, m.workers, before.to-before.from, func(from, to int) { m.store(before, from, to) })
			}
		})
		if now.from == now.to {
			return nil
		}
	}
}

// portion is the w-th worker's part of n rows.
func portion(w, workers, n int, f func(from, to int)) {
	if from, to := w*n/workers, (w+1)*n/workers; from < to {
		f(from, to)
	}
}

// share splits n items among the workers.
func share(workers, n int, f func(w, from, to int)) {
	var wg sync.WaitGroup
	for w := range workers {
		portion(w, workers, n, func(from, to int) { wg.Go(func() { f(w, from, to) }) })
	}
	wg.Wait()
}

// fetch copies the lines of the block's rows [from, to). A short loop that only touches
// them goes ahead, so that as many memory accesses as the machine can hold overlap; plain
// loops beat calls of copy for the same reason.
func (m *march) fetch(b *block, from, to int) {
	w, cw, lines := m.lines.words, m.lines.codeWords, m.lines.v.v
	const ahead = 128
	for start := from; start < to; start += ahead {
		end := min(start+ahead, to)
		sorted := m.s.rows[b.from+start : b.from+end]
		touched := uint32(0)
		for _, r := range sorted {
			touched |= lines[int(r&rowBits)*w]
		}
		for k, r := range sorted {
			i, row := start+k, int(r&rowBits)
			line, into := lines[row*w:row*w+w], b.codes[i*cw:(i+1)*cw]
			for c := range into {
				into[c] = line[c]
			}
			for slot, kept := range b.kept {
				kept[i] = line[cw+slot]
			}
		}
		if touched == ^uint32(0) { // never, but the touching must not be optimised away
			runtime.Gosched()
		}
	}
}

func (m *march) store(b *block, from, to int) {
	w, cw, lines := m.lines.words, m.lines.codeWords, m.lines.v.v
	for i := from; i < to; i++ {
		row := int(m.s.row(b.from + i))
		line := lines[row*w : row*w+w]
		for slot, kept := range b.kept {
			line[cw+slot] = kept[i]
		}
	}
}

// walk is one worker's slots on one score.
type walk struct {
	s                *sorted
	lines            *lines
	group            []slot
	reading, writing bool
	e                entries
	st               []state // the group's populations
	first            []int   // of each slot in st
	at               []place // of each slot in a line
	views            []view  // of each slot in the block at hand
}

func (k *walk) start(pops []*summary.Population) {
	for _, s := range k.group {
		k.at = append(k.at, k.lines.place(s.part+1))
		k.first = append(k.first, len(k.st))
		for i := range s.size {
			p := pops[s.base+i]
			t := state{n: uint32(p.N), more: &rest{}}
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
				t.more.e10, t.more.e01, t.more.eAP = make([]float64, b), make([]float64, b), make([]float64, b)
			}
			t.split = splitOf(t.pos, t.n-t.pos)
			t.next, t.kept = t.binEnd(), t.split.keep(0, 0)
			k.st = append(k.st, t)
		}
	}
}

// view is what a slot's rows of a block need, side by side.
type view struct {
	word       int
	shift      uint32
	mask, none uint32
	st         []state
	kept       []uint32
}

// block walks the group's slots over a block, from the lowest score up.
func (k *walk) block(s *sorted, b *block, cw int) {
	n := b.to - b.from
	k.views = k.views[:0]
	for i, at := range k.at {
		v := view{word: at.word, shift: uint32(at.shift), mask: at.mask, none: at.none, st: k.st[k.first[i]:][:k.group[i].size]}
		if len(b.kept) > 0 {
			v.kept = b.kept[at.slot]
		}
		k.views = append(k.views, v)
	}
	for i := 0; i < n; {
		j := i + 1
		for j < n && s.tie(b.from+j) {
			j++
		}
		line := b.codes[i*cw : (i+1)*cw]
		switch {
		case j > i+1 || k.e != nil:
			k.tied(b, cw, i, j)
		case positive(line):
			k.positive(b, i, line)
		default:
			k.negative(b, i, line)
		}
		i = j
	}
}

func positive(line []uint32) bool { return line[0]&1 == 1 }

// negative is the block's i-th row, whose score no other row has.
func (k *walk) negative(b *block, i int, line []uint32) {
	score, writing, reading := b.score[i], k.writing, k.reading
	for x := range k.views {
		v := &k.views[x]
		c := line[v.word] >> (v.shift & 31) & v.mask
		if c == v.none {
			continue
		}
		t := &v.st[c]
		if t.below >= t.next {
			t.turn()
		}
		switch {
		case reading:
			base := v.kept[i]
			t.runPlace += uint64(base >> (t.split.ap & 31))
			t.runAP += t.split.value(base)
		case writing:
			v.kept[i] = t.kept
		}
		t.sum += score
		t.below++
	}
}

// positive is the same for a positive row.
func (k *walk) positive(b *block, i int, line []uint32) {
	score := b.score[i]
	for x := range k.views {
		w := &k.views[x]
		c := line[w.word] >> (w.shift & 31) & w.mask
		if c == w.none {
			continue
		}
		t := &w.st[c]
		if t.below >= t.next {
			t.turn()
		}
		t.flush()
		t.gap() // it grows with every negative, so it is largest before a positive
		inv := 1 / float64(t.n-t.below)
		t.prec = float64(t.pos-t.belowPos) * inv
		t.h1 += inv
		t.h2 += t.prec * inv
		place := 2 * (t.below - t.belowPos)
		t.u2 += uint64(place)
		v := float64(place)*t.perNeg - 0.5
		t.q10 += v * v
		t.ap += t.prec
		ap := t.prec + t.h1 - t.h2
		t.x += ap
		t.xx += ap * ap
		switch {
		case k.writing:
			w.kept[i] = t.split.keep(place, ap)
		case k.reading:
			base := w.kept[i]
			t.c10 += v * (t.split.places(uint64(base>>(t.split.ap&31)), 1)*t.perNeg - 0.5)
			t.cap += ap * t.split.value(base)
		}
		t.sum += score
		t.below++
		t.belowPos++
		t.gap() // or, the other way round, after one
		t.kept = t.split.keep(2*t.belowPos, t.h2)
	}
}

// flush sums up the negatives since the last positive or tie group.
func (t *state) flush() {
	m := float64(t.below - t.belowPos - t.seen)
	if m == 0 {
		return
	}
	t.seen = t.below - t.belowPos
	v := float64(2*t.belowPos)*t.perPos - 0.5
	t.q01 += m * v * v
	t.xx += m * t.h2 * t.h2
	t.c01 += v * (t.split.places(t.runPlace, m)*t.perPos - 0.5*m)
	t.cap += t.h2 * t.runAP
	t.runPlace, t.runAP = 0, 0
}

// tied is the block's rows [from, to), all of one score.
func (k *walk) tied(b *block, cw, from, to int) {
	score, stamp := b.score[from], b.from+from+1
	each := func(f func(t *state, i, slot int, positive bool)) {
		for i := from; i < to; i++ {
			line := b.codes[i*cw : (i+1)*cw]
			for slot, at := range k.at {
				if c := line[at.word] >> at.shift & at.mask; c != at.none {
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
			t.flush()
			t.gap()
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
		t.seen, t.kept = t.below-t.belowPos, t.split.keep(2*t.belowPos, t.h2)
	})
	each(func(t *state, _, _ int, _ bool) { t.gap() })
}

// gap is the distance of the distribution functions of the two classes here, times the
// rows of both.
func (t *state) gap() {
	neg, pos := int64(t.below-t.belowPos), int64(t.belowPos)
	d := neg*int64(t.pos) - pos*int64(t.n-t.pos)
	t.ks = max(t.ks, d, -d)
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
		b.kept[slot][i] = t.split.keep(place, math.Abs(ap))
	case k.reading:
		base := b.kept[slot][i]
		basePlace, baseAP := t.split.places(uint64(base>>t.split.ap), 1), t.split.value(base)
		if !positive {
			baseAP = -baseAP
		}
		if positive {
			t.c10 += v * (basePlace*t.perNeg - 0.5)
		} else {
			t.c01 += v * (basePlace*t.perPos - 0.5)
		}
		t.cap += ap * baseAP
	}
	if k.e != nil {
		en, e := k.e[slot][k.s.row(b.from+i)], t.more
		if positive {
			e.e10[en] += float64(place)
		} else {
			e.e01[en] += float64(place)
		}
		e.eAP[en] += ap
	}
}

// turn closes the calibration bins that end before the current rank.
func (t *state) turn() {
	for t.below >= t.next {
		t.closeBin()
	}
}

// binEnd is the first rank of the next bin; no rank is it in the last.
func (t *state) binEnd() uint32 {
	if t.more.bin >= summary.CalibrationBins-1 {
		return math.MaxUint32
	}
	return uint32((uint64(t.more.bin+1)*uint64(t.n) + summary.CalibrationBins - 1) / summary.CalibrationBins)
}

func (t *state) closeBin() {
	r := t.more
	r.bins[r.bin] = summary.Bin{N: int64(t.below - r.binBelow), Pos: int64(t.belowPos - r.binPos), SumScore: t.sum - r.binSum}
	r.binBelow, r.binPos, r.binSum = t.below, t.belowPos, t.sum
	r.bin++
	t.next = t.binEnd()
}
