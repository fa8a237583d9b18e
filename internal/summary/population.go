package summary

// Population is everything known about one slice: the summaries of its usable rows
// for all models together, from which every estimate and comparison is computed.
type Population struct {
	Slice     string  `json:"slice"`     // "overall" or the slice's name
	Partition int     `json:"partition"` // index of the declared slice entry; -1 overall
	Rows      int64   `json:"rows"`      // rows of the slice, usable or not
	N         int64   `json:"n"`         // usable rows
	W         float64 `json:"w"`         // Σw, N without weights
	W2        float64 `json:"w2"`        // Σw²

	Missing []int64 `json:"missing,omitempty"` // rows without a usable prediction, by model
	NoLabel int64   `json:"no_label,omitempty"`
	// Ungraded counts, by scorer, the usable rows that it graded for not every model.
	Ungraded map[string]int64 `json:"ungraded,omitempty"`

	// Labelled counts, by scorer, the usable and graded rows that a person labelled for the
	// first and for the second of two models: models × models, row by row.
	Labelled map[string][]int64 `json:"labelled,omitempty"`

	Counts    *Counts     `json:"counts,omitempty"`
	Moments   []*Moments  `json:"moments,omitempty"`
	Rank      *Rank       `json:"rank,omitempty"`
	ClassRank *ClassRank  `json:"class_rank,omitempty"`
	Quantiles []*Quantile `json:"quantiles,omitempty"`
	Tops      []*Top      `json:"tops,omitempty"`
	Fit       *Fit        `json:"fit,omitempty"`

	Functionals []*Functional `json:"functionals,omitempty"`

	Cuts   *Cuts   `json:"cuts,omitempty"`   // overall only
	Blocks *Blocks `json:"blocks,omitempty"` // only when a cluster column is declared

	// With a second cluster column: the same population with the Blocks of the second
	// column, and with those of the cells, the clusters of both.
	Crossed *Population `json:"crossed,omitempty"`
	Both    *Population `json:"both,omitempty"`

	// Lost counts the rows that were dropped because some model had no usable
	// prediction, by label and by what each model would have decided (NoDecision
	// where missing): what worst-case bounds are made of. Binary and multiclass only.
	Lost *Counts `json:"lost,omitempty"`
}

// Set is all populations of one run with what they share.
type Set struct {
	Models   []string      `json:"models"`             // keys, candidate first
	Baseline int           `json:"baseline"`           // index into Models, -1 without
	Classes  []string      `json:"classes,omitempty"`  // label values by number
	Weighted bool          `json:"weighted,omitempty"` // a weight column is declared
	Pivot    float64       `json:"pivot,omitempty"`    // c of the Label expression
	Pops     []*Population `json:"populations"`        // overall first
	// Control is the same with some of the first model's answers given to other rows, in
	// Degraded rows; nil unless the plan asks for it.
	Control  []*Population `json:"control,omitempty"`
	Degraded int64         `json:"degraded,omitempty"`
}

// Find returns the Moments made for a spec, or nil.
func (p *Population) Find(s Spec) *Moments {
	for _, m := range p.Moments {
		if m.Spec == s {
			return m
		}
	}
	return nil
}

// FindTop returns the Top made for a spec, or nil.
func (p *Population) FindTop(s Spec) *Top {
	for _, t := range p.Tops {
		if t.Spec == s {
			return t
		}
	}
	return nil
}

// FindQuantile returns the Quantile made for a spec, or nil.
func (p *Population) FindQuantile(s Spec) *Quantile {
	for _, q := range p.Quantiles {
		if q.Spec == s {
			return q
		}
	}
	return nil
}
