package answers

import "github.com/fairtrial/fairtrial/internal/score"

// eachOutput scores every output by itself. The score of a case is the mean over a model's
// samples; it is ungraded, with a reason, when any sample is.
func eachOutput(given []Answer, one func(output string) (score.Score, error)) ([]score.Score, error) {
	out := make([]score.Score, len(given))
	for m, a := range given {
		n := len(a.Samples)
		sum := score.Score{Graded: true}
		for k := range a.Samples {
			x := score.Score{Reason: "no output: " + a.Samples[k].NoOutput}
			if a.Samples[k].NoOutput == "" {
				var err error
				if x, err = one(a.Samples[k].Output); err != nil {
					return nil, err
				}
			}
			if !x.Graded {
				sum = score.Score{Reason: nth(k, n) + x.Reason}
				break
			}
			if sum.Value, sum.Raw = sum.Value+x.Value, sum.Raw+x.Raw; n == 1 {
				sum.Evidence = x.Evidence
			}
		}
		sum.Value, sum.Raw = sum.Value/float64(n), sum.Raw/float64(n)
		out[m] = sum
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
