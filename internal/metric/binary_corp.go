package metric

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// What the Brier score is made of: brier = miscalibration − discrimination + uncertainty.
func binaryCorp() []*Metric {
	entry := func(name, alias, title, formula string, dir Direction, part int) *Metric {
		return &Metric{Name: name, Aliases: []string{alias}, Tasks: onlyBinary(), Title: title, Formula: formula, Lo: -1, Hi: 1, Direction: dir,
			Interval: "t on the influence of the rows, about the value without the overfit; CR1-t with clusters, CR2 below 40", Paired: "influence of the difference on the same rows", Denominator: "all rows",
			Variant: "CORP: S is the Brier score, r the isotonic regression of the labels on the scores. The mean overfit of r is taken off, so that 0 stays possible and the value may fall a little below it; the plain value is in the notes",
			Source:  "Dimitriadis, Gneiting & Jordan 2021; overfit: docs/statistics.md", NeedsProbability: true,
			build: func(Options) (measure, error) {
				return derived{spec: summary.FunctionalOf("corp"), part: part, shape: infer.Symmetric{Lo: -1, Hi: 1}, lo: -1, hi: 1,
					edge: "every row has the same influence: no error can be seen", notes: func(x summary.FunctionalModel) string {
						return fmt.Sprintf("%.6g before the overfit of the isotonic regression is taken off", x.Parts[part+2].Value)
					}}, nil
			}}
	}
	return []*Metric{
		entry("brier_miscalibration", "mcb", "what of the Brier score recalibration would take away", "MCB = S(p) − S(r)", Down, 0),
		entry("brier_discrimination", "dsc", "what the order of the scores takes off the Brier score", "DSC = S(ȳ) − S(r)", Up, 1),
		{Name: "brier_uncertainty", Aliases: []string{"unc"}, Tasks: onlyBinary(), Title: "Brier score of the prevalence: how hard the rows are", Formula: "UNC = ȳ(1 − ȳ)", Lo: 0, Hi: 0.25, Direction: NoDirection,
			Interval: "delta method, t; CR1-t with clusters, CR2 below 40", Paired: "none: it is of the rows, not of a model", Denominator: "all rows", Variant: "the same for every model",
			Source: "Murphy 1973; Dimitriadis, Gneiting & Jordan 2021", NeedsProbability: true,
			build: func(Options) (measure, error) {
				return derived{spec: summary.FunctionalOf("uncertainty"), ofLabels: true, shape: infer.Symmetric{Lo: 0, Hi: 0.25}, lo: math.Inf(-1), hi: math.Inf(1), edge: "every row has the same influence: no error can be seen"}, nil
			}},
	}
}
