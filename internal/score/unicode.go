package score

import (
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

// spaceAt is the length of the white space character that begins at s[i], 0 for others.
func spaceAt(s string, i int) int {
	switch c := s[i]; {
	case c < utf8.RuneSelf:
		return bitInt(isSpace(rune(c)))
	case c == 0xc2, c >= 0xe1 && c <= 0xe3: // no other begins with another byte
		if r, n := utf8.DecodeRuneInString(s[i:]); isSpace(r) {
			return n
		}
	}
	return 0
}

// fields appends the words between white space to dst.
func fields(dst []string, s string) []string {
	for at := 0; ; {
		from, to := piece(s, at)
		if from == to {
			return dst
		}
		dst, at = append(dst, s[from:to]), to
	}
}

// piece is where what stands between white space begins and ends from a place on.
func piece(s string, at int) (from, to int) {
	for at < len(s) {
		n := spaceAt(s, at)
		if n == 0 {
			break
		}
		at += n
	}
	for to = at; to < len(s); to++ {
		if c := s[to]; (c <= ' ' || c >= utf8.RuneSelf) && spaceAt(s, to) > 0 {
			break
		}
	}
	return at, to
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
