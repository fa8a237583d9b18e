package order

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"math"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// cutter counts rows and positives at or above thresholds of equal mass, from the highest
// score down. A cut never divides tied scores.
type cutter struct {
	r    *rows.Rows
	most int
	fold []uint8 // nil: one fold
	out  *summary.Cuts

	errors   bool
	positive []float64 // by cluster: weight of its positives
}

func newCutter(r *rows.Rows, spec summary.Spec, overall *summary.Counts) (*cutter, error) {
	most, n, ok := spec.Cuts()
	if !ok || r.Task != cases.Binary {
		return nil, &engine.DataError{Msg: "thresholds are built for binary rows"}
	}
	c := &cutter{r: r, most: most, out: &summary.Cuts{Total: make([]int64, n), Positives: make([]int64, n), Models: make([]summary.CutModel, len(r.Models))}}
	if n > 1 {
		c.fold = folds(r, n)
	}
	if c.fold == nil {
		for _, x := range overall.Cells {
			c.out.Total[0] += x.N
			c.out.Positives[0] += x.N * int64(x.Label)
		}
	} else {
		for i, y := range r.Class {
			c.out.Total[c.fold[i]]++
			c.out.Positives[c.fold[i]] += int64(y)
		}
	}
	if r.Weight != nil {
		c.out.Weight, c.out.WeightPositive = make([]float64, n), make([]float64, n)
		for i, w := range r.Weight {
			f := c.foldOf(uint32(i))
			c.out.Weight[f] += w
			c.out.WeightPositive[f] += w * float64(r.Class[i])
		}
	}
	if c.errors = spec.CutErrors() && (r.Weight != nil || r.Cluster != nil); c.errors && r.Cluster != nil {
		c.positive = make([]float64, len(r.ClusterHash))
		for i, y := range r.Class {
			if y == 1 {
				c.positive[r.Cluster[i]] += c.weight(uint32(i))
			}
		}
	}
	return c, nil
}

func (c *cutter) foldOf(row uint32) uint8 {
	if c.fold == nil {
		return 0
	}
	return c.fold[row]
}

func (c *cutter) weight(row uint32) float64 {
	if c.r.Weight == nil {
		return 1
	}
	return c.r.Weight[row]
}

// cuts makes them for all models, where no walk of the ranks sorts the scores anyway.
func cuts(ctx context.Context, c *cutter, workers int) error {
	w := &sorter{workers: workers}
	defer w.free()
	labels := pack(c.r, slots(c.r)[:1], workers)
	defer labels.free()
	for m := range c.r.Models {
		if err := c.sorted(ctx, m, w, labels); err != nil {
			return err
		}
	}
	return nil
}

// sorted takes the cuts of a model from its scores.
func (c *cutter) sorted(ctx context.Context, m int, w *sorter, codes *codes) error {
	s, err := w.sort(ctx, c.r.Models[m].Score, nil, codes.words...)
	if err != nil {
		return err
	}
	c.model(m, s)
	return nil
}

// byRow reports whether the cutter needs to know which row is which.
func (c *cutter) byRow() bool { return c.fold != nil || c.errors || c.r.Weight != nil }

// binned takes the cuts of a model from its bins. Folds need the rows, so that they are sorted.
func (c *cutter) binned(ctx context.Context, m int, g *gridModel, workers int) error {
	if c.fold != nil {
		w := &sorter{workers: workers}
		defer w.free()
		labels := pack(c.r, slots(c.r)[:1], workers)
		defer labels.free()
		s, err := w.sort(ctx, g.score, nil, labels.words...)
		if err == nil {
			c.model(m, s)
		}
		return err
	}
	x, all := &c.out.Models[m], c.r.N
	n, hits, in, next := 0, int64(0), 0, 1
	for bin := len(g.all) - 1; bin >= 0; bin-- {
		k := g.all[bin]
		in += int(k[0] + k[1])
		hits += int64(k[1])
		if in == 0 || in < all && in < (next*all+c.most-1)/c.most || in == n {
			continue
		}
		n = in
		x.Scores = append(x.Scores, g.least[bin])
		x.Rows = append(x.Rows, []int64{int64(n)})
		x.Hits = append(x.Hits, []int64{hits})
		next = n*c.most/all + 1
	}
	return nil
}

// model takes the cuts of a model from its sorted scores, whose codes begin with the label.
func (c *cutter) model(m int, s *sorted) {
	x, all := &c.out.Models[m], c.r.N
	n, hits := make([]int64, len(c.out.Total)), make([]int64, len(c.out.Total))
	t := c.newCutSums()
	for to, next := all, 1; to > 0; { // ascending order, read from its end
		// The next cut takes its share of all rows, and the whole of a tie group.
		from := min(to-1, all-(next*all+c.most-1)/c.most)
		for from = max(0, from); from > 0 && s.tie(from); {
			from--
		}
		if c.fold == nil {
			n[0], hits[0] = n[0]+int64(to-from), hits[0]+s.positives(from, to)
		} else {
			for _, r := range s.rec[from:to] {
				n[c.fold[r.row]]++
				hits[c.fold[r.row]] += int64(r.code & 1)
			}
		}
		for i := to - 1; i >= from && (t.w != nil || c.errors); i-- {
			t.add(c, s.row(i))
		}
		t.write(c, x)
		x.Scores = append(x.Scores, s.value(from))
		x.Rows = append(x.Rows, append([]int64(nil), n...))
		x.Hits = append(x.Hits, append([]int64(nil), hits...))
		to = from
		next = (all-to)*c.most/all + 1
	}
}

// folds deals rows to folds, clusters whole.
func folds(r *rows.Rows, n int) []uint8 {
	out := make([]uint8, r.N)
	if r.Cluster != nil {
		for i, c := range r.Cluster {
			out[i] = uint8(mix(r.ClusterHash[c]) % uint64(n))
		}
		return out
	}
	// Equal rows are dealt in turn: all in one fold they would leave the others without
	// their like.
	seen := make(map[uint64]uint64, r.N)
	buf := make([]byte, 0, 8*(len(r.Models)+1))
	for i := range out {
		buf = binary.LittleEndian.AppendUint64(buf[:0], uint64(r.Class[i]))
		for m := range r.Models {
			buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(r.Models[m].Score[i]))
		}
		h := fnv.New64a()
		_, _ = h.Write(buf) // never fails
		key := h.Sum64()
		out[i] = uint8((mix(key) + seen[key]) % uint64(n))
		seen[key]++
	}
	return out
}

// mix spreads a hash over all its bits (the finisher of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
