package cells

import (
	"slices"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// fused is one or more partitions whose slices are counted together: a row adds to one
// cell of their cross table instead of one slice of each, and the cells of a chunk are
// dealt to the slices afterwards. Few partitions of few slices cost as much as one.
type fused struct {
	parts []int
	width []int   // of each: its slices, and none
	step  []int   // what one slice further is in the cross table
	size  int     // cells
	pops  [][]int // the populations that each cell is part of
}

// fusedBytes is the most that the sums of a cross table of several partitions can take. Mostly
// they take half of it, since columns that are seldom set are among them, and stay in the cache.
const fusedBytes = 128 << 10

// fuse puts each partition, the widest first, into the first group where it fits. Without
// partitions there is one group of one cell.
func fuse(parts []rows.Partition, offset []int, sums int) []fused {
	most := fusedBytes / 8 / max(sums, pairRoom)
	order := make([]int, len(parts))
	for p := range order {
		order[p] = p
	}
	slices.SortStableFunc(order, func(p, q int) int { return len(parts[q].Names) - len(parts[p].Names) })
	out := []fused{}
	for _, p := range order {
		width := len(parts[p].Names) + 1
		at := -1
		for g := range out {
			if out[g].size*width <= most {
				at = g
				break
			}
		}
		if at < 0 {
			at = len(out)
			out = append(out, fused{size: 1})
		}
		g := &out[at]
		g.parts, g.width, g.step = append(g.parts, p), append(g.width, width), append(g.step, g.size)
		g.size *= width
	}
	if len(out) == 0 {
		out = append(out, fused{size: 1})
	}
	for g := range out {
		f := &out[g]
		f.pops = make([][]int, f.size)
		for cell := range f.pops {
			for k, p := range f.parts {
				if c := cell / f.step[k] % f.width[k]; c < f.width[k]-1 {
					f.pops[cell] = append(f.pops[cell], offset[p]+c)
				}
			}
		}
	}
	return out
}

// codes writes the cell of each row from row from on.
func (g *fused) codes(parts []rows.Partition, from int, out []uint16) {
	clear(out)
	for k := 0; k < len(g.parts); k++ {
		p, none, step := &parts[g.parts[k]], uint16(g.width[k]-1), uint16(g.step[k])
		if p.Words == nil {
			for i, c := range p.Code[from : from+len(out)] {
				out[i] += min(c, none) * step
			}
			continue
		}
		at, next, nextStep := p.Words.At[p.Column], rows.Place{}, uint16(0)
		if k+1 < len(g.parts) { // two at a time where they share a word: it is read once
			if q := &parts[g.parts[k+1]]; q.Words != nil && q.Words.At[q.Column].Word == at.Word {
				k++
				next, nextStep = q.Words.At[q.Column], uint16(g.step[k])
			}
		}
		for i, word := range p.Words.Word[at.Word][from : from+len(out)] {
			out[i] += uint16(at.Of(word))*step + uint16(next.Of(word))*nextStep
		}
	}
}
