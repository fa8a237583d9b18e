package score

import (
	"math"
	"strings"
)

// sentenceBLEUEntries is the BLEU of one text that promptfoo computes, whose mean over
// cases is a mean, unlike sacrebleu's.
func sentenceBLEUEntries() []*Entry {
	e := refEntry("sentence_bleu", "Text", "BLEU of one text against its references: lower case, words between white space, orders that the output has, "+
		"a precision of 0 taken as 1e-7; not sacrebleu's", "promptfoo")
	e.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		return kernelFunc(func(c *Case) Score {
			list, why := refs.of(c)
			if why != "" {
				return ungraded(why)
			}
			return graded(sentenceBLEU(c.Output, list), "")
		}), err
	}
	return []*Entry{e}
}

const (
	bleuOrders  = 4
	noPrecision = 1e-7
)

func sentenceBLEU(output string, references []string) float64 {
	out := fields(nil, lower(output))
	if len(out) == 0 || len(references) == 0 {
		return 0
	}
	closest := -1
	refs := make([][]string, len(references))
	far := func(n int) int { return max(n-len(out), len(out)-n) }
	for i, r := range references {
		refs[i] = fields(nil, lower(r))
		if n := max(len(refs[i]), 1); closest < 0 || far(n) < far(closest) || far(n) == far(closest) && n < closest { // an empty text is one empty word
			closest = n
		}
	}
	logs, orders := 0.0, 0
	for n := 1; n <= bleuOrders && n <= len(out); n++ {
		own, most := countGrams(out, n), 0
		for _, r := range refs {
			theirs, same := countGrams(r, n), 0
			for gram, k := range own {
				same += min(k, theirs[gram])
			}
			most = max(most, same)
		}
		p := float64(most) / float64(len(out)-n+1)
		if p == 0 {
			p = noPrecision
		}
		logs += math.Log(p)
		orders++
	}
	short := 1.0
	if len(out) <= closest {
		short = math.Exp(1 - float64(closest)/float64(len(out)))
	}
	return short * math.Exp(logs/float64(orders))
}

func countGrams(words []string, n int) map[string]int {
	out := map[string]int{}
	for i := 0; i+n <= len(words); i++ {
		out[strings.Join(words[i:i+n], " ")]++
	}
	return out
}
