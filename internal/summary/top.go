package summary

import (
	"strconv"
	"strings"
)

// Top counts label by who is called when every model calls its highest scores up to a
// share or number of the population's rows (of their weight, for a share). Blocks is the
// weight of each cell by entry of the population's Blocks. It does not merge.
type Top struct {
	Spec   Spec       `json:"spec"`
	Counts *Counts    `json:"counts"` // Decisions: 1 for called
	Models []TopModel `json:"models"`

	Blocks [][]float64 `json:"blocks,omitempty"`
}

// TopModel is one model's part: the rows that it calls, and the share of positives near
// the score where it stops.
type TopModel struct {
	Called int64   `json:"called"`
	Near   float64 `json:"near"`
}

// TopOfCount asks for the highest scores up to a number of rows of each population.
func TopOfCount(rows int64) Spec {
	return Spec{Kind: KindTop, Terms: "count " + strconv.FormatInt(rows, 10)}
}

// TopBudget is what a Spec made by TopOf or TopOfCount calls at most of n rows of weight w.
func (s Spec) TopBudget(n int64, w float64) (weight float64, ok bool) {
	if text, found := strings.CutPrefix(s.Terms, "count "); found {
		rows, err := strconv.ParseInt(text, 10, 64)
		return float64(min(rows, n)), s.Kind == KindTop && err == nil && rows > 0
	}
	share, ok := s.Top()
	return share * w, ok
}

// TopOf asks for the highest scores up to a share of the rows.
func TopOf(share float64) Spec {
	return Spec{Kind: KindTop, Terms: strconv.FormatFloat(share, 'g', -1, 64)}
}

// Top is the share that a Spec made by TopOf asks for.
func (s Spec) Top() (share float64, ok bool) {
	share, err := strconv.ParseFloat(s.Terms, 64)
	return share, s.Kind == KindTop && err == nil && share > 0 && share < 1
}
