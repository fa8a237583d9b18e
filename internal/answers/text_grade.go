package answers

import (
	"github.com/fairtrial/fairtrial/internal/score"
	"github.com/fairtrial/fairtrial/internal/stat/variance"
)

// eachOutput scores every output by itself. The score of a case is the mean over a model's
// samples.
func eachOutput(given []Answer, one func(output string) (score.Score, error)) ([]score.Score, error) {
	out := make([]score.Score, len(given))
	for m, a := range given {
		var err error
		out[m], err = overSamples(len(a.Samples), func(k int) (score.Score, variance.Answer, error) {
			if why := a.Samples[k].NoOutput; why != "" {
				return score.Score{Reason: "no output: " + why}, variance.Answer{}, nil
			}
			x, err := one(a.Samples[k].Output)
			return x, variance.Answer{}, err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// reach makes a score of a number: the number, or 1 where it reaches the threshold, else 0.
func reach(x score.Score, threshold *float64) score.Score {
	x.Value = x.Raw
	if threshold != nil && x.Graded {
		x.Value = 0
		if x.Raw >= *threshold {
			x.Value = 1
		}
	}
	return x
}
