package result

import (
	"fmt"
	"strings"
)

// What corrects the scores of a judge.
const (
	CorrectedByNothing = "nothing" // an uncalibrated judge
	CorrectedByLabels  = "labels"  // PPI++
	CorrectedByRates   = "rates"   // Rogan and Gladen's estimator, labels balanced by truth
	CorrectedByCards   = "cards"   // of the judge on earlier systems
)

// Correction is what a value rests on that human labels, or cards of earlier systems,
// correct. The value itself is undefined where there are too few of them.
type Correction struct {
	By     string  `json:"by"`
	Raw    Measure `json:"raw"`    // the value without it
	Labels int64   `json:"labels"` // of a comparison the fewer of both models'
	// NeededLabels is how many would decide, or would be enough for a correction.
	NeededLabels *int64    `json:"labels_needed,omitempty"`
	Lambda       Number    `json:"lambda"` // how far the scores are trusted, from 0 to 1
	Gain         Number    `json:"gain"`   // how many times as many labels would give the same error without the scores
	Quality      []Quality `json:"judge"`
}

// Quality is one number of how scores agree with labels.
type Quality struct {
	Name string `json:"name"`
	Measure
}

// Words are the value without the correction and what the correction rests on: "raw 0.81
// (0.80 to 0.82), 300 labels, λ 0.62". signed: of a difference.
func (c *Correction) Words(signed bool) string {
	switch {
	case c == nil:
		return ""
	case c.By == CorrectedByNothing:
		return "uncalibrated judge"
	case c.By == CorrectedByCards:
		return c.RawWords(signed) + ", by earlier cards"
	}
	s := c.RawWords(signed) + fmt.Sprintf(", %s labels", Count(c.Labels))
	if c.Lambda.Known() {
		s += ", λ " + c.Lambda.Short()
	}
	return s
}

// RawWords are the value without the correction.
func (c *Correction) RawWords(signed bool) string {
	write := Number.Short
	if signed {
		write = Number.Signed
	}
	s := "raw " + write(c.Raw.Value)
	if c.Raw.Lower.Known() {
		s += fmt.Sprintf(" (%s to %s)", write(c.Raw.Lower), write(c.Raw.Upper))
	}
	return s
}

// JudgeWords say how the scores agree with the labels; empty where that is not known.
func (c *Correction) JudgeWords() string {
	var parts []string
	for _, q := range c.Quality {
		s := q.Name + " " + q.Value.Short()
		if q.Lower.Known() {
			s += fmt.Sprintf(" (%s to %s)", q.Lower.Short(), q.Upper.Short())
		}
		parts = append(parts, fmt.Sprintf("%s, n = %s", s, Count(q.N)))
	}
	if len(parts) == 0 {
		return ""
	}
	s := "the judge against the labels: " + strings.Join(parts, "; ")
	if c.Gain.Known() {
		s += fmt.Sprintf("; with it the labels are worth %s × as many", c.Gain.Short())
	}
	return s
}
