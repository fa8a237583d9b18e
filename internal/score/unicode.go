package score

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isSpace is Python's str.isspace: Unicode white space and the four ASCII separators.
func isSpace(r rune) bool {
	if r < 0x80 {
		return r == ' ' || r >= '\t' && r <= '\r' || r >= 0x1c && r <= 0x1f
	}
	return unicode.IsSpace(r)
}

// isWord is Python's \w: letters, numbers and _. Marks are not part of it.
func isWord(r rune) bool {
	if r < 0x80 {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// isPunct is Python's string.punctuation.
func isPunct(r rune) bool {
	return r >= '!' && r <= '/' || r >= ':' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
}

// lower is Python's str.lower: as Go's, with the Greek final sigma and İ.
func lower(s string) string {
	if isASCII(s) || !strings.Contains(s, "Σ") && !strings.Contains(s, "İ") {
		return strings.ToLower(s)
	}
	var b strings.Builder
	rs := []rune(s)
	cased := func(i, step int) bool {
		for i += step; i >= 0 && i < len(rs); i += step {
			if unicode.Is(unicode.Mn, rs[i]) || strings.ContainsRune("'.:^`·’", rs[i]) {
				continue // case-ignorable
			}
			return unicode.IsUpper(rs[i]) || unicode.IsLower(rs[i]) || unicode.IsTitle(rs[i])
		}
		return false
	}
	for i, r := range rs {
		switch {
		case r == 'Σ' && cased(i, -1) && !cased(i, 1):
			b.WriteRune('ς')
		case r == 'İ':
			b.WriteString("i̇")
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// fields appends the words between white space to dst.
func fields(dst []string, s string) []string {
	start := -1
	for i := 0; i < len(s); {
		if c := s[i]; c > ' ' && c < utf8.RuneSelf {
			if start < 0 {
				start = i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if isSpace(r) {
			if start >= 0 {
				dst = append(dst, s[start:i])
				start = -1
			}
		} else if start < 0 {
			start = i
		}
		i += n
	}
	if start >= 0 {
		dst = append(dst, s[start:])
	}
	return dst
}

// countWords counts runs of \w as Unicode (UTS #18) and NLTK from 3.10 on have it: marks,
// which most Indian scripts need, are part of a word, fractions and superscripts are not.
func countWords(s string) int {
	n, in := 0, false
	for _, r := range s {
		w := r < 0x80 && isWord(r) || r >= 0x80 && (unicode.IsLetter(r) || unicode.IsMark(r) ||
			unicode.In(r, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control))
		n += bitInt(w && !in)
		in = w
	}
	return n
}

// squad normalises as SQuAD's evaluation does: lower case, no ASCII punctuation, no
// articles, single spaces.
func squad(s string) string {
	if isASCII(s) {
		return squadASCII(s)
	}
	return squadAny(s)
}

func squadAny(s string) string {
	s = lower(s)
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if !isPunct(rune(s[i])) {
			b = append(b, s[i])
		}
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); { // a word at a time; articles are whole runs of \w
		r, n := utf8.DecodeRune(b[i:])
		if !isWord(r) {
			out = append(out, b[i:i+n]...)
			i += n
			continue
		}
		j := i
		for j < len(b) {
			r, n := utf8.DecodeRune(b[j:])
			if !isWord(r) {
				break
			}
			j += n
		}
		if w := string(b[i:j]); w == "a" || w == "an" || w == "the" {
			out = append(out, ' ')
		} else {
			out = append(out, b[i:j]...)
		}
		i = j
	}
	k, gap := 0, false
	for i := 0; i < len(out); {
		r, n := utf8.DecodeRune(out[i:])
		if isSpace(r) {
			gap = k > 0
		} else {
			if gap {
				out[k] = ' '
				k++
				gap = false
			}
			k += copy(out[k:], out[i:i+n])
		}
		i += n
	}
	return string(out[:k])
}

// squadASCII is squad in one pass.
func squadASCII(s string) string {
	out := make([]byte, 0, len(s))
	start := 0 // of the word being written
	end := func() {
		switch w := out[start:]; {
		case len(w) == 0:
			return
		case string(w) == "a" || string(w) == "an" || string(w) == "the":
			out = out[:start]
		default:
			out = append(out, ' ')
			start = len(out)
		}
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			out = append(out, c)
		case isSpace(rune(c)):
			end()
		case isPunct(rune(c)):
		default: // a control character parts words for the articles, but stays
			return squadAny(s)
		}
	}
	end()
	if n := len(out); n > 0 {
		out = out[:n-1]
	}
	return string(out)
}

// isUpper is Python's str.isupper: some cased letter, none of them lower or title case.
func isUpper(s string) bool { return allCased(s, unicode.IsUpper) }

// isLower is Python's str.islower.
func isLower(s string) bool { return allCased(s, unicode.IsLower) }

func allCased(s string, is func(rune) bool) bool {
	some := false
	for _, r := range s {
		if is(r) {
			some = true
		} else if unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) {
			return false
		}
	}
	return some
}
