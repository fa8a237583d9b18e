package score

import "strings"

func overlapEntries() []*Entry {
	e := refEntry("token_f1", "Text", "F1 of the words shared with the reference, counted with repeats, after SQuAD's normalisation; 1 if both are empty", "own vectors; SQuAD's evaluation written out in Python")
	e.Aliases = []string{"f1"}
	e.Params = []Param{{Name: "normalize", Kind: Text, Default: "squad", OneOf: []string{"squad", "lower", "none"}, Doc: "before the text is split at white space"}}
	e.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		k := &tokenF1{how: a.text("normalize")}
		return &best{refs: refs, one: k.one}, err
	}
	g := refEntry("gleu", "Text", "Google BLEU of a sentence: matching 1- to 4-grams / the larger of both counts", "nltk sentence_gleu, one reference")
	g.Params = []Param{{Name: "max_order", Kind: Whole, Default: 4, Min: 1, Max: 4, Doc: "longest n-gram"},
		{Name: "fold", Kind: Flag, Default: false, Doc: "lower case, dots at the ends of words left out (promptfoo)"}}
	g.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		k := &gleu{order: a.whole("max_order"), fold: a.flag("fold")}
		return &best{refs: refs, one: k.one}, err
	}
	return []*Entry{e, g}
}

type tokenF1 struct {
	how   string
	vocab vocab
	squad squadWords
	split []string
	ids   [2][]int32
	count []int32
}

func (k *tokenF1) one(o, r string) (float64, string) {
	k.vocab.reset()
	k.ids[0], k.ids[1] = k.words(k.ids[0][:0], o), k.words(k.ids[1][:0], r)
	n, m := len(k.ids[0]), len(k.ids[1])
	if n == 0 || m == 0 {
		return bit(n == m), ""
	}
	k.count = zeros(k.count, k.vocab.len()+1)
	for _, id := range k.ids[1] {
		k.count[id]++
	}
	same := 0
	for _, id := range k.ids[0] {
		if k.count[id] > 0 {
			k.count[id]--
			same++
		}
	}
	return 2 * float64(same) / float64(n+m), "" // 2PR/(P+R) with P = same/n, R = same/m
}

// words numbers the words of a text.
func (k *tokenF1) words(dst []int32, s string) []int32 {
	switch k.how {
	case "squad":
		k.squad.start(s)
		for {
			text, from, to, ok := k.squad.next()
			switch {
			case !ok:
				return dst
			case k.squad.plain:
				dst = append(dst, k.vocab.withinLower(text, from, to))
			default:
				dst = append(dst, k.vocab.within(text, from, to))
			}
		}
	case "lower":
		s = lower(s)
	}
	k.split = fields(k.split[:0], s)
	return k.vocab.all(dst, k.split)
}

type gleu struct {
	order int
	fold  bool
	vocab vocab
	grams grams
	words []string
	ids   [2][]int32
}

func (k *gleu) one(o, r string) (float64, string) {
	k.vocab.reset()
	var total [2]int
	for i, s := range []string{o, r} {
		if k.fold {
			s = lower(s)
		}
		k.words = fields(k.words[:0], s)
		if k.fold {
			for j, w := range k.words {
				k.words[j] = strings.TrimRight(w, ".")
			}
		}
		k.ids[i] = k.vocab.all(k.ids[i][:0], k.words)
		for n := 1; n <= k.order; n++ {
			total[i] += max(0, len(k.words)-n+1)
		}
	}
	var by [16]int32
	k.grams.matches(k.order, k.vocab.len(), k.ids[0], k.ids[1], by[:])
	match := by[0] + by[1] + by[2] + by[3]
	if most := max(total[0], total[1]); most > 0 {
		return float64(match) / float64(most), ""
	}
	return 0, "both texts are empty"
}
