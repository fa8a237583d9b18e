package score

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lower is Python's str.lower: as Go's, with the Greek final sigma and İ.
func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	if !strings.Contains(s, "Σ") && !strings.Contains(s, "İ") {
		return lowerEach(s)
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

// lowerEach is strings.ToLower, for text with much beyond ASCII.
func lowerEach(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			b.WriteByte(lowerByte(c))
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if small := lowerRune(r); small != r || n == 1 { // a byte that is no text becomes U+FFFD
			b.WriteRune(small)
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// lowerRune is unicode.ToLower, which searches a table, with what most texts are made of first:
// Latin-1, Greek, Cyrillic, punctuation, Chinese, Japanese, Korean.
func lowerRune(r rune) rune {
	switch {
	case r < 0x80:
		return rune(lowerByte(byte(r)))
	case r < 0xc0 || r >= 0xdf && r < 0x100 || r >= 0x3b1 && r <= 0x3c9 || r >= 0x430 && r < 0x460:
		return r
	case r <= 0xde && r != 0xd7 || r >= 0x391 && r <= 0x3a9 && r != 0x3a2 || r >= 0x410 && r < 0x430:
		return r + 0x20
	case r >= 0x2000 && r < 0x2100 || r >= 0x2e80 && r < 0xa000 || r >= 0xac00 && r < 0xd800:
		return r
	}
	return unicode.ToLower(r)
}
