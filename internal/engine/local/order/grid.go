package order

import (
	"math"
	"sort"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// grid is what the baseline's walk leaves for the covariances with other models. The
// baseline's order is cut into bins of as many rows each, which never divide tied scores.
// Of each population and class, the rows of a bin leave the means of their places and AP
// values: a few MB that stay in the cache, in place of a line for every row. What the means
// hide of the baseline's variance is known exactly, and what they hide of a covariance is
// taken to be in proportion (see pair).
type grid struct {
	ends []int // of the bins, as places in the baseline's order
	bin  array[uint16]
	left []left // by slot
}

// left are the cells of a slot, by population and bin.
type left struct {
	class [2]array[uint32] // of the negatives and of the positives, packed
	marks []mark
}

// There are at most 1<<cellBits bins.
const cellBits = 10

func newGrid(n int, all []slot) *grid {
	g := &grid{bin: newArray[uint16](n)}
	for _, s := range all {
		l := left{marks: make([]mark, s.size)}
		for c := range l.class {
			l.class[c] = newArray[uint32](s.size << cellBits)
		}
		g.left = append(g.left, l)
	}
	return g
}

func (g *grid) free() {
	g.bin.free()
	for i := range g.left {
		for c := range g.left[i].class {
			g.left[i].class[c].free()
		}
	}
}

// cut sets the ends of the bins in the baseline's order. Most bins have as many rows each; the
// others make those at the top finer, where precision changes with every row: there the
// rows of a bin are a share of the rows above it.
func (g *grid) cut(s *sorted) {
	n := len(s.rec)
	g.ends = g.ends[:0]
	count := float64(1 << cellBits)
	even := (1 - topShare) / float64(n)
	top := topShare / math.Log1p(float64(n)/topRows)
	for at := 0; at < n; {
		// The density grows towards the top, so that there are never more bins than count.
		at = min(at+int(math.Ceil(1/(count*(even+top/(topRows+float64(n-at)))))), n)
		for at < n && s.tie(at) {
			at++
		}
		g.ends = append(g.ends, at)
	}
}

// assign finds the bin of each row by its baseline's score: first by the top bits of its key, then
// among the few bins that begin there.
func (g *grid) assign(s *sorted, score []float64, workers int) {
	const cellBits = 14
	bound := make([]float64, len(g.ends)-1) // where the next bin begins
	var first [1<<cellBits + 1]uint16       // the bounds below each cell of keys
	cell := func(x float64) uint32 { return s.key.of(x) >> (32 - cellBits) }
	for b := range bound {
		bound[b] = s.value(g.ends[b])
		first[cell(bound[b])+1]++
	}
	for c := range 1 << cellBits {
		first[c+1] += first[c]
	}
	share(workers, len(score), func(_, from, to int) {
		key, out := s.key, g.bin.v[from:to]
		for i, x := range score[from:to] {
			c := key.of(x) >> (32 - cellBits)
			bin, last := first[c], first[c+1]
			if bin < last {
				bin += uint16(sort.Search(int(last-bin), func(k int) bool { return x < bound[int(bin)+k] }))
			}
			out[i] = bin
		}
	})
}

const (
	topShare = 0.25 // of the bins
	topRows  = 16   // below which bins get no finer
)

// units are those of the packed means: a place and an AP value of 16 bits in a cell's word.
type units struct {
	place [2]float64 // of a doubled count, by class of the row
	ap    float64
}

// unitsOf: a place is at most twice the rows of the other class; an AP value is below the
// harmonic number of the rows and 1.
func unitsOf(n, pos uint32) units {
	u := units{ap: math.MaxUint16 / (math.Log(float64(max(n, 1))) + 2)}
	for class, others := range [2]uint32{pos, n - pos} {
		u.place[class] = math.MaxUint16 / float64(max(1, 2*others))
	}
	return u
}

func (u *units) pack(class int, place, ap float64) (p, a uint32) {
	return uint32(min(place*u.place[class]+0.5, math.MaxUint16)), uint32(min(ap*u.ap+0.5, math.MaxUint16))
}

// wide spreads a cell's word over 64 bits, so that as many as a block has can be added up.
func wide(cell uint32) uint64 {
	w := uint64(cell)
	return (w | w<<16) & 0xffff_0000_ffff
}

// narrow is the sum of places and that of AP values.
func narrow(sum uint64) (place, ap uint64) { return sum >> 32, sum & math.MaxUint32 }

// mark is where a population stood at the end of the bin before, and sums over all bins.
type mark struct {
	seen, u2 uint64
	x, h2    float64 // Σ X over positives, Σ H2 over negatives
	class    [2]marked
}

// marked sums up the packed places and AP values of a class, and their squares.
type marked struct{ place, place2, ap, ap2 float64 }

// leave fills the population's cell of a bin that ends here.
func (l *left) leave(t *state, h *head, m *mark, cell int) {
	if h.seen == m.seen {
		return
	}
	pos, neg := h.belowPos(), h.below()-h.belowPos()
	dp := pos - uint32(m.seen>>32)
	dn := neg - (uint32(m.seen) - uint32(m.seen>>32))
	h2 := float64(neg)*t.h2 - t.missed
	if dp > 0 {
		l.put(t, m, 1, cell, float64(dp), float64(t.u2-m.u2), t.x-m.x)
	}
	if dn > 0 {
		// Each pair of a positive and a negative counts two for one of them, or one for both.
		was := 2*(m.seen&math.MaxUint32-m.seen>>32)*(m.seen>>32) - m.u2
		l.put(t, m, 0, cell, float64(dn), float64(2*uint64(neg)*uint64(pos)-t.u2-was), h2-m.h2)
	}
	m.seen, m.u2, m.x, m.h2 = h.seen, t.u2, t.x, h2
}

func (l *left) put(t *state, m *mark, class, cell int, n, places, aps float64) {
	p, a := t.units.pack(class, places/n, max(0, aps/n))
	l.class[class].v[cell] = p<<16 | a
	place, ap := float64(p), float64(a)
	s := &m.class[class]
	s.place += n * place
	s.place2 += n * place * place
	s.ap += n * ap
	s.ap2 += n * ap * ap
}

// pair writes the covariances of model m with the baseline b, whose sums are given. It
// returns the populations whose covariances are still to be computed: without a grid, all, and
// those whose bins hide too much of the baseline's variance.
func (k *walk) pair(pops []*summary.Population, m, b int, base []state, same bool) (hidden []int) {
	for i, s := range k.group {
		for c := range s.size {
			t, u := &k.st[k.first[i]+c], &base[k.first[i]+c]
			p := pops[s.base+c]
			out := summary.RankPair{A: m, B: b}
			if same {
				out = p.Rank.Same(m, b)
			} else if k.grid == nil || !t.pair(u, &k.grid.left[k.number[i]].marks[c], p.Rank, &out) {
				hidden = append(hidden, s.base+c)
			}
			p.Rank.Pairs = append(p.Rank.Pairs, out)
		}
	}
	return hidden
}

// pair is false where a bin holds too much of the population.
func (t *state) pair(u *state, m *mark, r *summary.Rank, out *summary.RankPair) bool {
	pos, neg := float64(t.pos), float64(t.n-t.pos)
	ok := true
	if t.pos > 0 && t.n > t.pos {
		x := r.Models[out.B]
		unit10, unit01 := t.perNeg/t.units.place[1], 1/(2*pos*t.units.place[0])
		scale10 := hides(x.S10, pos, unit10, m.class[1].place, m.class[1].place2, &ok)
		scale01 := hides(x.S01, neg, unit01, m.class[0].place, m.class[0].place2, &ok)
		out.C10 = scale10 * unit10 * (t.c10 - (t.auc()-0.5)*m.class[1].place)
		out.C01 = scale01 * unit01 / pos * (t.auc()*pos*float64(int64(t.runPlace)) - t.belowRun)
	}
	if t.pos > 0 {
		unit := 1 / t.units.ap
		apA, apB := t.ap/pos, u.ap/pos
		sumB := m.class[1].ap * unit
		whole := nonNegative(u.xx - 2*apB*u.x + pos*apB*apB)
		kept := nonNegative((m.class[1].ap2+m.class[0].ap2)*unit*unit - 2*apB*sumB + pos*apB*apB)
		sum := unit*(t.cap+t.h2*float64(int64(t.runAP))-t.belowAP) - apB*t.x - apA*sumB + pos*apA*apB
		out.CAP = sum * ratio(whole, kept, pos, &ok) / (pos * pos)
	}
	return ok
}

// hides is how many times larger the sum of squares s of n values about their mean is than
// that of what was kept of them, of which the sum and the sum of squares are given in units.
func hides(s, n, unit, sum, sum2 float64, ok *bool) float64 {
	return ratio(s, nonNegative(sum2-sum*sum/n)*unit*unit, n, ok)
}

func ratio(whole, kept, n float64, ok *bool) float64 {
	if whole <= 1e-12*n { // all the same, but for rounding
		return 1
	}
	if kept < 0.98*whole {
		*ok = false
		return 1
	}
	return whole / kept
}
