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

// cuts counts rows and positives at or above thresholds of equal mass, from the highest
// score down. A cut never divides tied scores.
func cuts(ctx context.Context, r *rows.Rows, pops []*summary.Population, workers int) error {
	if r.Task != cases.Binary || r.Weight != nil {
		return &engine.DataError{Msg: "thresholds are built for binary rows without weights"}
	}
	fold := folds(r)
	out := &summary.Cuts{Total: make([]int64, summary.CutFolds), Positives: make([]int64, summary.CutFolds)}
	for i := range r.N {
		out.Total[fold[i]]++
		out.Positives[fold[i]] += int64(r.Class[i])
	}
	w := &sorter{workers: workers}
	defer w.free()
	for m := range r.Models {
		s, err := w.sort(ctx, r.Models[m].Score)
		if err != nil {
			return err
		}
		out.Models = append(out.Models, cutModel(r, s, fold))
	}
	pops[0].Cuts = out
	return nil
}

func cutModel(r *rows.Rows, s *sorted, fold []uint8) summary.CutModel {
	var x summary.CutModel
	n, hits := make([]int64, summary.CutFolds), make([]int64, summary.CutFolds)
	next := 1
	for i := r.N - 1; i >= 0; i-- { // ascending order, read from its end
		row := s.row(i)
		n[fold[row]]++
		hits[fold[row]] += int64(r.Class[row])
		done := r.N - i
		if i > 0 && s.tie(i) || i > 0 && done*summary.MaxCuts < next*r.N {
			continue
		}
		x.Scores = append(x.Scores, s.value(i))
		x.Rows = append(x.Rows, append([]int64(nil), n...))
		x.Hits = append(x.Hits, append([]int64(nil), hits...))
		next = done*summary.MaxCuts/r.N + 1
	}
	return x
}

// folds deals rows to folds, clusters whole.
func folds(r *rows.Rows) []uint8 {
	out := make([]uint8, r.N)
	if r.Cluster != nil {
		for i, c := range r.Cluster {
			out[i] = uint8(mix(r.ClusterHash[c]) % summary.CutFolds)
		}
		return out
	}
	buf := make([]byte, 0, 8*(len(r.Models)+1))
	for i := range out {
		buf = binary.LittleEndian.AppendUint64(buf[:0], uint64(r.Class[i]))
		for m := range r.Models {
			buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(r.Models[m].Score[i]))
		}
		h := fnv.New64a()
		_, _ = h.Write(buf) // never fails
		out[i] = uint8(mix(h.Sum64()) % summary.CutFolds)
	}
	return out
}

// mix spreads a hash over all its bits (the finisher of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
