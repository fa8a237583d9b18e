package score

import "strings"

// replaced13a is a text with what mteval-v13a replaces before it parts words.
func replaced13a(s string) string {
	if strings.IndexByte(s, '<') >= 0 {
		s = strings.ReplaceAll(s, "<skipped>", "")
	}
	s = strings.ReplaceAll(s, "-\n", "")
	if strings.IndexByte(s, '&') >= 0 {
		for _, e := range [][2]string{{"&quot;", `"`}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}} {
			s = strings.ReplaceAll(s, e[0], e[1])
		}
	}
	return s
}

// tokenizer13a numbers the tokens of mteval-v13a where they stand in the text. What its
// substitutions do to a piece between white space does not depend on other pieces: they look
// at one character before and after, and white space is no digit.
type tokenizer13a struct {
	western tokenizer
	runs    []int32
	words   []string
}

func (t *tokenizer13a) ids(dst []int32, v *vocab, s string) []int32 {
	s = replaced13a(s)
	t.runs = appendRuns(t.runs[:0], s)
	at := 0 // what is before is done, and ends with a piece
	for i := 0; i < len(t.runs); {
		from, to := int(t.runs[i]), int(t.runs[i+1])
		begins := from == at || from == at+1 && s[at] == ' '
		switch {
		case begins && (to == len(s) || s[to] == ' '):
			dst = append(dst, v.within(s, from, to))
			at = to
			i += 2
		case begins && stop(s[to]) && (to+1 == len(s) || s[to+1] == ' '):
			dst = append(dst, v.within(s, from, to), v.within(s, to, to+1))
			at = to + 1
			i += 2
		default:
			from, at = piece(s, at)
			dst = t.piece(dst, v, s, from, at)
			for i < len(t.runs) && int(t.runs[i]) < at {
				i += 2
			}
		}
	}
	for at < len(s) {
		var from int
		from, at = piece(s, at)
		dst = t.piece(dst, v, s, from, at)
	}
	return dst
}

// piece numbers the tokens of s[from:to]. Points and commas but for one at the end, and
// dashes after digits, take the substitutions.
func (t *tokenizer13a) piece(dst []int32, v *vocab, s string, from, to int) []int32 {
	if from == to {
		return dst
	}
	end := to
	if stop(s[to-1]) {
		end--
	}
	for i := from; i < end; i++ {
		if stop(s[i]) || s[i] == '-' && i > from && digit(s[i-1]) {
			t.words = fields(t.words[:0], t.western.western(s[from:to], true))
			return v.all(dst, t.words)
		}
	}
	for i := from; i < end; i++ {
		if setOff(s[i]) {
			if from < i {
				dst = append(dst, v.within(s, from, i))
			}
			dst = append(dst, v.within(s, i, i+1))
			from = i + 1
		}
	}
	if from < end {
		dst = append(dst, v.within(s, from, end))
	}
	if end < to {
		dst = append(dst, v.within(s, end, to))
	}
	return dst
}
