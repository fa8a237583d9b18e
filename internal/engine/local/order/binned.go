package order

import (
	"context"
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Without exact order, scores are counted in bins of equal width and the scores of one
// bin are taken for tied. Everything of a Rank then follows from the counts, by the same
// formulas; no row is sorted, and what is held does not grow with the rows.
const (
	gridBits = 16
	gridSize = 1 << gridBits
	// gridCells bounds the counts of one partition: its slices share them, so that a partition
	// of more than 256 slices has wider bins.
	gridCells = 1 << 24
	// pairGroups are the groups of bins of about equal rows, by which the products of two
	// models' values are taken.
	pairGroups = 2048
)

// binCount is the rows of one bin by label.
type binCount [2]uint32

// gridModel is one model's scores on the grid.
type gridModel struct {
	key   scaler
	score []float64
	all   []binCount // overall
	mean  []float64  // of the scores of each bin: the score itself where a bin holds but one value
	least []float64  // the lowest score of each bin
	group []uint16   // of each bin: rising, see groupBins
}

func (g *gridModel) bin(x float64) uint32 { return g.key.of(x) >> (32 - gridBits) }

// onGrid counts a model's scores. The grid is that of [0, 1] where all scores lie in it,
// so that it does not depend on the data; else it spans the scores.
func onGrid(r *rows.Rows, m, workers int) *gridModel {
	score := r.Models[m].Score
	lo, hi := extremes(score)
	if lo >= 0 && hi <= 1 {
		lo, hi = 0, 1
	}
	g := &gridModel{key: scale(lo, hi, 1<<32), score: score, all: make([]binCount, gridSize), mean: make([]float64, gridSize), least: make([]float64, gridSize)}
	// The ranges are the same for any workers, and so are the sums.
	const ranges = 8
	parts := make([]gridModel, ranges)
	share(workers, ranges, func(_, from, to int) {
		for k := from; k < to; k++ {
			p := &parts[k]
			p.all, p.mean, p.least = make([]binCount, gridSize), make([]float64, gridSize), make([]float64, gridSize)
			for i := range p.least {
				p.least[i] = math.Inf(1)
			}
			for i := k * r.N / ranges; i < (k+1)*r.N/ranges; i++ {
				b := g.bin(score[i])
				p.all[b][r.Class[i]&1]++
				p.mean[b] += score[i]
				p.least[b] = min(p.least[b], score[i])
			}
		}
	})
	for b := range gridSize {
		g.least[b] = math.Inf(1)
		for k := range parts {
			g.all[b][0] += parts[k].all[b][0]
			g.all[b][1] += parts[k].all[b][1]
			g.mean[b] += parts[k].mean[b]
			g.least[b] = min(g.least[b], parts[k].least[b])
		}
		if n := g.all[b][0] + g.all[b][1]; n > 0 {
			g.mean[b] /= float64(n)
		}
	}
	g.group = groupBins(g.all, r.N)
	return g
}

// means are the mean scores of bins put together by 2^shift.
func (g *gridModel) means(shift uint) []float64 {
	if shift == 0 {
		return g.mean
	}
	out := make([]float64, gridSize>>shift)
	n := make([]float64, len(out))
	for b, c := range g.all {
		k := float64(c[0] + c[1])
		n[b>>shift] += k
		out[b>>shift] += k * g.mean[b]
	}
	for b := range out {
		if n[b] > 0 {
			out[b] /= n[b]
		}
	}
	return out
}

// groupBins puts neighbouring bins together, from the top: a group is full with 1/2048 of
// the rows, or before it with 1/16 of the rows above it, where precision moves fastest.
// With no more rows than groups every bin is its own.
func groupBins(all []binCount, n int) []uint16 {
	group := make([]uint16, len(all))
	above, in, g := 0, 0, uint16(0)
	for b := len(all) - 1; b >= 0; b-- {
		here := int(all[b][0] + all[b][1])
		if in > 0 && in+here > max(1, min(n/pairGroups, above/16)) {
			above, in = above+in, 0
			g++
		}
		in += here
		group[b] = g
	}
	return group
}

// binnedBytes is what binnedRank holds: the grids, and the counts and values of one
// partition a worker.
func binnedBytes(models, workers int64) int64 {
	const groups = pairGroups + 256
	return models*gridSize*(8+8+8+2) + 8*gridSize*(8+8+8) + workers*(8*gridCells+models*256*groups*2*24)
}

// binnedRank is rank without exact order.
func binnedRank(ctx context.Context, r *rows.Rows, pops []*summary.Population, e entries, workers int, cut *cutter) error {
	if r.Weight != nil {
		return &engine.DataError{Msg: "exact: false takes no weights: bins count rows", Hint: "remove exact: false, or the weights"}
	}
	for _, p := range pops {
		p.Rank = &summary.Rank{Models: make([]summary.RankModel, len(r.Models)), Binned: gridSize}
	}
	models := make([]*gridModel, len(r.Models))
	for m := range r.Models {
		models[m] = onGrid(r, m, workers)
		if cut != nil {
			if err := cut.binned(ctx, m, models[m], workers); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	all := slots(r)
	next := make(chan slot)
	go func() {
		defer close(next)
		for i := len(all) - 1; i >= 0; i-- { // the order changes no number
			next <- all[i]
		}
	}()
	share(workers, workers, func(_, _, _ int) {
		for s := range next {
			if ctx.Err() != nil {
				continue
			}
			b := &binnedSlot{r: r, slot: s, pops: pops[s.base : s.base+s.size], models: models}
			if s.part >= 0 {
				b.code = r.Parts[s.part].Codes()
			}
			if e != nil {
				b.entry = e[s.part+1]
			}
			b.run()
		}
	})
	return ctx.Err()
}

// binnedSlot is one slot's populations.
type binnedSlot struct {
	r      *rows.Rows
	slot   slot
	code   []uint16 // nil: overall
	entry  []uint16
	pops   []*summary.Population
	models []*gridModel
	shift  uint // bins and groups are put together by 2^shift
	groups int
}

// groupValues are the mean values of a population's rows of one label in one group.
type groupValues struct{ v, ap, n float64 }

func (b *binnedSlot) run() {
	for b.slot.size > gridCells>>(gridBits-b.shift) {
		b.shift++
	}
	for _, g := range b.models {
		b.groups = max(b.groups, int(g.group[0]>>b.shift)+1)
	}
	counts := newArray[binCount](b.slot.size << (gridBits - b.shift))
	defer counts.free()
	values := make([][]groupValues, len(b.models)) // population × group × label
	for m, g := range b.models {
		if m > 0 {
			clear(counts.v)
		}
		for i, x := range g.score {
			at := g.bin(x) >> b.shift
			if b.code != nil {
				c := b.code[i]
				if c == noSlice {
					continue
				}
				at |= uint32(c) << (gridBits - b.shift)
			}
			counts.v[at][b.r.Class[i]&1]++
		}
		values[m] = make([]groupValues, b.slot.size*b.groups*2)
		means := g.means(b.shift)
		for i := range b.pops {
			size := 1 << (gridBits - b.shift)
			b.walk(m, i, means, counts.v[i*size:(i+1)*size], values[m][i*b.groups*2:(i+1)*b.groups*2])
		}
	}
	if b.entry != nil {
		for m := range b.models {
			b.blocks(m, values[m])
		}
		return
	}
	if base := b.r.Baseline; base >= 0 {
		for m := range b.models {
			if m != base {
				b.pairs(m, values)
			}
		}
	}
}

// walk is tied of the exact walk, for bins instead of tie groups.
func (b *binnedSlot) walk(m, i int, means []float64, counts []binCount, values []groupValues) {
	g, p := b.models[m], b.pops[i]
	h, t := newState(p)
	pos, neg := float64(t.pos), float64(t.n-t.pos)
	perPos := 0.0 // 1/(2·Pos)
	if t.pos > 0 {
		perPos = 1 / (2 * pos)
	}
	x := &p.Rank.Models[m]
	for bin, c := range counts {
		if c == (binCount{}) {
			continue
		}
		t.turn(&h)
		t.gap(&h)
		inHere, posHere, negHere := c[0]+c[1], float64(c[1]), float64(c[0])
		below, belowPos := h.below, t.belowPos
		left := float64(t.n - below)
		inv := 1 / left
		prec := float64(t.pos-belowPos) * inv
		t.h1 += posHere * inv
		t.h2 += posHere * prec * inv
		to := values[2*int(g.group[bin<<b.shift]>>b.shift):][:2]
		if c[1] > 0 {
			place := 2*uint64(below-belowPos) + uint64(c[0])
			v, ap := float64(place)*t.perNeg-0.5, prec+t.h1-t.h2
			t.u2 += uint64(c[1]) * place
			t.q10 += posHere * v * v
			t.ap += posHere * prec
			t.x += posHere * ap
			t.xx += posHere * ap * ap
			to[1].add(posHere, v, ap)
			// The positives of a bin come first or last in it at the most.
			above, posAbove := left-posHere-negHere, float64(t.pos-belowPos)-posHere
			if inHere > 1 {
				x.OffAP += posHere * max((posAbove+posHere)/(above+posHere)-prec, prec-(posAbove+1)/(above+negHere+1))
			}
		}
		if c[0] > 0 {
			place := float64(belowPos) + posHere/2
			t.q01 += negHere * place * place
			t.xx += negHere * t.h2 * t.h2
			to[0].add(negHere, 2*place*perPos-0.5, -t.h2)
		}
		x.OffAUC += posHere * negHere
		if inHere > 1 {
			x.OffKS = max(x.OffKS, posHere*2*perPos, negHere*2*t.perNeg)
		}
		h.sum += float64(inHere) * means[bin]
		h.below += inHere
		t.belowPos += c[1]
		t.gap(&h)
	}
	for k := range values {
		if n := values[k].n; n > 0 {
			values[k].v /= n
			values[k].ap /= n
		}
	}
	t.rank(&h, p, x)
	if pos > 0 && neg > 0 {
		x.OffAUC /= 2 * pos * neg
	}
	if pos > 0 {
		x.OffAP /= pos
	}
}

func (x *groupValues) add(n, v, ap float64) {
	x.n += n
	x.v += n * v
	x.ap += n * ap
}

// pairs takes the products of the values of model m and the baseline, row by row.
func (b *binnedSlot) pairs(m int, values [][]groupValues) {
	base := b.r.Baseline
	g, h := b.models[m], b.models[base]
	same := slices.Equal(g.score, h.score)
	type sums struct{ c10, c01, cap float64 }
	st := make([]sums, b.slot.size)
	for i, score := range g.score {
		c := 0
		if b.code != nil {
			if b.code[i] == noSlice {
				continue
			}
			c = int(b.code[i])
		}
		y := int(b.r.Class[i] & 1)
		x := &values[m][2*(c*b.groups+int(g.group[g.bin(score)]>>b.shift))+y]
		z := &values[base][2*(c*b.groups+int(h.group[h.bin(h.score[i])]>>b.shift))+y]
		t := &st[c]
		if y == 1 {
			t.c10 += x.v * z.v
		} else {
			t.c01 += x.v * z.v
		}
		t.cap += x.ap * z.ap
	}
	for i, p := range b.pops {
		x, z := &p.Rank.Models[m], &p.Rank.Models[base]
		pair := summary.RankPair{A: m, B: base}
		pos, neg := float64(p.Rank.Pos), float64(p.Rank.Neg)
		if pos > 0 && neg > 0 {
			prod := (float64(x.U2)/2/(pos*neg) - 0.5) * (float64(z.U2)/2/(pos*neg) - 0.5)
			pair.C10, pair.C01 = st[i].c10-pos*prod, st[i].c01-neg*prod
		}
		if pos > 0 {
			// Σ X over positives is pos·AP + Σ h1 − h2, kept as the groups' sums.
			pair.CAP = (st[i].cap - z.AP*b.total(values[m], i) - x.AP*b.total(values[base], i) + pos*x.AP*z.AP) / (pos * pos)
		}
		if same {
			pair = p.Rank.Same(m, base)
		}
		p.Rank.Pairs = append(p.Rank.Pairs, pair)
	}
}

// total is Σ X over the positives of a population.
func (b *binnedSlot) total(values []groupValues, i int) float64 {
	sum := 0.0
	for k := range b.groups {
		x := &values[2*(i*b.groups+k)+1]
		sum += x.n * x.ap
	}
	return sum
}

// blocks sums the rows' influences by entry of the populations' Blocks.
func (b *binnedSlot) blocks(m int, values []groupValues) {
	g := b.models[m]
	for _, p := range b.pops {
		x := &p.Rank.Models[m]
		x.AUCBlocks, x.APBlocks = make([]float64, len(p.Blocks.ID)), make([]float64, len(p.Blocks.ID))
	}
	for i, score := range g.score {
		c := 0
		if b.code != nil {
			if b.code[i] == noSlice {
				continue
			}
			c = int(b.code[i])
		}
		y := int(b.r.Class[i] & 1)
		r := b.pops[c].Rank
		x, at := &r.Models[m], b.entry[i]
		v := &values[2*(c*b.groups+int(g.group[g.bin(score)]>>b.shift))+y]
		pos, neg := float64(r.Pos), float64(r.Neg)
		if pos > 0 && neg > 0 {
			a := float64(x.U2)/2/(pos*neg) - 0.5
			if y == 1 {
				x.AUCBlocks[at] += (v.v - a) / pos
			} else {
				x.AUCBlocks[at] -= (v.v + a) / neg // V01 is 1 − place/(2·Pos)
			}
		}
		if pos > 0 {
			x.APBlocks[at] += (v.ap - float64(y)*x.AP) / pos
		}
	}
}
