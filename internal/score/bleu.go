package score

import (
	"fmt"
	"math"
	"strings"
)

const maxBLEU = 4

func bleuEntries() []*Entry {
	e := refEntry("bleu", "Text", "BLEU / 100 as sacrebleu: of a case with effective order, on a set from sums", "sacrebleu BLEU, sentence and corpus")
	e.Params = []Param{
		{Name: "tokenize", Kind: Text, Default: "13a", OneOf: []string{"13a", "intl", "zh", "char", "none"}, Doc: "sacrebleu's tokenizers; ja-mecab, ko-mecab and spm need models and are left out"},
		{Name: "ignore_case", Kind: Flag, Default: false, Doc: "sacrebleu's lowercase"},
		{Name: "smooth", Kind: Text, Default: "exp", OneOf: []string{"exp", "floor", "add-k", "none"}, Doc: "for n-grams without a match"},
		{Name: "smooth_value", Kind: Number, Doc: "0.1 for floor and 1 for add-k by default"},
	}
	e.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		b := &bleu{refs: refs, tok: newTokenizer(a.text("tokenize")), tokName: a.text("tokenize"), fold: a.flag("ignore_case"), smooth: a.text("smooth"),
			smoothValue: map[string]float64{"floor": 0.1, "add-k": 1}[a.text("smooth")]}
		if v, ok := a.number("smooth_value"); ok {
			if b.smooth != "floor" && b.smooth != "add-k" {
				return nil, keyErr("smooth_value", "", "smooth: %s takes none, only floor and add-k do", b.smooth)
			}
			b.smoothValue = v
		}
		return b, err
	}
	return []*Entry{e}
}

type bleu struct {
	refs        *references
	tok         tokenizer
	tokName     string
	fold        bool
	smooth      string
	smoothValue float64

	tok13a tokenizer13a
	vocab  vocab
	grams  grams
	words  []string
	sides  [][]int32
}

func (b *bleu) score(c *Case) Score {
	refs, why := b.refs.of(c)
	if why != "" {
		return ungraded(why)
	}
	stats := b.stats(c.Output, refs)
	v, _, _, _ := b.of(stats, true, nil)
	return Score{Value: v, Graded: true, Stats: stats}
}

func (b *bleu) ids(i int, s string) []int32 {
	s = strings.TrimRightFunc(foldIf(s, b.fold), isSpace)
	if len(b.sides) <= i {
		b.sides = append(b.sides, nil)
	}
	if b.tokName == "13a" {
		b.sides[i] = b.tok13a.ids(b.sides[i][:0], &b.vocab, s)
		return b.sides[i]
	}
	b.words = b.tok.tokens(b.words[:0], s)
	b.sides[i] = b.vocab.all(b.sides[i][:0], b.words)
	return b.sides[i]
}

// stats are the output's length, the closest reference's, matches of order 1–4 (clipped
// by the largest count of any reference) and n-grams of the output of order 1–4.
func (b *bleu) stats(output string, refs []string) []float64 {
	b.vocab.reset()
	stats := make([]float64, 2+2*maxBLEU)
	n := len(b.ids(0, output))
	closest := -1
	for i, r := range refs {
		m := len(b.ids(i+1, r))
		if d, old := abs(n-m), abs(n-closest); closest < 0 || d < old || d == old && m < closest {
			closest = m
		}
	}
	stats[0], stats[1] = float64(n), float64(closest)
	for k := range maxBLEU {
		stats[2+maxBLEU+k] = float64(max(0, n-k))
	}
	if len(refs) == 1 { // the same, quicker
		var match [16]int32
		b.grams.matches(maxBLEU, b.vocab.len(), b.sides[0], b.sides[1], match[:])
		for k := range maxBLEU {
			stats[2+k] = float64(match[k])
		}
		return stats
	}
	b.grams.count(maxBLEU, b.vocab.len(), b.sides[:len(refs)+1], func(order int, c []int32) {
		if c[0] == 0 {
			return
		}
		most := int32(0)
		for _, x := range c[1:] {
			most = max(most, x)
		}
		stats[1+order] += float64(min(c[0], most))
	})
	return stats
}

func abs(n int) int { return max(n, -n) }

func (b *bleu) StatNames() []string {
	return []string{"output_length", "reference_length", "match_1", "match_2", "match_3", "match_4", "ngrams_1", "ngrams_2", "ngrams_3", "ngrams_4"}
}

func (b *bleu) Of(sums []float64) (float64, []float64, bool, bool) {
	grad := make([]float64, len(sums))
	v, smooth, ok, _ := b.of(sums, false, grad)
	return v, grad, smooth, ok
}

// of is sacrebleu's compute_bleu / 100. effective: orders past the output's length are left
// out, for single sentences.
func (b *bleu) of(s []float64, effective bool, grad []float64) (v float64, smooth, ok bool, precisions [maxBLEU]float64) {
	n, m, match, total := s[0], s[1], s[2:2+maxBLEU], s[2+maxBLEU:]
	smooth = true
	if match[0]+match[1]+match[2]+match[3] == 0 {
		return 0, false, n+m > 0, precisions
	}
	logBP := 0.0
	if n < m {
		logBP = 1 - m/n
	}
	order, halve, sum := maxBLEU, 1.0, 0.0
	var dMatch, dTotal [maxBLEU]float64 // derivative of log precision
	zero := false
	for k := range maxBLEU {
		x, t := match[k], total[k]
		if b.smooth == "add-k" && k > 0 {
			x, t = x+b.smoothValue, t+b.smoothValue
		}
		if t == 0 {
			zero = zero || !effective
			break
		}
		if effective {
			order = k + 1
		}
		p := x / t
		if x == 0 {
			smooth = false
			switch b.smooth {
			case "exp":
				halve *= 2
				p = 1 / (halve * t)
			case "floor":
				p = b.smoothValue / t
			default:
				zero = true
			}
			dTotal[k] = -1 / t
		} else {
			dMatch[k], dTotal[k] = 1/x, -1/t
		}
		precisions[k] = p
		if p > 0 {
			sum += math.Log(p)
		} else {
			zero = true
		}
	}
	if zero {
		return 0, false, true, precisions
	}
	v = math.Exp(logBP + sum/float64(order))
	if grad != nil {
		for k := range maxBLEU {
			grad[2+k], grad[2+maxBLEU+k] = v*dMatch[k]/float64(order), v*dTotal[k]/float64(order)
		}
		if n < m {
			grad[0], grad[1] = v*m/(n*n), -v/n
		} else if n == m {
			smooth = false
		}
	}
	return v, smooth, true, precisions
}

// Signature is sacrebleu's, with our name where it has its version.
func (b *bleu) Signature() string {
	smooth := b.smooth
	if smooth == "floor" || smooth == "add-k" {
		smooth = fmt.Sprintf("%s[%.2f]", smooth, b.smoothValue)
	}
	return fmt.Sprintf("nrefs:var|case:%s|eff:no|tok:%s|smooth:%s|version:fairtrial", caseWord(b.fold), b.tokName, smooth)
}

func caseWord(fold bool) string {
	if fold {
		return "lc"
	}
	return "mixed"
}
