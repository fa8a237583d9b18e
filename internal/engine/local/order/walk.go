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
	other            []record
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
	at    uint32 // its slice; on reading, its cell
	below uint32
	run   uint64
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
		rec := k.records(v, b)
		for _, p := range b.pieces {
			part := rec[:p.rows]
			switch {
			case p.tied:
				k.tied(v, part)
			case v.whole:
				k.whole(v, part)
			case k.reading:
				k.singlesReading(v, part)
			default:
				k.singles(v, part)
			}
			if rec = rec[p.rows:]; p.ends {
				v.left.leave(v.heads, v.st, p.bin, p.bin == len(k.grid.ends)-1)
			}
		}
		if k.reading {
			for c := range v.st {
				v.st[c].flush(&v.heads[c])
			}
		}
	}
}

// records are the block's, with the word that holds the slot's slices as their code.
func (k *walk) records(v *view, b *block) []record {
	rec := k.s.rec[b.from:b.to]
	if v.Word == 0 {
		return rec
	}
	k.other = append(k.other[:0], rec...)
	for i, word := range k.s.more[v.Word-1][b.from:b.to] {
		k.other[i].code = word
	}
	return k.other
}

// flush adds what the block's negatives were left to the sums.
func (t *state) flush(h *head) {
	place, ap := narrow(h.run)
	t.runPlace, t.runAP, h.run = t.runPlace+place, t.runAP+ap, 0
}

// singles are rows whose scores no other row has. A first loop, without a branch that depends
// on the label, counts them and notes the positives, a second settles these. Both stand twice:
// with what the baseline left and without; and the first also for the slot of all rows, whose sums stay in
// registers. Most of the time is spent here: what the loops need is in locals, and they
// call nothing.
func (k *walk) singles(v *view, rec []record) {
	heads, shift, mask, passed := v.heads, v.Shift&31, v.Mask, &k.passed
	for len(rec) > 0 {
		n, i := 0, 0
		for ; i < len(rec); i++ {
			r := &rec[i]
			c := r.code >> shift & mask
			if int(c) >= len(heads) {
				continue
			}
			h := &heads[c]
			below := h.below
			if below >= h.next {
				break
			}
			p := &passed[n&(blockRows-1)]
			p.at, p.below = c, below
			n += int(r.code & 1)
			h.below = below + 1
			h.sum += r.score
		}
		k.positives(v, n)
		if rec = rec[i:]; len(rec) > 0 {
			c := v.Of(rec[0].code)
			v.st[c].turn(&heads[c])
		}
	}
}

func (k *walk) singlesReading(v *view, rec []record) {
	heads, shift, mask, passed := v.heads, v.Shift&31, v.Mask, &k.passed
	neg, width, step := v.left.class[0].v, uint32(1)<<v.left.bits, v.left.step
	for len(rec) > 0 {
		n, i := 0, 0
		for ; i < len(rec); i++ {
			r := &rec[i]
			c := r.code >> shift & mask
			if int(c) >= len(heads) {
				continue
			}
			h := &heads[c]
			below, run := h.below, h.run
			if below >= h.next {
				break
			}
			y := uint64(r.code & 1)
			at := c*width + r.row*step>>16 // cell, without a shift that varies
			p := &passed[n&(blockRows-1)]
			p.at, p.below, p.run = at, below, run
			n += int(y)
			h.below = below + 1
			h.sum += r.score
			h.run = run + wide(neg[at])&(y-1)
		}
		k.positivesReading(v, n)
		if rec = rec[i:]; len(rec) > 0 {
			c := v.Of(rec[0].code)
			v.st[c].turn(&heads[c])
		}
	}
}

func (k *walk) whole(v *view, rec []record) {
	t, h := &v.st[0], &v.heads[0]
	for len(rec) > 0 {
		t.turn(h)
		end := min(len(rec), int(h.next-h.below)) // of the calibration bin
		if k.reading {
			k.wholeReading(v, rec[:end])
		} else {
			n, below, sum := 0, h.below, h.sum
			for i := range rec[:end] {
				p := &k.passed[n&(blockRows-1)]
				p.at, p.below = 0, below
				n += int(rec[i].code & 1)
				below++
				sum += rec[i].score
			}
			h.below, h.sum = below, sum
			k.positives(v, n)
		}
		rec = rec[end:]
	}
}

func (k *walk) wholeReading(v *view, rec []record) {
	h, neg, step := &v.heads[0], v.left.class[0].v, v.left.step
	n, below, sum, run := 0, h.below, h.sum, h.run
	for i := range rec {
		y := uint64(rec[i].code & 1)
		at := rec[i].row * step >> 16
		p := &k.passed[n&(blockRows-1)]
		p.at, p.below, p.run = at, below, run
		n += int(y)
		below++
		sum += rec[i].score
		run += wide(neg[at]) & (y - 1)
	}
	h.below, h.sum, h.run = below, sum, run
	k.positivesReading(v, n)
}

// positives settles the n positives that have been passed.
func (k *walk) positives(v *view, n int) {
	for i := range k.passed[:n] {
		p := &k.passed[i]
		v.st[p.at].positive(p.below)
	}
}

func (k *walk) positivesReading(v *view, n int) {
	pos, shift := v.left.class[1].v, v.left.bits&31
	for i := range k.passed[:n] {
		p := &k.passed[i]
		t := &v.st[p.at>>shift]
		value, ap, rise := t.positive(p.below)
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
func (k *walk) tied(v *view, rec []record) {
	k.met = k.met[:0]
	for i := range rec {
		c := v.Of(rec[i].code)
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
		cell := v.left.cell(c, rec[i].row)
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
		if c := v.Of(rec[i].code); int(c) < len(v.st) {
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
