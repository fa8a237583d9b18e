package order

import (
	"context"
	"math"
	"slices"
	"sync"
)

const (
	bucketBits = 11
	buckets    = 1 << bucketBits
	rowMask    = 1<<32 - 1
	labelBit   = 31
	rowBits    = 1<<labelBit - 1
)

// sorted is the rows of one score in ascending order; tie(i) says that the i-th has the
// score of the one before.
type sorted struct {
	rows  []uint32 // in the highest bit the label, where sort was told of it
	score []float64
	codes []array[uint32] // of the rows, in their order
	ties  []uint64        // bit set
}

func (s *sorted) row(i int) uint32    { return s.rows[i] & rowBits }
func (s *sorted) value(i int) float64 { return s.score[i] }

func (s *sorted) tie(i int) bool { return s.ties[i>>6]&(1<<(i&63)) != 0 }

// sorter sorts scores, keeping its buffers from one model to the next.
type sorter struct {
	rows    array[uint32]
	score   array[float64]
	codes   []array[uint32]
	workers int
}

func (w *sorter) free() {
	w.rows.free()
	w.score.free()
	for i := range w.codes {
		w.codes[i].free()
	}
	w.codes = nil
}

// sort orders rows by (score, row). A score becomes a 32-bit key by linear scaling
// between the extremes, which is monotone in floating point; scores and their rows are
// partitioned by the key's top bits, then each part is radix-sorted while it fits the
// cache, and runs of one key are settled by the scores themselves. Scores are finite,
// labels 0 or 1, or nil; codes are words of the rows that go along, as many each time.
func (w *sorter) sort(ctx context.Context, score []float64, label []uint16, codes ...array[uint32]) (*sorted, error) {
	n := len(score)
	if len(w.rows.v) < n {
		w.free()
		w.rows, w.score = newArray[uint32](n), newArray[float64](n)
		for range codes {
			w.codes = append(w.codes, newArray[uint32](n))
		}
	}
	s := &sorted{rows: w.rows.v[:n], score: w.score.v[:n], codes: w.codes, ties: make([]uint64, n/64+1)}
	lo, hi := extremes(score)
	key := scale(lo, hi)
	ranges := w.split(n)
	// Histogram by range, so that the scatter keeps rows in order.
	counts := make([][buckets]int32, len(ranges))
	each(ranges, func(k, from, to int) {
		c := &counts[k]
		for _, x := range score[from:to] {
			c[key.of(x)>>(32-bucketBits)]++
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var start [buckets + 1]int
	for b := range buckets {
		at := start[b]
		for k := range counts {
			c := int(counts[k][b])
			counts[k][b] = int32(at)
			at += c
		}
		start[b+1] = at
	}
	each(ranges, func(k, from, to int) {
		c := &counts[k]
		for i := from; i < to; i++ {
			x := score[i]
			b := key.of(x) >> (32 - bucketBits)
			at := c[b]
			s.score[at], s.rows[at] = x, uint32(i)
			if label != nil {
				s.rows[at] |= uint32(label[i]) << labelBit
			}
			for k := range codes {
				s.codes[k].v[at] = codes[k].v[i]
			}
			c[b]++
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// Buckets are dealt in contiguous groups; the ties of a group are gathered apart,
	// since two groups can share a word of the bit set.
	groups := bucketGroups(start[:], n, w.workers)
	found := make([][]int32, len(groups))
	each(groups, func(k, from, to int) {
		p := part{key: key}
		for b := from; b < to; b++ {
			found[k] = p.sort(s, start[b], start[b+1], found[k])
		}
	})
	for _, f := range found {
		for _, i := range f {
			s.ties[i>>6] |= 1 << (i & 63)
		}
	}
	return s, ctx.Err()
}

// part sorts one bucket at a time; its memory is that of the largest.
type part struct {
	key      scaler
	rec, tmp []uint64 // the key, and in the low half the place in the bucket
	rows     []uint32
	score    []float64
}

// sort orders s from one place to another and appends the places of ties.
func (p *part) sort(s *sorted, from, to int, ties []int32) []int32 {
	n := to - from
	if n > len(p.rec) {
		p.rec, p.tmp, p.rows, p.score = make([]uint64, n), make([]uint64, n), make([]uint32, n), make([]float64, n)
	}
	rows, score := s.rows[from:to], s.score[from:to]
	rec := p.rec[:n]
	for i, x := range score {
		rec[i] = uint64(p.key.of(x))<<32 | uint64(i)
	}
	radix(rec, p.tmp[:n])
	ties = settle(rec, from, score, ties)
	copy(p.rows, rows)
	copy(p.score, score)
	for i, r := range rec {
		rows[i], score[i] = p.rows[uint32(r)], p.score[uint32(r)]
	}
	for _, c := range s.codes {
		words := c.v[from:to]
		copy(p.rows, words)
		for i, r := range rec {
			words[i] = p.rows[uint32(r)]
		}
	}
	return ties
}

func extremes(score []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, s := range score {
		if s < lo {
			lo = s
		}
		if s > hi {
			hi = s
		}
	}
	return lo, hi
}

// scaler maps [lo, hi] monotonely onto 32 bits. The zero scaler maps all onto 0: keys
// are equal, scores decide.
type scaler struct{ half, base, scale float64 }

func scale(lo, hi float64) scaler {
	half := 1.0
	if math.IsInf(hi-lo, 0) { // the range itself overflows
		half = 0.5
	}
	width := hi*half - lo*half
	if !(width > 0) {
		return scaler{}
	}
	base, scale := lo*half, float64(rowMask)/width
	if math.IsInf(scale, 0) { // a range so small that its inverse overflows
		return scaler{}
	}
	return scaler{half, base, scale}
}

func (k scaler) of(s float64) uint32 { return uint32(min((s*k.half-k.base)*k.scale, rowMask)) }

// radix sorts records by the 21 key bits below the bucket's, stably.
func radix(rec, tmp []uint64) {
	if len(rec) < 128 {
		slices.Sort(rec) // (key, row): the same order
		return
	}
	pass := func(from, to []uint64, shift uint, bits uint) {
		var count [1 << 11]int32
		mask := uint64(1)<<bits - 1
		for _, r := range from {
			count[r>>shift&mask]++
		}
		at := int32(0)
		for i := range count[:1<<bits] {
			c := count[i]
			count[i] = at
			at += c
		}
		for _, r := range from {
			k := r >> shift & mask
			to[count[k]] = r
			count[k]++
		}
	}
	pass(rec, tmp, 32, 10)
	pass(tmp, rec, 42, 11)
}

// settle orders runs of one key by score and appends the positions of ties, counted from
// base.
func settle(rec []uint64, base int, score []float64, ties []int32) []int32 {
	for i := 0; i < len(rec); {
		j := i + 1
		for j < len(rec) && rec[j]>>32 == rec[i]>>32 {
			j++
		}
		if j-i > 1 {
			run := rec[i:j]
			slices.SortStableFunc(run, func(a, b uint64) int {
				x, y := score[a&rowMask], score[b&rowMask]
				switch {
				case x < y:
					return -1
				case x > y:
					return 1
				}
				return 0
			})
			for k := 1; k < len(run); k++ {
				if score[run[k]&rowMask] == score[run[k-1]&rowMask] {
					ties = append(ties, int32(base+i+k))
				}
			}
		}
		i = j
	}
	return ties
}

// split cuts n rows into ranges for the workers.
func (w *sorter) split(n int) [][2]int {
	k := max(1, w.workers)
	var out [][2]int
	for i := range k {
		if from, to := i*n/k, (i+1)*n/k; from < to {
			out = append(out, [2]int{from, to})
		}
	}
	return out
}

// bucketGroups cuts the buckets into groups of about equal rows.
func bucketGroups(start []int, n, k int) [][2]int {
	var out [][2]int
	from := 0
	for b := range buckets {
		if start[b+1]-start[from] >= n/k+1 || b == buckets-1 {
			out = append(out, [2]int{from, b + 1})
			from = b + 1
		}
	}
	return out
}

// each runs f over ranges in parallel.
func each(ranges [][2]int, f func(k, from, to int)) {
	var wg sync.WaitGroup
	for k, r := range ranges {
		wg.Go(func() { f(k, r[0], r[1]) })
	}
	wg.Wait()
}
