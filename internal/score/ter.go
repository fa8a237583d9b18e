package score

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

func terEntries() []*Entry {
	e := refEntry("ter", "Text", "translation edit rate / 100: word edits and shifts to the nearest reference / mean reference length; on a set a ratio of sums", "sacrebleu TER, sentence and corpus")
	e.Hi, e.Direction = math.Inf(1), Down
	e.Params = []Param{
		{Name: "case_sensitive", Kind: Flag, Default: false, Doc: "compare capitals"},
		{Name: "no_punct", Kind: Flag, Default: false, Doc: "leave out . , ? : ; ! \" ( )"},
		{Name: "normalized", Kind: Flag, Default: false, Doc: "set off punctuation as tercom does (western scripts)"},
	}
	e.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		return &ter{refs: refs, mixed: a.flag("case_sensitive"), noPunct: a.flag("no_punct"), normalized: a.flag("normalized")}, err
	}
	return []*Entry{e}
}

type ter struct {
	refs                       *references
	mixed, noPunct, normalized bool

	tok   tokenizer
	vocab vocab
	words []string
	out   []int32
	ref   []int32
	edits shiftEdits
}

func (k *ter) score(c *Case) Score {
	refs, why := k.refs.of(c)
	if why != "" {
		return ungraded(why)
	}
	k.vocab.reset()
	k.out = k.ids(k.out[:0], c.Output)
	fewest, length := math.MaxInt, 0
	for _, r := range refs {
		if k.normalized { // sacrebleu normalises references twice, which moves an 's before a point
			k.words = fields(k.words[:0], k.normalize(foldIf(strings.TrimRightFunc(r, isSpace), !k.mixed)))
			r = strings.Join(k.words, " ")
		}
		k.ref = k.ids(k.ref[:0], r)
		fewest = min(fewest, k.edits.rate(k.out, k.ref))
		length += len(k.ref)
	}
	stats := []float64{float64(fewest), float64(length) / float64(len(refs))}
	v, _, _, _ := k.value(stats)
	return Score{Value: v, Graded: true, Stats: stats, Evidence: strconv.Itoa(fewest) + " edits"}
}

func (k *ter) ids(dst []int32, s string) []int32 {
	s = strings.TrimRightFunc(s, isSpace)
	if !k.mixed {
		s = lower(s)
	}
	if k.normalized {
		s = k.normalize(s)
	}
	if k.noPunct {
		s = strings.Map(func(r rune) rune {
			if strings.ContainsRune(`.,?:;!"()`, r) {
				return -1
			}
			return r
		}, s)
	}
	k.words = fields(k.words[:0], s)
	return k.vocab.all(dst, k.words)
}

// normalize is tercom's western normalisation: as mteval's, with the English possessive.
func (k *ter) normalize(s string) string {
	if s == "" {
		return s
	}
	s = strings.ReplaceAll(s, "\n-", "")
	s = strings.ReplaceAll(s, "\n", " ")
	for _, e := range [][2]string{{"&quot;", `"`}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}} {
		s = strings.ReplaceAll(s, e[0], e[1])
	}
	// Tercom sets the possessive off after the other marks and before points and commas: an
	// 's before a mark counts, since a space comes between.
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\'' && i+1 < len(s) && s[i+1] == 's' && (i+2 == len(s) || s[i+2] == ' ' || mark(s[i+2])) {
			b.WriteString(" 's ")
			i++
			continue
		}
		b.WriteByte(s[i])
	}
	return k.tok.western(b.String(), true)
}

func mark(c byte) bool { return isPunct(rune(c)) && c != '\'' && c != ',' && c != '-' && c != '.' }

// value: an empty reference counts as one edit a case where there is an output.
func (k *ter) value(s []float64) (v float64, grad []float64, smooth, ok bool) {
	edits, length := s[0], s[1]
	switch {
	case length > 0:
		return edits / length, []float64{1 / length, -edits / (length * length)}, true, true
	case edits > 0:
		return 1, []float64{0, 0}, false, true
	}
	return 0, []float64{0, 0}, false, true
}

func (k *ter) StatNames() []string { return []string{"edits", "reference_length"} }

func (k *ter) Of(sums []float64) (float64, []float64, bool, bool) { return k.value(sums) }

// Signature is sacrebleu's, with our name where it has its version.
func (k *ter) Signature() string {
	word := map[bool]string{true: "yes", false: "no"}
	return fmt.Sprintf("nrefs:var|case:%s|tok:tercom|norm:%s|punct:%s|asian:no|version:fairtrial", caseWord(!k.mixed), word[k.normalized], word[!k.noPunct])
}
