// Package variance says what the error of a mean over questions is made of: which questions
// were asked, the chance in answering them, and the chance in judging the answers. It
// refuses to tell apart what one answer, or one verdict on an answer, cannot.
//
// The score of answer k to question i is μ + xᵢ + eᵢₖ + jᵢₖ: questions are a sample, answers
// to a question another, verdicts on an answer a third (Miller 2024, sections 2 and 3.1; the
// components by their expected mean squares as in Searle, Casella & McCulloch 1992, chapter
// 3). Equal answers share their verdicts, so judging adds errors that are not independent.
package variance

import "math"

// Answer is one of the answers to a question.
type Answer struct {
	Item  string  // equal for answers that share their verdicts; empty where nobody judged
	Score float64 // as it counts
	// Judging is an estimate of the variance of Score if the same answer were judged again;
	// 0 where nobody judges, NaN where one verdict cannot tell.
	Judging float64
}

// Question is the mean over the answers to a question, or a difference of two such means.
type Question struct {
	Weight float64 // 1 where all count alike
	Mean   float64
	// Sampling and Judging are unbiased estimates of the variance of Mean if the same
	// question were answered, or the same answers judged, again. One by itself may lie below
	// 0. NaN: cannot be told.
	Sampling, Judging float64
	// Stays is the part of Judging that would stay with any number of answers, since equal
	// answers share their verdicts.
	Stays float64
}

// Of is the question that was answered so.
func Of(answers []Answer) Question {
	k := float64(len(answers))
	q := Question{Weight: 1}
	for _, a := range answers {
		q.Mean += a.Score / k
	}
	within, alone := 0.0, 0.0
	for _, a := range answers {
		within += (a.Score - q.Mean) * (a.Score - q.Mean)
		alone += a.Judging / k
	}
	q.Judging = shared(answers, answers)
	if len(answers) < 2 {
		q.Sampling, q.Stays = math.NaN(), math.NaN()
		return q
	}
	// E within/(K−1) is the variance of sampling plus that of judging less what two answers
	// share of it.
	q.Stays = (k*q.Judging - alone) / (k - 1)
	q.Sampling = within / (k - 1) / k
	if !math.IsNaN(alone) {
		q.Sampling -= (alone - q.Stays) / k
	}
	return q
}

// Difference is the difference between two models' means on a question. Their answers are
// sampled apart; equal answers share their verdicts, whose errors cancel.
func Difference(a, b []Answer) Question {
	x, y := Of(a), Of(b)
	both := shared(a, b)
	return Question{Weight: 1, Mean: x.Mean - y.Mean, Sampling: x.Sampling + y.Sampling, Judging: x.Judging + y.Judging - 2*both, Stays: x.Stays + y.Stays - 2*both}
}

// shared is the covariance of the judging errors of two means: over pairs of equal answers.
func shared(a, b []Answer) float64 {
	sum := 0.0
	for _, x := range a {
		for _, y := range b {
			if x.Item == y.Item {
				sum += x.Judging
			}
		}
	}
	return sum / float64(len(a)) / float64(len(b))
}
