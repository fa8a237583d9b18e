package summary

import (
	"strconv"
	"strings"
)

// Functional is what each model's rows say about one functional that is neither a smooth
// function of counts nor of means: its parts' values, and what the influences of the rows
// on them add up to. It does not merge.
type Functional struct {
	Spec   Spec              `json:"spec"`
	Models []FunctionalModel `json:"models"`
	Pairs  []FunctionalPair  `json:"pairs,omitempty"` // every model against the baseline
}

// FunctionalModel is one model's part. Why says that there is no value.
type FunctionalModel struct {
	Why   string           `json:"why,omitempty"`
	Parts []FunctionalPart `json:"parts,omitempty"`
	Bins  [][]Bin          `json:"bins,omitempty"`  // calibration bins by class
	Steps []Step           `json:"steps,omitempty"` // of an isotonic regression, from the lowest score; overall only
}

// Step is a stretch of scores that an isotonic regression puts on one level.
type Step struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Level float64 `json:"level"`
	Rows  int64   `json:"rows"`
}

// FunctionalPart is one of its values. Var is Σ over rows of the squared influence on it,
// on its own scale (the variance without a correction of degrees of freedom); Blocks are
// sums of influence by entry of the population's Blocks.
type FunctionalPart struct {
	Value  float64   `json:"value"`
	Var    float64   `json:"var"`
	Blocks []float64 `json:"blocks,omitempty"`
}

// FunctionalPair is Σ of products of the influences of two models, by part.
type FunctionalPair struct {
	A   int       `json:"a"`
	B   int       `json:"b"`
	Cov []float64 `json:"cov"`
}

// FunctionalOf asks for a functional by name, with its parameters.
func FunctionalOf(name string, params ...float64) Spec {
	s := Spec{Kind: KindFunctional, Terms: name}
	for _, p := range params {
		s.Terms += " " + strconv.FormatFloat(p, 'g', -1, 64)
	}
	return s
}

// Functional is what a Spec made by FunctionalOf asks for.
func (s Spec) Functional() (name string, params []float64, ok bool) {
	words := strings.Fields(s.Terms)
	if s.Kind != KindFunctional || len(words) == 0 {
		return "", nil, false
	}
	for _, w := range words[1:] {
		p, err := strconv.ParseFloat(w, 64)
		if err != nil {
			return "", nil, false
		}
		params = append(params, p)
	}
	return words[0], params, true
}

// FindFunctional returns the Functional made for a spec, or nil.
func (p *Population) FindFunctional(s Spec) *Functional {
	for _, f := range p.Functionals {
		if f.Spec == s {
			return f
		}
	}
	return nil
}
