// Package order makes the summaries that depend on the order of scores: each score
// is sorted once, and its order is walked once for all slices. It
// refuses to read files.
package order

import (
	"context"
	"runtime"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Summarize adds Rank, ClassRank and Quantiles to populations made by package cells
// for the same rows. With binned, the Rank of binary scores (and Cuts without folds) come
// from counts of scores in bins.
func Summarize(ctx context.Context, r *rows.Rows, needs []summary.Spec, pops []*summary.Population, binned bool, workers int) error {
	if workers <= 0 {
		workers = runtime.NumCPU()
	}
	e := entriesOf(r, pops)
	var cut *cutter // shares the sorting of the ranks
	ranked := false
	for _, s := range needs {
		var err error
		if s.Kind == summary.KindCuts {
			if cut, err = newCutter(r, s, pops[0].Counts); err != nil {
				return err
			}
			pops[0].Cuts = cut.out
		}
		ranked = ranked || s.Kind == summary.KindRank
	}
	for _, s := range needs {
		var err error
		switch s.Kind {
		case summary.KindRank:
			if binned {
				err = binnedRank(ctx, r, pops, e, workers, cut)
			} else if r.Weight != nil {
				err = weightedRank(ctx, r, pops, e, workers)
			} else {
				err = rank(ctx, r, pops, e, workers, cut)
			}
		case summary.KindClassRank:
			err = classRank(ctx, r, pops, e, workers)
		case summary.KindCuts:
			if !ranked || r.Weight != nil {
				err = cuts(ctx, cut, workers)
			}
		case summary.KindTop:
			err = top(ctx, r, s, pops, e, workers)
		case summary.KindQuantile:
			err = quantile(ctx, r, s, pops, e, workers)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// CanBin reports whether a request may ask for binned scores.
func CanBin(r engine.Request) bool { return r.Task == cases.Binary && r.Weight == "" }

// Bytes is the memory that Summarize takes beside the n rows themselves.
func Bytes(n int64, r engine.Request, workers int) int64 {
	const sorting = 16 + 2 // a record, and the part that is being sorted
	slots, models := int64(len(r.Slices)+1), int64(len(r.Models))
	classes := 2
	for _, m := range r.Models {
		classes = max(classes, len(m.Probabilities))
	}
	most, fixed := int64(0), int64(0)
	for _, s := range r.Needs {
		b := int64(0)
		switch s.Kind {
		case summary.KindRank:
			switch {
			case r.Binned:
				fixed = binnedBytes(models, int64(workers))
			case r.Weight != "":
				b = sorting + 8*slots*min(models-1, 1)
			default:
				b = sorting + slots + max(0, slots-4) // a slice takes some 8 bits; what does not fit one word is sorted beside the records
			}
		case summary.KindClassRank:
			b = sorting + 8*slots*(models+1)
		case summary.KindCuts:
			if strings.HasSuffix(s.Terms, " 1") {
				if !r.Binned {
					b = sorting
				}
				break
			}
			b = sorting + 49 + 24 // folds: a byte a row, and the count of equal rows; sums by cluster
		case summary.KindTop:
			b = sorting + 2*slots
		case summary.KindQuantile:
			b = sorting + 8*models
		}
		most = max(most, b)
	}
	if most > 0 && r.Cluster != "" {
		most += 2 * slots
	}
	return n*most + fixed
}

// slot is overall (part −1) or one partition.
type slot struct {
	part int
	base int // first population
	size int
}

func slots(r *rows.Rows) []slot {
	out := []slot{{part: -1, size: 1}}
	base := 1
	for k, p := range r.Parts {
		out = append(out, slot{part: k, base: base, size: len(p.Names)})
		base += len(p.Names)
	}
	return out
}

// deal gives each worker its slots.
func deal(all []slot, workers int) [][]slot {
	k := max(1, min(workers, len(all)))
	out := make([][]slot, k)
	for i, s := range all {
		out[i%k] = append(out[i%k], s)
	}
	return out
}

// noSlice stands for a row that is in no slice of a partition.
const noSlice = rows.None

// entries gives the place of a row's cluster in a population's Blocks, by slot and row.
type entries [][]uint16

func entriesOf(r *rows.Rows, pops []*summary.Population) entries {
	if r.Cluster == nil {
		return nil
	}
	var out entries
	for _, s := range slots(r) {
		at := make([]map[uint64]uint16, s.size)
		for i := range at {
			at[i] = map[uint64]uint16{}
			for k, id := range pops[s.base+i].Blocks.ID {
				at[i][id] = uint16(k)
			}
		}
		e := make([]uint16, r.N)
		for i := range e {
			c := 0
			if s.part >= 0 {
				if r.Parts[s.part].At(i) == noSlice {
					continue
				}
				c = int(r.Parts[s.part].At(i))
			}
			id := r.ClusterHash[r.Cluster[i]]
			if !pops[s.base+c].Blocks.Exact {
				id %= summary.BlockCount
			}
			e[i] = at[c][id]
		}
		out = append(out, e)
	}
	return out
}
