package summary

import "strconv"

// Top counts label by who is called when every model calls its highest scores up to a
// share of the population's weight. Blocks is the weight of each cell by entry of the
// population's Blocks. It does not merge.
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

// TopOf asks for the highest scores up to a share of the rows.
func TopOf(share float64) Spec {
	return Spec{Kind: KindTop, Terms: strconv.FormatFloat(share, 'g', -1, 64)}
}

// Top is the share that a Spec made by TopOf asks for.
func (s Spec) Top() (share float64, ok bool) {
	share, err := strconv.ParseFloat(s.Terms, 64)
	return share, s.Kind == KindTop && err == nil && share > 0 && share < 1
}
