package score

import (
	"math"
	"strconv"
)

func likelihoodEntries() []*Entry {
	make1 := func(name, meaning string, of func(sum float64, tokens, bytes int) (v float64, why string)) *Entry {
		e := &Entry{Name: name, Group: "Likelihood", Meaning: meaning, Lo: 0, Hi: math.Inf(1), Direction: Down, Oracle: "own vectors", Needs: "log-probabilities"}
		e.build = func(*args) (kernel, error) {
			return kernelFunc(func(c *Case) Score {
				if len(c.Logprobs) == 0 {
					return ungraded("the answer has no log-probabilities")
				}
				sum := 0.0
				for i, p := range c.Logprobs {
					if !(p <= 0) || math.IsInf(p, 0) {
						return ungraded("token " + strconv.Itoa(i+1) + " has the log-probability " + strconv.FormatFloat(p, 'g', -1, 64))
					}
					sum += p
				}
				v, why := of(sum, len(c.Logprobs), len(c.Output))
				if why != "" {
					return ungraded(why)
				}
				return graded(v, strconv.Itoa(len(c.Logprobs))+" tokens")
			}), nil
		}
		return e
	}
	return []*Entry{
		make1("perplexity", "exp(−mean log-probability of the answer's tokens), of the model that wrote it; depends on its tokenizer. With OpenAI's API: params: {logprobs: true}", func(sum float64, tokens, _ int) (float64, string) {
			return math.Exp(-sum / float64(tokens)), ""
		}),
		make1("bits_per_byte", "−Σ log-probability / (bytes of the answer in UTF-8 · ln 2): comparable across tokenizers", func(sum float64, _, bytes int) (float64, string) {
			if bytes == 0 {
				return 0, "the answer is empty"
			}
			return -sum / (float64(bytes) * math.Ln2), ""
		}),
	}
}
