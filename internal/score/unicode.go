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
