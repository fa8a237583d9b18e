package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/power"
)

// powerRepeats plans cases whose scores are means of several answers.
func powerRepeats(level, pow *float64, rows *int64, check func() error, answer func(planning) error) *cobra.Command {
	var between, noiseA, noiseB, d float64
	var samplesA, samplesB int
	c := &cobra.Command{Use: "repeats", Short: "Two models that answer each case several times (samples)", Args: exactly(0, "flags only"),
		RunE: func(*cobra.Command, []string) error {
			if err := check(); err != nil {
				return err
			}
			switch {
			case *rows > 0:
				return wrong("leave --rows out and give --difference", "power repeats gives cases, not effects")
			case d == 0:
				return wrong("", "give --difference, other than 0")
			case !(between >= 0) || !(noiseA >= 0) || !(noiseB >= 0):
				return wrong("", "--variance, --noise and --noise-baseline are variances: 0 or more")
			case samplesA < 1 || samplesB < 1:
				return wrong("", "--samples and --samples-baseline are at least 1")
			}
			noise := noiseA/float64(samplesA) + noiseB/float64(samplesB)
			return answer(planning{Design: "paired difference of " + result.Number(d).Short(), Unit: "cases", Effect: result.None(),
				Rows:    result.Number(power.Repeats(d, between, noise, 1-*level, *pow)),
				Assumed: fmt.Sprintf("variance of the difference %s between cases, %s of answers within (normal approximation)", result.Number(between).Short(), result.Number(noise).Short())})
		}}
	c.Flags().Float64Var(&between, "variance", 0, "variance over cases of the true difference of the models")
	c.Flags().Float64Var(&noiseA, "noise", 0, "variance of the candidate's score within a case, from answer to answer")
	c.Flags().Float64Var(&noiseB, "noise-baseline", 0, "the same of the baseline")
	c.Flags().IntVar(&samplesA, "samples", 1, "answers of the candidate to a case")
	c.Flags().IntVar(&samplesB, "samples-baseline", 1, "answers of the baseline to a case")
	c.Flags().Float64Var(&d, "difference", 0, "true mean difference")
	return c
}
