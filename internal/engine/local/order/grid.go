package order

import (
	"math"
	"math/bits"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// grid is what the baseline's walk leaves for the covariances with other models. The
// baseline's order is cut into bins, which never divide tied scores. Of each population
// and class, the rows of a bin leave the means of their places and AP values: a few MB
// that stay in the cache, in place of a line for every row. What the means hide of the
// baseline's variance is known exactly, and what they hide of a covariance is taken to be in
// proportion (see pair). Small populations are left to direct.
type grid struct {
	bits int    // there are at most 1<<bits bins
	ends []int  // of them, as places in the baseline's order
	left []left // by slot
}

// left are the cells of a slot, by population and bin. Slots of many slices have wider ones.
type left struct {
	bits  int              // of the cells of a population
	step  uint32           // 1<<16 times the cells in a bin
	class [2]array[uint32] // of the negatives and of the positives, packed
	marks []mark
}

// cell is where a bin's is, in a slice.
func (l *left) cell(c, bin uint32) uint32 { return c<<(l.bits&31) + bin*l.step>>16 }

const (
	maxBits, minBits = 14, 10
	slotBits         = 21 // of the cells of a slot, if it has not too many slices for that
)

// binBits: the fewer rows, the more a single one matters; and many bins cost little then.
func binBits(n int) int {
	switch {
	case n <= 1<<17:
		return maxBits
	case n <= 1<<19:
		return maxBits - 2
	}
	return minBits
}

func newGrid(n int, all []slot) *grid {
	g := &grid{bits: binBits(n)}
	for _, s := range all {
		l := left{bits: max(minBits, min(g.bits, slotBits-bits.Len(uint(s.size)))), marks: make([]mark, s.size)}
		l.step = 1 << (16 - g.bits + l.bits)
		for c := range l.class {
			l.class[c] = newArray[uint32](s.size << l.bits)
		}
		g.left = append(g.left, l)
	}
	return g
}

func (g *grid) free() {
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
	count := float64(int(1) << g.bits)
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

// tagger finds the bins of rows by their baseline's scores: first by the top bits of a key, then
// among the few bins that begin there.
type tagger struct {
	score []float64 // of the baseline, by row
	key   scaler
	bound []float64                 // where the next bin begins
	first [1<<taggerBits + 1]uint16 // the bounds below each cell of keys
}

const taggerBits = 14 // of 32

// tagger remembers where the bins end in the baseline's order.
func (g *grid) tagger(s *sorted, score []float64) *tagger {
	lo, hi := about(score)
	t := &tagger{score: score, key: scale(lo, hi, 1<<32), bound: make([]float64, len(g.ends)-1)}
	for b := range t.bound {
		t.bound[b] = s.value(g.ends[b])
		t.first[t.key.of(t.bound[b])>>(32-taggerBits)+1]++
	}
	for c := range len(t.first) - 1 {
		t.first[c+1] += t.first[c]
	}
	return t
}

// tags writes the bins of the rows from row from on.
func (t *tagger) tags(from int, out []uint16) {
	key := t.key
	for i, x := range t.score[from:][:len(out)] {
		c := key.of(x) >> (32 - taggerBits)
		bin, last := t.first[c], t.first[c+1]
		for bin < last {
			if mid := (bin + last) / 2; x < t.bound[mid] {
				last = mid
			} else {
				bin = mid + 1
			}
		}
		out[i] = bin
	}
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
	below, belowPos uint32
	u2              uint64
	x, h2           float64 // Σ X over positives, Σ H2 over negatives
	class           [2]marked
}

// marked sums up, over the rows of a class, what was kept of their values, the values themselves
// and the products of both.
type marked struct{ place, ap kept }

type kept struct{ sum, own, product float64 }

func (k *kept) add(n, was, is float64) {
	k.sum += n * is
	k.own += was
	k.product += was * is
}

// leave fills the cells that end with a bin.
func (l *left) leave(heads []head, st []state, bin int, last bool) {
	if at := l.cell(0, uint32(bin)); last || l.cell(0, uint32(bin+1)) > at {
		for c := range heads {
			l.fill(&st[c], &heads[c], &l.marks[c], c<<l.bits+int(at))
		}
	}
}

func (l *left) fill(t *state, h *head, m *mark, cell int) {
	if h.below == m.below {
		return
	}
	pos, neg := t.belowPos, h.below-t.belowPos
	dp := pos - m.belowPos
	dn := neg - (m.below - m.belowPos)
	h2 := float64(neg)*t.h2 - t.missed
	if dp > 0 {
		l.put(t, m, 1, cell, float64(dp), float64(t.u2-m.u2), t.x-m.x)
	}
	if dn > 0 {
		// Each pair of a positive and a negative counts two for one of them, or one for both.
		was := 2*uint64(m.below-m.belowPos)*uint64(m.belowPos) - m.u2
		l.put(t, m, 0, cell, float64(dn), float64(2*uint64(neg)*uint64(pos)-t.u2-was), h2-m.h2)
	}
	m.below, m.belowPos, m.u2, m.x, m.h2 = h.below, t.belowPos, t.u2, t.x, h2
}

func (l *left) put(t *state, m *mark, class, cell int, n, places, aps float64) {
	p, a := t.units.pack(class, places/n, max(0, aps/n))
	l.class[class].v[cell] = p<<16 | a
	m.class[class].place.add(n, places*t.units.place[class], float64(p))
	m.class[class].ap.add(n, aps*t.units.ap, float64(a))
}

// pair writes the covariances of model m with the baseline b, whose sums are given. It
// returns the populations whose covariances are still to be computed: all without a grid, else the
// small ones and those whose bins hide too much of the baseline's variance.
func (k *walk) pair(pops []*summary.Population, m, b int, base []state, same bool) (hidden []int) {
	for i, s := range k.group {
		for c := range s.size {
			t, u := &k.st[k.first[i]+c], &base[k.first[i]+c]
			p := pops[s.base+c]
			out := summary.RankPair{A: m, B: b}
			if same {
				out = p.Rank.Same(m, b)
			} else if k.grid == nil || p.N <= fewRows || !t.pair(u, &k.grid.left[k.number[i]].marks[c], p.Rank, &out) {
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
		pp, np := &m.class[1].place, &m.class[0].place
		unit10, unit01 := t.perNeg/t.units.place[1], 1/(2*pos*t.units.place[0])
		out.C10 = unit10 * (t.c10 - (t.auc()-0.5)*pp.sum)
		out.C01 = unit01 / pos * (t.auc()*pos*float64(int64(t.runPlace)) - t.belowRun)
		out.C10 *= hidden(x.S10, (pp.product-pp.own*pp.sum/pos)*unit10*unit10, pos, &ok)
		out.C01 *= hidden(x.S01, (np.product-np.own*np.sum/neg)*unit01*unit01, neg, &ok)
	}
	if t.pos > 0 {
		px, nx, unit := &m.class[1].ap, &m.class[0].ap, 1/t.units.ap
		apA, apB := t.ap/pos, u.ap/pos
		own := nonNegative(u.xx - 2*apB*u.x + pos*apB*apB)
		kept := (px.product+nx.product)*unit*unit - apB*(px.own+px.sum)*unit + pos*apB*apB
		sum := unit*(t.cap+t.h2*float64(int64(t.runAP))-t.belowAP) - apB*t.x - apA*px.sum*unit + pos*apA*apB
		out.CAP = sum * hidden(own, kept, pos, &ok) / (pos * pos)
	}
	return ok
}

// hidden is how many times the sum of squares of n values is that of their products with
// what was kept of them. Covariances with another model grow by as much: of one that is the baseline
// itself, that is exact.
func hidden(own, kept, n float64, ok *bool) float64 {
	if own <= 1e-14*n { // all the same, but for rounding
		return 1
	}
	if !(kept >= 0.98*own) {
		*ok = false
		return 1
	}
	return own / kept
}
