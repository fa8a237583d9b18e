package order

import "github.com/fairtrial/fairtrial/internal/summary"

// finish turns the sums of a walk into the summary of one model.
func (k *walk) finish(pops []*summary.Population, m int) {
	for g, s := range k.group {
		for i := range s.size {
			t := &k.st[k.first[g]+i]
			p := pops[s.base+i]
			x := &p.Rank.Models[m]
			t.rank(&k.heads[k.first[g]+i], p, x)
			if p.Blocks != nil {
				k.blocks(t, p, x)
			}
		}
	}
}

// rank writes what a walk has summed.
func (t *state) rank(h *head, p *summary.Population, x *summary.RankModel) {
	pos, neg := float64(t.pos), float64(t.n-t.pos)
	p.Rank.Pos, p.Rank.Neg = int64(t.pos), int64(t.n-t.pos)
	for t.n > 0 && t.more.bin < summary.CalibrationBins {
		t.closeBin(h)
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
			x.AUCBlocks[i] = (t.more.e10[i]*t.perNeg-a*posOf[i])/pos + (negOf-t.more.e01[i]/(2*pos)-a*negOf)/neg
		}
		if pos > 0 {
			x.APBlocks[i] = (t.more.eAP[i] - x.AP*posOf[i]) / pos
		}
	}
}
