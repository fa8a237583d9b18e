package order

import "github.com/fairtrial/fairtrial/internal/summary"

// walk is one worker's slots on one score.
type walk struct {
	s                *sorted
	group            []slot
	at               []place // of each slot in the codes
	number           []int   // of each slot among all
	reading, writing bool    // what the baseline leaves
	e                entries
	st               []state // the group's populations
	first            []int   // of each slot in st
	views            []view  // of each slot in the block at hand
	met              []*state
}

func (k *walk) start(pops []*summary.Population, c *codes) {
	for _, s := range k.group {
		k.number = append(k.number, s.part+1)
		k.at = append(k.at, c.at[s.part+1])
		k.first = append(k.first, len(k.st))
		for i := range s.size {
			t := newState(pops[s.base+i])
			if k.e != nil {
				b := len(pops[s.base+i].Blocks.ID)
				t.more.e10, t.more.e01, t.more.eAP = make([]float64, b), make([]float64, b), make([]float64, b)
			}
			k.st = append(k.st, t)
		}
	}
}

// view is what a slot's rows of a block need, side by side.
type view struct {
	place
	number int
	more   []uint32 // the word of each row that holds its slice, where that is not the first
	st     []state
	kept   []uint32
}

// slice is that of the block's i-th row, whose first word is given.
func (v *view) slice(word uint32, i int) uint32 {
	if v.more != nil {
		word = v.more[i]
	}
	return v.of(word)
}

// block walks the group's slots over a block, from the lowest score up.
func (k *walk) block(b *block) {
	n := b.to - b.from
	k.views = k.views[:0]
	for i, at := range k.at {
		v := view{place: at, number: k.number[i], st: k.st[k.first[i]:][:k.group[i].size]}
		if at.word > 0 {
			v.more = k.s.more[at.word-1][b.from:b.to]
		}
		if k.writing || k.reading {
			v.kept = b.kept[v.number][:n]
		}
		k.views = append(k.views, v)
	}
	rec := k.s.rec[b.from:b.to]
	for i := 0; i < n; {
		j := i + 1
		for j < n && k.s.tie(b.from+j) {
			j++
		}
		switch {
		case j > i+1 || k.e != nil:
			k.tied(b, i, j)
		case positive(rec[i].code):
			k.positive(i, rec[i])
		case k.reading:
			k.negativeReading(i, rec[i])
		case k.writing:
			k.negativeWriting(i, rec[i])
		default:
			k.negative(i, rec[i])
		}
		i = j
	}
}

// negative is the block's i-th row, whose score no other row has. It stands three times, by
// what the walk does with the baseline's values: most of the time is spent here.
func (k *walk) negative(i int, r record) {
	for x := range k.views {
		v := &k.views[x]
		c := v.slice(r.code, i)
		if c == v.none {
			continue
		}
		t := &v.st[c]
		if t.below >= t.next {
			t.turn()
		}
		t.negative(r.score)
	}
}

func (k *walk) negativeWriting(i int, r record) {
	for x := range k.views {
		v := &k.views[x]
		c := v.slice(r.code, i)
		if c == v.none {
			continue
		}
		t := &v.st[c]
		if t.below >= t.next {
			t.turn()
		}
		t.negative(r.score)
		v.kept[i] = t.kept
	}
}

func (k *walk) negativeReading(i int, r record) {
	for x := range k.views {
		v := &k.views[x]
		c := v.slice(r.code, i)
		if c == v.none {
			continue
		}
		t := &v.st[c]
		if t.below >= t.next {
			t.turn()
		}
		t.negative(r.score)
		base := v.kept[i]
		t.runPlace += t.split.place(base)
		t.runAP += t.split.value(base)
	}
}

// positive is the same for a positive row.
func (k *walk) positive(i int, r record) {
	for x := range k.views {
		w := &k.views[x]
		c := w.slice(r.code, i)
		if c == w.none {
			continue
		}
		t := &w.st[c]
		if t.below >= t.next {
			t.turn()
		}
		place, v, ap := t.positive(r.score)
		switch {
		case k.writing:
			w.kept[i] = t.split.keep(place, ap)
			t.kept = t.split.keep(2*t.belowPos, t.h2)
		case k.reading:
			base := w.kept[i]
			basePlace := t.split.place(base)
			t.posPlace += basePlace
			t.c10 += v * float64(int64(basePlace))
			t.cap += ap * t.split.value(base)
		}
	}
}

// tied is the block's rows [from, to), all of one score: each population is settled once,
// then its rows get what they share.
func (k *walk) tied(b *block, from, to int) {
	rec := k.s.rec[b.from:b.to]
	score := rec[from].score
	for x := range k.views {
		v := &k.views[x]
		k.met = k.met[:0]
		for i := from; i < to; i++ {
			c := v.slice(rec[i].code, i)
			if c == v.none {
				continue
			}
			t, pos := &v.st[c], positive(rec[i].code)
			if t.meet(pos) {
				k.met = append(k.met, t)
			}
			if k.reading {
				base := v.kept[i]
				if pos {
					t.more.tied.posPlace += t.split.place(base)
					t.more.tied.posAP += t.split.value(base)
				} else {
					t.runPlace += t.split.place(base)
					t.runAP += t.split.value(base)
				}
			}
		}
		for _, t := range k.met {
			t.settle(score)
			if k.writing {
				t.more.kept = t.split.keep(t.more.place, t.more.ap)
				t.kept = t.split.keep(t.more.negPlace, t.h2)
			}
		}
		for i := from; i < to && (k.writing || k.e != nil); i++ {
			c := v.slice(rec[i].code, i)
			if c == v.none {
				continue
			}
			t, pos := &v.st[c], positive(rec[i].code)
			switch {
			case k.writing && pos:
				v.kept[i] = t.more.kept
			case k.writing:
				v.kept[i] = t.kept
			}
			if k.e != nil {
				k.addEntry(t, k.e[v.number][k.s.row(b.from+i)], pos)
			}
		}
		for _, t := range k.met {
			t.more.pos, t.more.neg = 0, 0
			if k.writing {
				t.kept = t.split.keep(2*t.belowPos, t.h2)
			}
		}
	}
}

func (k *walk) addEntry(t *state, entry uint16, positive bool) {
	g := t.more
	if positive {
		g.e10[entry] += float64(g.place)
		g.eAP[entry] += g.ap
	} else {
		g.e01[entry] += float64(g.negPlace)
		g.eAP[entry] -= t.h2
	}
}
