package order

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"
	"sync"
)

const (
	bucketBits = 12
	buckets    = 1 << bucketBits
	regionBits = 6 // of them: more streams than that are not written fast
	regions    = 1 << regionBits

	regionBuckets = buckets / regions
	fewestBuckets = 256 // that scores are scaled onto, for few rows; else as many as have
	bucketRows    = 512 // rows each, until all are used
	rowMask       = 1<<32 - 1
)

// record is a row among the sorted: what a walk needs of it lies side by side, so that
// sorting moves one thing.
type record struct {
	score float64
	row   uint32 // or its tag, where sort was given tags
	code  uint32 // the first word of its codes, where sort was given them; else 0
}

// sorted is the rows of one score in ascending order; tie(i) says that the i-th has the
// score of the one before.
type sorted struct {
	rec  []record
	more [][]uint32 // further words of codes, in the same order
	ties []uint64   // bit set

	start [buckets + 1]int // of its buckets
	hits  [buckets]int64   // positives in each, where codes tell
}

func (s *sorted) row(i int) uint32    { return s.rec[i].row }
func (s *sorted) value(i int) float64 { return s.rec[i].score }

func (s *sorted) tie(i int) bool { return s.ties[i>>6]&(1<<(i&63)) != 0 }

// nextTie is the first tied place in [from, to), or to.
func (s *sorted) nextTie(from, to int) int {
	for from < to {
		if word := s.ties[from>>6] >> (from & 63); word != 0 {
			return min(from+bits.TrailingZeros64(word), to)
		}
		from = from&^63 + 64
	}
	return to
}

// positives are those of the places [from, to).
func (s *sorted) positives(from, to int) (n int64) {
	at, _ := slices.BinarySearch(s.start[:], from) // the first bucket that begins there or later
	b := at
	for ; b < buckets && s.start[b+1] <= to; b++ {
		n += s.hits[b]
	}
	count := func(from, to int) {
		for i := from; i < to; i++ {
			n += int64(s.rec[i].code & 1)
		}
	}
	if b == at { // no whole bucket
		count(from, to)
	} else {
		count(from, s.start[at])
		count(s.start[b], to)
	}
	return n
}

// sorter sorts scores, keeping its buffers from one model to the next.
type sorter struct {
	rec     array[record]
	more    []array[uint32]
	parts   []part // by worker
	workers int
}

func (w *sorter) free() {
	w.rec.free()
	for i := range w.more {
		w.more[i].free()
	}
	for i := range w.parts {
		w.parts[i].free()
	}
	w.more, w.parts = nil, nil
}

// sort orders rows by (score, row). A score becomes a 32-bit key by linear scaling
// between the extremes of a sample, which is monotone in floating point; fewer rows are
// scaled onto fewer keys, and so onto fewer buckets. Records are partitioned by the key's
// top bits into regions, these into buckets, which are radix-sorted in the cache; runs of
// one key are settled by the scores themselves. Scores are finite; codes are words of the
// rows that go along, as many each time; tags, if any, go along in the place of the rows'
// numbers.
func (w *sorter) sort(ctx context.Context, score []float64, tags *tagger, codes ...array[uint32]) (*sorted, error) {
	n := len(score)
	if len(w.rec.v) < n {
		w.free()
		w.rec = newArray[record](n)
		for range codes[min(1, len(codes)):] {
			w.more = append(w.more, newArray[uint32](n))
		}
	}
	s := &sorted{rec: w.rec.v[:n], ties: make([]uint64, n/64+1)}
	for i := range w.more {
		s.more = append(s.more, w.more[i].v[:n])
	}
	var first []uint32
	if len(codes) > 0 {
		first = codes[0].v[:n]
	}
	lo, hi := about(score)
	key := scale(lo, hi, min(max(n/bucketRows, fewestBuckets), buckets)<<(32-bucketBits))
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
	start := &s.start
	for b := range buckets {
		start[b+1] = start[b]
		for k := range counts {
			start[b+1] += int(counts[k][b])
		}
	}
	next := make([][regions]int, len(ranges)) // where each range's rows of a region go
	for r := range regions {
		at := start[r*regionBuckets]
		for k := range counts {
			next[k][r] = at
			for _, c := range counts[k][r*regionBuckets:][:regionBuckets] {
				at += int(c)
			}
		}
	}
	each(ranges, func(k, from, to int) {
		next := &next[k]
		var tag [2048]uint16 // of a block
		for ; from < to; from += len(tag) {
			block := score[from:min(from+len(tag), to)]
			if tags != nil {
				tags.tags(from, tag[:len(block)])
			}
			for j, x := range block {
				i := from + j
				b := key.of(x) >> (32 - regionBits)
				at := next[b]
				rec := record{score: x, row: uint32(i)}
				if first != nil {
					rec.code = first[i]
				}
				if tags != nil {
					rec.row = uint32(tag[j%len(tag)])
				}
				s.rec[at] = rec
				for k, more := range s.more {
					more[at] = codes[k+1].v[i]
				}
				next[b]++
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// Regions are dealt in contiguous groups; the ties of a group are gathered apart,
	// since two groups can share a word of the bit set.
	groups := regionGroups(start[:], n, w.workers)
	for len(w.parts) < len(groups) {
		w.parts = append(w.parts, part{})
	}
	each(groups, func(k, from, to int) {
		p := &w.parts[k]
		p.key, p.ties = key, p.ties[:0]
		p.grow(s, from, to)
		for region := from; region < to; region++ {
			p.sort(s, region)
		}
	})
	for k := range groups {
		for _, i := range w.parts[k].ties {
			s.ties[i>>6] |= 1 << (i & 63)
		}
	}
	return s, ctx.Err()
}

// part sorts one region at a time; its memory is that of the largest.
type part struct {
	key       scaler
	rec       array[record] // the region by bucket
	more      []array[uint32]
	keys, tmp []uint64 // of a bucket: the key, and in the low half the place in the bucket
	count     [2][digits]int32
	ties      []int32 // places
}

func (p *part) free() {
	p.rec.free()
	for i := range p.more {
		p.more[i].free()
	}
	p.more = nil
}

// grow makes room for the largest of the regions.
func (p *part) grow(s *sorted, from, to int) {
	region, bucket := 0, 0
	for r := from; r < to; r++ {
		region = max(region, s.start[(r+1)*regionBuckets]-s.start[r*regionBuckets])
	}
	for b := from * regionBuckets; b < to*regionBuckets; b++ {
		bucket = max(bucket, s.start[b+1]-s.start[b])
	}
	if region > len(p.rec.v) || len(p.more) < len(s.more) {
		p.free()
		p.rec = newArray[record](region)
		for range s.more {
			p.more = append(p.more, newArray[uint32](region))
		}
	}
	if bucket > len(p.keys) {
		p.keys, p.tmp = make([]uint64, bucket), make([]uint64, bucket)
	}
}

// sort orders a region of s and notes the places of ties.
func (p *part) sort(s *sorted, region int) {
	start := s.start[region*regionBuckets:][:regionBuckets+1]
	base := start[0]
	n := start[len(start)-1] - base
	var next [regionBuckets]int
	for b := range next {
		next[b] = start[b] - base
	}
	key, to := p.key, p.rec.v
	for i, r := range s.rec[base : base+n] {
		b := key.of(r.score) >> (32 - bucketBits) % uint32(len(next))
		at := next[b]
		to[at] = r
		for k, more := range s.more {
			p.more[k].v[at] = more[base+i]
		}
		next[b]++
	}
	for b := range next {
		if from, end := start[b], start[b+1]; from < end {
			keys := p.order(to[from-base:end-base], from)
			s.hits[region*regionBuckets+b] = p.put(s, keys, from, base)
		}
	}
}

// order gives the keys of the records in order, and notes the places of ties, counted
// from base. Two digits of the key below the bucket's are sorted by radix, stably; what the
// rest would decide is rare.
func (p *part) order(rec []record, base int) []uint64 {
	n := len(rec)
	keys, tmp := p.keys[:n], p.tmp[:n]
	if n < few {
		for i := range rec {
			keys[i] = uint64(p.key.of(rec[i].score))<<32 | uint64(i)
		}
		slices.Sort(keys) // by key and place, as stable as the digits
		p.settle(keys, base, rec)
		return keys
	}
	clear(p.count[0][:])
	clear(p.count[1][:])
	for i := range rec {
		k := p.key.of(rec[i].score)
		keys[i] = uint64(k)<<32 | uint64(i)
		p.count[0][k>>restBits%digits]++
		p.count[1][k>>(restBits+digitBits)%digits]++
	}
	for d := range p.count {
		at := int32(0)
		for i, c := range p.count[d] {
			p.count[d][i] = at
			at += c
		}
	}
	for _, k := range keys {
		at := &p.count[0][k>>(32+restBits)%digits]
		tmp[*at] = k
		*at++
	}
	for _, k := range tmp {
		at := &p.count[1][k>>(32+restBits+digitBits)%digits]
		keys[*at] = k
		*at++
	}
	p.settle(keys, base, rec)
	return keys
}

const (
	digitBits = 9
	digits    = 1 << digitBits
	restBits  = 32 - bucketBits - 2*digitBits
	few       = 32 // rows sorted faster by comparison than by digits
)

// put writes the bucket of the keys, which are in order, back to s, and counts its positives.
func (p *part) put(s *sorted, keys []uint64, from, base int) (hits int64) {
	rec, out := p.rec.v[from-base:][:len(keys)], s.rec[from:][:len(keys)]
	for i, k := range keys {
		r := rec[uint32(k)]
		out[i] = r
		hits += int64(r.code & 1)
	}
	for w, more := range s.more {
		words, out := p.more[w].v[from-base:], more[from:]
		for i, k := range keys {
			out[i] = words[uint32(k)]
		}
	}
	return hits
}

// about is the range of some of the scores, or of all where those are equal.
func about(score []float64) (lo, hi float64) {
	const some, step = 4096, 2654435761 // a prime: no pattern of the rows is met
	n := uint64(len(score))
	if n > some {
		var sample [some]float64
		for i := range sample {
			sample[i] = score[uint64(i)*step%n]
		}
		if lo, hi = extremes(sample[:]); lo < hi {
			return lo, hi
		}
	}
	return extremes(score)
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

// scaler maps [lo, hi] monotonely onto 32 bits, and what lies outside onto their ends. The
// zero scaler maps all onto 0: keys are equal, scores decide.
type scaler struct{ scale, base float64 }

// scale maps [lo, hi] onto the first of the keys, and what lies above hi onto the others.
func scale(lo, hi float64, keys int) scaler {
	width := hi/2 - lo/2 // the range itself can overflow
	if !(width > 0) {
		return scaler{}
	}
	scale := float64(keys-1) / 2 / width
	if math.IsInf(scale, 0) { // a range so small that its inverse overflows
		return scaler{}
	}
	return scaler{scale, lo * scale}
}

func (k scaler) of(s float64) uint32 {
	x := s*k.scale - k.base
	if at := int64(x); uint64(at) <= rowMask {
		return uint32(at)
	}
	if x > 0 {
		return rowMask
	}
	return 0
}

// settle orders runs of keys that the digits do not tell apart by score, and notes the places
// of ties.
func (p *part) settle(keys []uint64, base int, rec []record) {
	const same = 32 + restBits
	score := func(k uint64) float64 { return rec[uint32(k)].score }
	for i := 0; i < len(keys); {
		j := i + 1
		for j < len(keys) && keys[j]>>same == keys[i]>>same {
			j++
		}
		if run := keys[i:j]; len(run) > 1 {
			if len(run) < 16 {
				for x := 1; x < len(run); x++ {
					for y := x; y > 0 && score(run[y-1]) > score(run[y]); y-- {
						run[y-1], run[y] = run[y], run[y-1]
					}
				}
			} else {
				slices.SortStableFunc(run, func(a, b uint64) int { return cmp.Compare(score(a), score(b)) })
			}
			for x := 1; x < len(run); x++ {
				if score(run[x]) == score(run[x-1]) {
					p.ties = append(p.ties, int32(base+i+x))
				}
			}
		}
		i = j
	}
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

// regionGroups cuts the regions into groups of about equal rows.
func regionGroups(start []int, n, k int) [][2]int {
	var out [][2]int
	from := 0
	for r := range regions {
		if start[(r+1)*regionBuckets]-start[from*regionBuckets] >= n/k+1 || r == regions-1 {
			out = append(out, [2]int{from, r + 1})
			from = r + 1
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
