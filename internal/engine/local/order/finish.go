package order

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/summary"
)

// finish turns the sums of a walk into the summary of one model.
func (k *walk) finish(pops []*summary.Population, m int) {
	for g, s := range k.group {
		for i := range s.size {
			t := &k.st[k.first[g]+i]
			p := pops[s.base+i]
			x := &p.Rank.Models[m]
			t.rank(p, x)
			if p.Blocks != nil {
				k.blocks(t, p, x)
			}
		}
	}
}

// rank writes what a walk has summed.
func (t *state) rank(p *summary.Population, x *summary.RankModel) {
	pos, neg := float64(t.pos), float64(t.n-t.pos)
	p.Rank.Pos, p.Rank.Neg = int64(t.pos), int64(t.n-t.pos)
	for t.n > 0 && t.more.bin < summary.CalibrationBins {
		t.closeBin()
	}
	x.Bins = append([]summary.Bin(nil), t.more.bins[:]...)
	if t.pos > 0 {
		x.AP = t.ap / pos
		x.APSS = nonNegative(t.xx-2*x.AP*t.x+pos*x.AP*x.AP) / (pos * pos)
	}
	if t.pos > 0 && t.n > t.pos {
		x.U2, x.KS = t.u2, float64(max(t.gapHigh, -t.gapLow))/(pos*neg)
		a := t.auc()
		x.S10 = nonNegative(t.q10 - pos*(a-0.5)*(a-0.5))
		// V01 = 1 − positives below/Pos: its square about the AUC is that of their share about 1 − AUC.
		x.S01 = nonNegative(t.q01/(pos*pos) - neg*(1-a)*(1-a))
	}
}

func (t *state) auc() float64 { return float64(t.u2) / 2 / (float64(t.pos) * float64(t.n-t.pos)) }

// nonNegative guards a sum of squares against rounding.
func nonNegative(x float64) float64 {
	if x < 0 {
		return 0
	}
	return x
}

// blocks turns sums by entry into sums of influence: (V10 − A)/Pos, (V01 − A)/Neg, and
// (X − y·AP)/Pos for average precision.
func (k *walk) blocks(t *state, p *summary.Population, x *summary.RankModel) {
	n := len(p.Blocks.ID)
	x.AUCBlocks, x.APBlocks = make([]float64, n), make([]float64, n)
	posOf := make([]float64, n)
	for i := range n {
		for c := p.Blocks.CellStart[i]; c < p.Blocks.CellStart[i+1]; c++ {
			if p.Counts.Cells[p.Blocks.CellIndex[c]].Label == 1 {
				posOf[i] += p.Blocks.CellW[c]
			}
		}
	}
	pos, neg := float64(t.pos), float64(t.n-t.pos)
	for i := range n {
		if pos > 0 && neg > 0 {
			a := t.auc()
			negOf := float64(p.Blocks.N[i]) - posOf[i]
			x.AUCBlocks[i] = (t.more.e10[i]*t.perNeg-a*posOf[i])/pos + (negOf-t.more.e01[i]*t.perPos-a*negOf)/neg
		}
		if pos > 0 {
			x.APBlocks[i] = (t.more.eAP[i] - x.AP*posOf[i]) / pos
		}
	}
}

// pair writes the covariances of model m with the baseline.
func (k *walk) pair(pops []*summary.Population, m, b int, base []state, same bool) {
	for g, s := range k.group {
		for i := range s.size {
			t, u := &k.st[k.first[g]+i], &base[k.first[g]+i]
			p := pops[s.base+i]
			out := summary.RankPair{A: m, B: b}
			pos := float64(t.pos)
			if t.pos > 0 && t.n > t.pos {
				// About the means of what was kept, so that what was dropped of it does not count.
				drop := math.Ldexp(1, int(t.split.drop))
				out.C10 = drop * t.perNeg * (t.c10 - (t.auc()-0.5)*float64(int64(t.posPlace)))
				out.C01 = drop / (2 * pos * pos) * (t.auc()*pos*float64(int64(t.runPlace)) - t.belowRun)
			}
			if t.pos > 0 {
				apA, apB := t.ap/pos, u.ap/pos
				sum := t.cap + t.h2*t.runAP - t.belowAP
				out.CAP = (sum - apB*t.x - apA*u.x + pos*apA*apB) / (pos * pos)
			}
			if same {
				out = p.Rank.Same(m, b)
			}
			p.Rank.Pairs = append(p.Rank.Pairs, out)
		}
	}
}
