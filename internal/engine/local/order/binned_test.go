package order

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/fairtrial/fairtrial/internal/engine/local/cells"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/summary"
)

func summarizeBinned(t *testing.T, x *rows.Rows, needs []summary.Spec, binned bool, workers int) []*summary.Population {
	t.Helper()
	pops, err := cells.Summarize(context.Background(), x, needs, workers)
	if err != nil {
		t.Fatal(err)
	}
	if err := Summarize(context.Background(), x, needs, pops, binned, workers); err != nil {
		t.Fatal(err)
	}
	return pops
}

// Scores that lie on the grid already, one value a bin, give the exact summaries, with
// and without clusters.
func TestBinnedIsExactOnTheGrid(t *testing.T) {
	needs := append([]summary.Spec{summary.CutsOf(50, 1)}, rankNeeds...)
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 21))
		x := sample(r, 2+r.IntN(1500), 2, seed%2 == 1)
		for m := range x.Models {
			for i, s := range x.Models[m].Score {
				x.Models[m].Score[i] = math.Round(200*s) / 200
			}
		}
		exact, binned := summarizeBinned(t, x, needs, false, 2), summarizeBinned(t, x, needs, true, 2)
		for p := range exact {
			want, got := exact[p].Rank, binned[p].Rank
			check := func(what string, g, w float64) {
				if math.Abs(g-w) > 1e-9*math.Max(1, math.Abs(w)) {
					t.Errorf("seed %d population %d: %s = %.15g, want %.15g", seed, p, what, g, w)
				}
			}
			for m, w := range want.Models {
				g := got.Models[m]
				check("U2", float64(g.U2), float64(w.U2))
				check("S10", g.S10, w.S10)
				check("S01", g.S01, w.S01)
				check("AP", g.AP, w.AP)
				check("APSS", g.APSS, w.APSS)
				check("KS", g.KS, w.KS)
				for b := range w.Bins {
					check("bin n", float64(g.Bins[b].N), float64(w.Bins[b].N))
					check("bin positives", float64(g.Bins[b].Pos), float64(w.Bins[b].Pos))
					check("bin score", g.Bins[b].SumScore, w.Bins[b].SumScore)
				}
				for b := range w.AUCBlocks {
					check("AUC block", g.AUCBlocks[b], w.AUCBlocks[b])
					check("AP block", g.APBlocks[b], w.APBlocks[b])
				}
			}
			if len(got.Pairs) != len(want.Pairs) {
				t.Fatalf("seed %d: %d pairs, want %d", seed, len(got.Pairs), len(want.Pairs))
			}
			for k, w := range want.Pairs {
				check("C10", got.Pairs[k].C10, w.C10)
				check("C01", got.Pairs[k].C01, w.C01)
				if d := math.Abs(got.Pairs[k].CAP - w.CAP); d > 3e-6*want.Models[w.A].APSS+1e-7 { // the exact walk rounds what it keeps
					t.Errorf("seed %d population %d: CAP = %g, want %g", seed, p, got.Pairs[k].CAP, w.CAP)
				}
			}
		}
		if !reflect.DeepEqual(binned[0].Cuts, exact[0].Cuts) {
			t.Errorf("seed %d: cuts differ", seed)
		}
		if again := summarizeBinned(t, x, needs, true, 5); !reflect.DeepEqual(binned, again) {
			t.Errorf("seed %d: 5 workers give other bits", seed)
		}
	}
}

// Scores crowded into few bins: every value is within its stated distance of the exact
// one, and errors come out close.
func TestBinnedKeepsItsBounds(t *testing.T) {
	off := false
	for seed := range uint64(8) { // some draws have one class only
		r := rand.New(rand.NewPCG(seed, 22))
		x := sample(r, 20_000, 2, false)
		for m := range x.Models {
			for i := range x.Models[m].Score {
				// 65 536 bins of [0, 1]: these fall in about 300 of them.
				x.Models[m].Score[i] = (0.7*float64(x.Class[i])*r.Float64() + r.Float64()) / 370
			}
		}
		exact, binned := summarize(t, x, 2), summarizeBinned(t, x, rankNeeds, true, 2)
		for p := range exact {
			want, got := exact[p].Rank, binned[p].Rank
			within := func(what string, g, w, most float64) {
				off = off || g != w
				if math.Abs(g-w) > most {
					t.Errorf("seed %d population %d: %s = %g, exact %g, more than %g off", seed, p, what, g, w, most)
				}
			}
			pairs := 2 * float64(want.Pos) * float64(want.Neg)
			for m, w := range want.Models {
				g := got.Models[m]
				if pairs > 0 {
					within("AUC", float64(g.U2)/pairs, float64(w.U2)/pairs, g.OffAUC+1e-12)
				}
				within("AP", g.AP, w.AP, g.OffAP+1e-12)
				within("KS", g.KS, w.KS, g.OffKS+1e-12)
				within("S10", g.S10, w.S10, 0.01*w.S10)
				within("S01", g.S01, w.S01, 0.01*w.S01)
				within("APSS", g.APSS, w.APSS, 0.03*w.APSS)
			}
			for k, w := range want.Pairs {
				g := got.Pairs[k]
				m := want.Models[w.A]
				within("C10", g.C10, w.C10, 0.01*m.S10)
				within("C01", g.C01, w.C01, 0.01*m.S01)
				within("CAP", g.CAP, w.CAP, 0.03*m.APSS)
			}
		}
	}
	if !off {
		t.Error("no value differs: the scores are not crowded")
	}
}

// A partition of very many slices shares the cells: its bins are wider, and on a coarse
// grid still exact.
func TestBinnedOfManySlices(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 23))
	x := sample(r, 3000, 2, false)
	part := &x.Parts[0]
	part.Names, part.Aside = make([]string, 700), make([]int64, 700)
	for i := range part.Code {
		part.Code[i] = uint16(r.IntN(700))
	}
	for m := range x.Models {
		for i, s := range x.Models[m].Score {
			x.Models[m].Score[i] = math.Round(50*s) / 50
		}
	}
	exact, binned := summarize(t, x, 2), summarizeBinned(t, x, rankNeeds, true, 2)
	for p := range exact {
		for m, w := range exact[p].Rank.Models {
			g := binned[p].Rank.Models[m]
			if g.U2 != w.U2 || math.Abs(g.AP-w.AP) > 1e-12 || math.Abs(g.KS-w.KS) > 1e-12 {
				t.Errorf("population %d: %v, want %v", p, g, w)
			}
			for b := range w.Bins {
				if math.Abs(g.Bins[b].SumScore-w.Bins[b].SumScore) > 1e-9 {
					t.Errorf("population %d bin %d: Σ %g, want %g", p, b, g.Bins[b].SumScore, w.Bins[b].SumScore)
				}
			}
		}
	}
}
