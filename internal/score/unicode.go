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

// squadTable maps an ASCII character to its lower case; white space to a space, punctuation
// to 0 and what is none of these to 1.
const squadTable = "\x01\x01\x01\x01\x01\x01\x01\x01\x01     \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01    " +
	" \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x000123456789\x00\x00\x00\x00\x00\x00" +
	"\x00abcdefghijklmnopqrstuvwxyz\x00\x00\x00\x00\x00" +
	"\x00abcdefghijklmnopqrstuvwxyz\x00\x00\x00\x00\x01"

// squadASCII is squad in one pass.
func squadASCII(s string) string {
	out := make([]byte, len(s)+1)
	n, start := 0, 0 // written; where the word being written starts
	end := func() {
		w := out[start:n]
		if len(w) == 0 {
			return
		}
		if len(w) <= 3 && (string(w) == "a" || string(w) == "an" || string(w) == "the") {
			n = start
			return
		}
		out[n] = ' '
		n++
		start = n
	}
	for i := range len(s) {
		switch c := squadTable[s[i]&0x7f]; {
		case c > ' ':
			out[n] = c
			n++
		case c == ' ':
			end()
		case c == 1: // a control character parts words for the articles, but stays
			return squadAny(s)
		}
	}
	end()
	return string(out[:max(n-1, 0)])
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
