package order

import "github.com/fairtrial/fairtrial/internal/summary"

// walk is one worker's slots on one score.
type walk struct {
	s                *sorted
	group            []slot
	number           []int // of each slot among all
	grid             *grid // nil where no covariances are asked for
	reading, writing bool  // it
	e                entries
	st               []state // the group's populations
	heads            []head
	first            []int // of each slot in both
	views            []view
	met              []uint32
	passed           [blockRows]passed
}

// view is what a slot's rows need.
type view struct {
	place
	number int
	whole  bool // every row is in its one slice
	heads  []head
	st     []state
	left   *left
}

// passed is a positive that the first loop of singles has gone past, and what lies below it.
type passed struct {
	at        uint32 // its slice; on reading, its cell
	seen, run uint64
}

func (k *walk) start(pops []*summary.Population, c *codes) {
	for _, s := range k.group {
		k.number = append(k.number, s.part+1)
		k.first = append(k.first, len(k.st))
		for i := range s.size {
			h, t := newState(pops[s.base+i])
			if k.grid != nil {
				t.units = unitsOf(t.n, t.pos)
			}
			if k.e != nil {
				b := len(pops[s.base+i].Blocks.ID)
				t.more.e10, t.more.e01, t.more.eAP = make([]float64, b), make([]float64, b), make([]float64, b)
			}
			k.heads, k.st = append(k.heads, h), append(k.st, t)
		}
	}
	for i, s := range k.group {
		v := view{place: c.at[k.number[i]], number: k.number[i], whole: s.part < 0, heads: k.heads[k.first[i]:][:s.size], st: k.st[k.first[i]:][:s.size]}
		if k.grid != nil {
			v.left = &k.grid.left[v.number]
		}
		k.views = append(k.views, v)
	}
}

// block walks each of the group's slots over a block, from the lowest score up.
func (k *walk) block(b *block) {
	for i := range k.views {
		v := &k.views[i]
		at := b.from
		for _, p := range b.pieces {
			switch {
			case p.tied:
				k.tied(v, at, p.to)
			case v.whole:
				k.whole(v, at, p.to)
			case k.reading:
				k.singlesReading(v, at, p.to)
			default:
				k.singles(v, at, p.to)
			}
			if at = p.to; p.ends {
				for c := range v.heads {
					v.left.leave(&v.st[c], &v.heads[c], &v.left.marks[c], c<<cellBits|p.bin)
				}
			}
		}
		if k.reading {
			for c := range v.st {
				v.st[c].flush(&v.heads[c])
			}
		}
	}
}

// flush adds what the block's negatives were left to the sums.
func (t *state) flush(h *head) {
	place, ap := narrow(h.run)
	t.runPlace, t.runAP, h.run = t.runPlace+place, t.runAP+ap, 0
}

// words are those of the rows that hold the label, and the further ones where they do not
// hold the slice too.
func (k *walk) words(v *view, from, to int) (rec []record, more []uint32) {
	if v.word > 0 {
		more = k.s.more[v.word-1][from:to]
	}
	return k.s.rec[from:to], more
}

// singles are rows whose scores no other row has. A first loop, without a branch that depends
// on the label, counts all of them and notes the positives, a second settles these. It stands
// three times: with what the baseline left, without, and for the slot of all rows, whose sums
// stay in registers. Most of the time is spent here.
func (k *walk) singles(v *view, from, to int) {
	rec, more := k.words(v, from, to)
	heads, shift, mask := v.heads, v.shift&31, v.mask
	n := 0
	for i := range rec {
		word := rec[i].code
		y := uint64(word & 1)
		if more != nil {
			word = more[i]
		}
		c := word >> shift & mask
		if int(c) >= len(heads) {
			continue
		}
		h := &heads[c]
		if h.below() >= h.next {
			v.st[c].turn(h)
		}
		p := &k.passed[n&(blockRows-1)]
		p.at, p.seen = c, h.seen
		n += int(y)
		h.seen += 1 + y<<32
		h.sum += rec[i].score
	}
	k.positives(v, n)
}

func (k *walk) singlesReading(v *view, from, to int) {
	rec, more := k.words(v, from, to)
	heads, shift, mask := v.heads, v.shift&31, v.mask
	neg := v.left.class[0].v
	n := 0
	for i := range rec {
		word := rec[i].code
		y := uint64(word & 1)
		if more != nil {
			word = more[i]
		}
		c := word >> shift & mask
		if int(c) >= len(heads) {
			continue
		}
		h := &heads[c]
		if h.below() >= h.next {
			v.st[c].turn(h)
		}
		p := &k.passed[n&(blockRows-1)]
		p.at, p.seen, p.run = c<<cellBits|rec[i].row, h.seen, h.run
		n += int(y)
		h.seen += 1 + y<<32
		h.sum += rec[i].score
		h.run += wide(neg[p.at]) & (y - 1)
	}
	k.positivesReading(v, n)
}

func (k *walk) whole(v *view, from, to int) {
	t, h := &v.st[0], &v.heads[0]
	for from < to {
		t.turn(h)
		end := min(to, from+int(h.next-h.below())) // of the calibration bin
		rec := k.s.rec[from:end]
		n, seen, sum, run := 0, h.seen, h.sum, h.run
		if k.reading {
			neg := v.left.class[0].v
			for i := range rec {
				y := uint64(rec[i].code & 1)
				p := &k.passed[n&(blockRows-1)]
				p.at, p.seen, p.run = rec[i].row, seen, run
				n += int(y)
				seen += 1 + y<<32
				sum += rec[i].score
				run += wide(neg[p.at]) & (y - 1)
			}
			h.seen, h.sum, h.run = seen, sum, run
			k.positivesReading(v, n)
		} else {
			for i := range rec {
				y := uint64(rec[i].code & 1)
				p := &k.passed[n&(blockRows-1)]
				p.at, p.seen = 0, seen
				n += int(y)
				seen += 1 + y<<32
				sum += rec[i].score
			}
			h.seen, h.sum = seen, sum
			k.positives(v, n)
		}
		from = end
	}
}

// positives settles the n positives that have been passed.
func (k *walk) positives(v *view, n int) {
	for i := range k.passed[:n] {
		p := &k.passed[i]
		v.st[p.at].positive(uint32(p.seen), uint32(p.seen>>32))
	}
}

func (k *walk) positivesReading(v *view, n int) {
	pos := v.left.class[1].v
	for i := range k.passed[:n] {
		p := &k.passed[i]
		t := &v.st[p.at>>cellBits]
		value, ap, rise := t.positive(uint32(p.seen), uint32(p.seen>>32))
		runPlace, runAP := narrow(p.run)
		t.belowRun += float64(int64(t.runPlace + runPlace))
		t.belowAP += rise * float64(int64(t.runAP+runAP))
		place, base := narrow(wide(pos[p.at]))
		t.c10 += value * float64(int64(place))
		t.cap += ap * float64(int64(base))
	}
}

// tied is rows of one score: each population is settled once, then its rows get what they
// share.
func (k *walk) tied(v *view, from, to int) {
	rec, more := k.words(v, from, to)
	slice := func(i int) uint32 {
		word := rec[i].code
		if more != nil {
			word = more[i]
		}
		return v.of(word)
	}
	k.met = k.met[:0]
	for i := range rec {
		c := slice(i)
		if int(c) >= len(v.st) {
			continue
		}
		t, pos := &v.st[c], positive(rec[i].code)
		if k.reading {
			t.flush(&v.heads[c])
		}
		if t.meet(pos) {
			k.met = append(k.met, c)
		}
		if !k.reading {
			continue
		}
		cell := c<<cellBits | rec[i].row
		if pos {
			place, ap := narrow(wide(v.left.class[1].v[cell]))
			t.more.posPlace, t.more.posAP = t.more.posPlace+place, t.more.posAP+ap
		} else {
			place, ap := narrow(wide(v.left.class[0].v[cell]))
			t.runPlace, t.runAP = t.runPlace+place, t.runAP+ap
		}
	}
	for _, c := range k.met {
		v.st[c].settle(&v.heads[c], rec[0].score)
	}
	for i := 0; i < len(rec) && k.e != nil; i++ {
		if c := slice(i); int(c) < len(v.st) {
			v.st[c].addEntry(k.e[v.number][rec[i].row], positive(rec[i].code))
		}
	}
	for _, c := range k.met {
		v.st[c].more.pos, v.st[c].more.neg = 0, 0
	}
}

func (t *state) addEntry(entry uint16, positive bool) {
	g := t.more
	if positive {
		g.e10[entry] += float64(g.place)
		g.eAP[entry] += g.ap
	} else {
		g.e01[entry] += float64(g.negPlace)
		g.eAP[entry] -= t.h2
	}
}
