package cells

import "github.com/fairtrial/fairtrial/internal/engine/local/rows"

// fused is one or more partitions whose slices are counted together: a row adds to one
// cell of their cross table instead of one slice of each, and the cells of a chunk are
// dealt to the slices afterwards. Few partitions of few slices cost as much as one.
type fused struct {
	parts []int
	width []int // of each: its slices, and none
	step  []int // what one slice further is in the cross table
	size  int   // cells
}

// fusedMost is the most cells of a cross table of several partitions: their sums stay in
// the cache.
const fusedMost = 256

// fuse puts each partition into the first group where it fits. Without partitions there
// is one group of one cell.
func fuse(parts []rows.Partition) []fused {
	out := []fused{}
	for p := range parts {
		width := len(parts[p].Names) + 1
		at := -1
		for g := range out {
			if out[g].size*width <= fusedMost {
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
	return out
}

// codes writes the cell of each row from row from on.
func (g *fused) codes(parts []rows.Partition, from int, out []uint16) {
	for k, p := range g.parts {
		code := parts[p].Code[from : from+len(out)]
		none, step := uint16(g.width[k]-1), uint16(g.step[k])
		if k == 0 {
			for i, c := range code {
				out[i] = min(c, none)
			}
			continue
		}
		for i, c := range code {
			out[i] += min(c, none) * step
		}
	}
	if len(g.parts) == 0 {
		clear(out)
	}
}

// deal calls add with each slice that a cell is part of, by population.
func (g *fused) deal(cell int, offset []int, add func(pop int)) {
	for k, p := range g.parts {
		if c := cell / g.step[k] % g.width[k]; c < g.width[k]-1 {
			add(offset[p] + c)
		}
	}
}
