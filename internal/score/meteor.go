package score

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

func meteorEntries() []*Entry {
	e := refEntry("meteor", "Text", "METEOR of words split at white space, lower case: exact matches, then Porter stems; WordNet's synonyms are not used, so values are a little lower than with them", "nltk single_meteor_score without WordNet")
	e.Params = []Param{
		{Name: "alpha", Kind: Number, Default: 0.9, Max: 1, Doc: "weight of precision against recall in the harmonic mean: P·R / (α·P + (1 − α)·R)"},
		{Name: "beta", Kind: Number, Default: 3.0, Doc: "exponent of the penalty for pieces: γ · (chunks / matches)^β"},
		{Name: "gamma", Kind: Number, Default: 0.5, Max: 1, Doc: "its weight"},
	}
	e.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		k := &meteor{}
		k.alpha, _ = a.number("alpha")
		k.beta, _ = a.number("beta")
		k.gamma, _ = a.number("gamma")
		return &best{refs: refs, one: k.one}, err
	}
	return []*Entry{e}
}

// meteor aligns as NLTK does: words of the output from its end, each with the last free one
// of the reference, exact matches before stems (Lavie and Agarwal 2007).
type meteor struct {
	alpha, beta, gamma float64

	vocab vocab
	words [2][]string
	at    []int // of the output's words, the reference's word, or −1
	free  [][]int
	taken []bool
}

func (k *meteor) one(o, r string) (float64, string) {
	for i, s := range []string{o, r} {
		k.words[i] = fields(k.words[i][:0], lower(s))
	}
	n, m := len(k.words[0]), len(k.words[1])
	k.at, k.taken = k.at[:0], k.taken[:0]
	for range n {
		k.at = append(k.at, -1)
	}
	for range m {
		k.taken = append(k.taken, false)
	}
	same := k.match()
	for i, j := range k.at { // stems of what is left
		if j < 0 {
			k.words[0][i] = stemAny(k.words[0][i])
		}
	}
	for j, t := range k.taken {
		if !t {
			k.words[1][j] = stemAny(k.words[1][j])
		}
	}
	if same += k.match(); same == 0 {
		return 0, "no word in common"
	}
	chunks, last := 0, -2
	for _, j := range k.at {
		if j >= 0 && last != j-1 {
			chunks++
		}
		if last = j; j < 0 {
			last = -2
		}
	}
	p, c := float64(same)/float64(n), float64(same)/float64(m)
	f := p * c / (k.alpha*p + (1-k.alpha)*c)
	penalty := k.gamma * math.Pow(float64(chunks)/float64(same), k.beta)
	return (1 - penalty) * f, strconv.Itoa(same) + " words in " + strconv.Itoa(chunks) + " pieces"
}

// match pairs equal words that have no partner yet.
func (k *meteor) match() (found int) {
	k.vocab.reset()
	for i := range k.free {
		k.free[i] = k.free[i][:0]
	}
	for j, w := range k.words[1] {
		if k.taken[j] {
			continue
		}
		id := int(k.vocab.id(w))
		for len(k.free) < id {
			k.free = append(k.free, nil)
		}
		k.free[id-1] = append(k.free[id-1], j)
	}
	for i := len(k.at) - 1; i >= 0; i-- {
		if k.at[i] >= 0 {
			continue
		}
		id, ok := k.vocab.find(k.words[0][i])
		if !ok || len(k.free[id-1]) == 0 {
			continue
		}
		list := k.free[id-1]
		j := list[len(list)-1]
		k.free[id-1] = list[:len(list)-1]
		k.at[i], k.taken[j] = j, true
		found++
	}
	return found
}

// stemAny is stem for words of any script: a letter beyond ASCII is one letter and a
// consonant, so each different one becomes a byte of its own and comes back afterwards.
func stemAny(w string) string {
	ascii := true
	for i := range len(w) {
		ascii = ascii && w[i] < utf8.RuneSelf
	}
	if ascii {
		return stem(w)
	}
	var runes []rune
	b := make([]byte, 0, len(w))
	for _, r := range w {
		if r < utf8.RuneSelf {
			b = append(b, byte(r))
			continue
		}
		i := 0
		for i < len(runes) && runes[i] != r {
			i++
		}
		if i == len(runes) {
			if i == 128 {
				return w // no word has so many different letters
			}
			runes = append(runes, r)
		}
		b = append(b, byte(128+i))
	}
	s := stem(string(b))
	var out strings.Builder
	for i := range len(s) {
		if c := s[i]; c < 128 {
			out.WriteByte(c)
		} else {
			out.WriteRune(runes[c-128])
		}
	}
	return out.String()
}
