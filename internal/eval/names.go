package eval

import (
	"fmt"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// oneName keeps one of the slices that two entries make alike – the rows without a
// value, of a column by value and in bins, or an end that two lists of bins share – so
// that no cell is counted twice, and refuses a condition's name that a value has too.
func (s *Setup) oneName(set *summary.Set) error {
	first := map[string]int{}
	drop := map[int]bool{}
	for i, p := range set.Pops {
		k, ok := first[p.Slice]
		if !ok {
			first[p.Slice] = i
			continue
		}
		a, b := set.Pops[k].Partition, p.Partition
		for _, e := range []int{a, b} {
			if e >= 0 && s.Plan.Slices[e].Where != "" {
				return &engine.DataError{Msg: fmt.Sprintf("slices[%d] and slices[%d] both make a slice called %q", a, b, p.Slice), Hint: fmt.Sprintf("give slices[%d] another name", e)}
			}
		}
		if !s.Plan.Slices[a].ByValue() { // a fairness gate looks for the values of a column
			i, first[p.Slice] = k, i
		}
		drop[i] = true
	}
	var kept []*summary.Population
	for i, p := range set.Pops {
		if !drop[i] {
			kept = append(kept, p)
		}
	}
	set.Pops = kept
	return nil
}
