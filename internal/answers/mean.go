package answers

import (
	"github.com/fairtrial/fairtrial/internal/score"
	"github.com/fairtrial/fairtrial/internal/stat/variance"
)

// overSamples is the score of a case: the mean over its n samples, with what they scored
// one by one. It is ungraded, with a reason, when any sample is: a mean over those that
// happen to have a score would be another quantity. one gives a sample's score, and how it
// was judged (variance.Answer; its Score is filled in here).
func overSamples(n int, one func(k int) (score.Score, variance.Answer, error)) (score.Score, error) {
	var sum score.Score
	var list []variance.Answer
	for k := range n {
		x, a, err := one(k)
		if err != nil {
			return score.Score{}, err
		}
		if !x.Graded {
			x.Reason = nth(k, n) + x.Reason
			return x, nil
		}
		a.Score = x.Value
		if n > 1 || a.Judging != 0 {
			list = append(list, a)
		}
		if k == 0 {
			sum = x
			continue
		}
		sum.Value += x.Value
		sum.Raw += x.Raw
		for i, v := range x.Stats {
			sum.Stats[i] += v
		}
	}
	if n > 1 {
		for i := range sum.Stats {
			sum.Stats[i] /= float64(n)
		}
		sum.Value /= float64(n)
		sum.Raw /= float64(n)
		sum.Evidence = ""
	}
	sum.Answers = list
	return sum, nil
}
