package answers

import (
	"fmt"
	"math"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/score"
)

// SimilarGrader scores answers by the cosine similarity of their embedding and that of a
// right answer, the largest where several are right. One goroutine at a time.
type SimilarGrader struct {
	right     right
	threshold *float64
	lookup    Lookup
	vectors   map[string]vector // of the case at hand
}

// vector is the embedding of a text, or why there is none.
type vector struct {
	numbers []float64
	why     string
}

// NewSimilarGrader grades by the embeddings that lookup finds, by the id of their text.
func NewSimilarGrader(s plan.Scorer, lookup Lookup) (*SimilarGrader, error) {
	r, err := newRight(s.Similar)
	return &SimilarGrader{right: r, threshold: s.Similar.Threshold, lookup: lookup}, err
}

// Grade gives the score of a case for each model: the mean over its samples. It is
// ungraded, with a reason, when any sample is.
func (g *SimilarGrader) Grade(c *Case, given []Answer) ([]score.Score, error) {
	g.vectors = map[string]vector{}
	texts, why := g.right.of(&c.Case)
	return eachOutput(given, func(output string) (score.Score, error) {
		if why != "" {
			return score.Score{Reason: why}, nil
		}
		x, err := g.one(output, texts)
		return reach(x, g.threshold), err
	})
}

// one compares an output with all right texts. One that cannot be compared with leaves it
// ungraded: the largest of those that happen to have an embedding would be another quantity.
func (g *SimilarGrader) one(output string, texts []string) (score.Score, error) {
	mine, err := g.vector(output)
	if err != nil {
		return score.Score{}, err
	}
	if mine.why != "" {
		return score.Score{Reason: "the output: " + mine.why}, nil
	}
	best := score.Score{Graded: true, Raw: math.Inf(-1)}
	for i, text := range texts {
		other, err := g.vector(text)
		if err != nil {
			return score.Score{}, err
		}
		why := other.why
		var x float64
		if why == "" {
			x, why = cosine(mine.numbers, other.numbers)
		}
		if why != "" {
			return score.Score{Reason: fmt.Sprintf("right answer %d of %d: %s", i+1, len(texts), why)}, nil
		}
		if x > best.Raw {
			best.Raw = x
			best.Evidence = fmt.Sprintf("%.4g to right answer %d of %d", x, i+1, len(texts))
		}
	}
	return best, nil
}

func (g *SimilarGrader) vector(text string) (vector, error) {
	id := textID(text)
	if v, ok := g.vectors[id]; ok {
		return v, nil
	}
	entries, err := g.lookup(0, id)
	if err != nil {
		return vector{}, err
	}
	v := vector{why: "no embedding was asked for"}
	for _, e := range entries {
		switch {
		case e.Err != nil:
			v.why = "no embedding: " + e.Err.Message
		case len(e.Answer.Embeddings) != 1:
			v.why = fmt.Sprintf("%d embeddings came for one text", len(e.Answer.Embeddings))
		default:
			v = vector{numbers: e.Answer.Embeddings[0]}
		}
	}
	g.vectors[id] = v
	return v, nil
}

// cosine is Σ aᵢbᵢ / √(Σ aᵢ² · Σ bᵢ²), or why there is none. Both are scaled by their
// largest number first, so that nothing over- or underflows.
func cosine(a, b []float64) (x float64, why string) {
	if len(a) != len(b) {
		return 0, fmt.Sprintf("its embedding has %d numbers, and the output's %d", len(b), len(a))
	}
	largest := func(v []float64) float64 {
		most := 0.0
		for _, x := range v {
			most = math.Max(most, math.Abs(x)) // NaN stays
		}
		return most
	}
	la, lb := largest(a), largest(b)
	switch {
	case !(la <= math.MaxFloat64) || !(lb <= math.MaxFloat64):
		return 0, "an embedding holds what is no finite number"
	case la == 0:
		return 0, "the output's embedding is zero: it has no direction"
	case lb == 0:
		return 0, "its embedding is zero: it has no direction"
	}
	var dot, aa, bb float64
	for i := range a {
		p, q := a[i]/la, b[i]/lb
		dot += float64(p * q) // no fused multiply-add: the same bits on every machine
		aa += float64(p * p)
		bb += float64(q * q)
	}
	return math.Max(-1, math.Min(1, dot/(math.Sqrt(aa)*math.Sqrt(bb)))), ""
}
