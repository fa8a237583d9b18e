package summary

import (
	"fmt"
	"sort"
)

// Cell is one occupied cell of the joint table label × decision of every model.
type Cell struct {
	Label     uint32   `json:"y"`
	Decisions []uint32 `json:"d"` // by model; NoDecision where the model makes none
	N         int64    `json:"n"`
	W         float64  `json:"w"`  // Σw, equal to N without weights
	W2        float64  `json:"w2"` // Σw²
}

// NoDecision stands in Cell.Decisions for a model without decisions.
const NoDecision = ^uint32(0)

// Counts is the sparse joint table of label × decisions, sorted by (Label,
// Decisions). Classes are numbered in the order of Population set's Classes; binary
// tasks have the classes 0 (negative) and 1 (positive).
type Counts struct {
	Cells []Cell `json:"cells"`
}

func compareCells(a, b Cell) int {
	if a.Label != b.Label {
		if a.Label < b.Label {
			return -1
		}
		return 1
	}
	for i := range a.Decisions {
		if a.Decisions[i] != b.Decisions[i] {
			if a.Decisions[i] < b.Decisions[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// Sort puts the cells into canonical order.
func (c *Counts) Sort() {
	sort.Slice(c.Cells, func(i, j int) bool { return compareCells(c.Cells[i], c.Cells[j]) < 0 })
}

// Merge adds the cells of o, which must be over the same models.
func (c *Counts) Merge(o *Counts) error {
	out := make([]Cell, 0, len(c.Cells)+len(o.Cells))
	i, j := 0, 0
	for i < len(c.Cells) || j < len(o.Cells) {
		switch {
		case j == len(o.Cells):
			out = append(out, c.Cells[i])
			i++
		case i == len(c.Cells):
			out = append(out, o.Cells[j])
			j++
		default:
			if len(c.Cells[i].Decisions) != len(o.Cells[j].Decisions) {
				return fmt.Errorf("merge counts: %d and %d models", len(c.Cells[i].Decisions), len(o.Cells[j].Decisions))
			}
			switch compareCells(c.Cells[i], o.Cells[j]) {
			case -1:
				out = append(out, c.Cells[i])
				i++
			case 1:
				out = append(out, o.Cells[j])
				j++
			default:
				x := c.Cells[i]
				x.N += o.Cells[j].N
				x.W += o.Cells[j].W
				x.W2 += o.Cells[j].W2
				out = append(out, x)
				i++
				j++
			}
		}
	}
	c.Cells = out
	return nil
}
