package score

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenizer is one of sacrebleu's tokenizers but 13a.
type tokenizer struct {
	how      string
	buf, aux []byte
}

func newTokenizer(how string) tokenizer { return tokenizer{how: how} }

// tokens appends the tokens of s to dst.
func (t *tokenizer) tokens(dst []string, s string) []string {
	switch t.how {
	case "zh":
		var b strings.Builder
		for _, r := range strings.TrimFunc(s, isSpace) {
			if chinese(r) {
				b.WriteByte(' ')
				b.WriteRune(r)
				b.WriteByte(' ')
			} else {
				b.WriteRune(r)
			}
		}
		return fields(dst, t.western(b.String(), false))
	case "intl":
		return fields(dst, international(s))
	case "char":
		for i := 0; i < len(s); {
			r, n := utf8.DecodeRuneInString(s[i:])
			if !isSpace(r) {
				dst = append(dst, s[i:i+n])
			}
			i += n
		}
		return dst
	}
	return fields(dst, s)
}

// western sets off punctuation as mteval does, in four passes like its substitutions; a
// pass does not look again at what it has just matched. padded: as if a space stood at
// both ends. New lines count as spaces.
func (t *tokenizer) western(s string, padded bool) string {
	b, a := t.buf[:0], t.aux[:0]
	if padded {
		b = append(b, ' ')
	}
	from := 0
	for i := range len(s) {
		if c := s[i]; setOff(c) {
			b = append(append(b, s[from:i]...), ' ', c, ' ')
			from = i + 1
		}
	}
	b = append(b, s[from:]...)
	if padded {
		b = append(b, ' ')
	}
	// a point or comma after what is no digit
	from = 0
	for i := 1; i < len(b); i++ {
		if stop(b[i]) && i > from && !digit(b[i-1]) {
			a = append(append(a, b[from:i]...), ' ', b[i], ' ')
			from = i + 1
		}
	}
	a = append(a, b[from:]...)
	// a point or comma before what is no digit
	b, from = b[:0], 0
	for i := 0; i+1 < len(a); i++ {
		if stop(a[i]) && !digit(a[i+1]) {
			b = append(append(b, a[from:i]...), ' ', a[i], ' ', a[i+1])
			from = i + 2
			i++
		}
	}
	b = append(b, a[from:]...)
	// a dash after a digit
	if bytes.IndexByte(b, '-') < 0 {
		t.buf, t.aux = b, a
		return string(b)
	}
	a, from = a[:0], 0
	for i := 1; i < len(b); i++ {
		if b[i] == '-' && i > from && digit(b[i-1]) {
			a = append(append(a, b[from:i]...), ' ', '-', ' ')
			from = i + 1
		}
	}
	a = append(a, b[from:]...)
	t.buf, t.aux = b, a
	return string(a)
}

// setOff are ASCII's punctuation but for apostrophe, comma, dash and point.
func setOff(c byte) bool {
	return c < 0x80 && (c >= '{' && c <= '~' || c >= '[' && c <= '`' || c >= '!' && c <= '&' || c >= '(' && c <= '+' || c >= ':' && c <= '@' || c == '/')
}
func digit(c byte) bool { return c >= '0' && c <= '9' }
func stop(c byte) bool  { return c == '.' || c == ',' }

// international is mteval-v14: punctuation and symbols are set off, but not between digits.
func international(s string) string {
	rs := []rune(s)
	num := func(r rune) bool { return unicode.IsNumber(r) }
	out := make([]rune, 0, 2*len(rs))
	for i := 0; i < len(rs); i++ {
		if i+1 < len(rs) && !num(rs[i]) && unicode.IsPunct(rs[i+1]) {
			out = append(out, rs[i], ' ', rs[i+1], ' ')
			i++
		} else {
			out = append(out, rs[i])
		}
	}
	rs, out = out, make([]rune, 0, 2*len(out))
	for i := 0; i < len(rs); i++ {
		if i+1 < len(rs) && unicode.IsPunct(rs[i]) && !num(rs[i+1]) {
			out = append(out, ' ', rs[i], ' ', rs[i+1])
			i++
		} else {
			out = append(out, rs[i])
		}
	}
	var b strings.Builder
	for _, r := range out {
		if unicode.IsSymbol(r) {
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// chinese is sacrebleu's range of characters, with what its five-digit escapes come to
// (U+2001–2A6D and U+2F81–2FA1): scores must agree with published ones.
func chinese(r rune) bool {
	if r < 0x2001 {
		return false
	}
	for _, c := range [...][2]rune{{0x3400, 0x4db5}, {0x4e00, 0x9fbb}, {0xf900, 0xfa2d}, {0xfa30, 0xfa6a}, {0xfa70, 0xfad9},
		{0x2001, 0x2a6d}, {0x2f81, 0x2fa1}, {0xff00, 0xffef}, {0x2e80, 0x2eff}, {0x3000, 0x303f}, {0x31c0, 0x31ef}, {0x2f00, 0x2fdf},
		{0x2ff0, 0x2fff}, {0x3100, 0x312f}, {0x31a0, 0x31bf}, {0xfe10, 0xfe1f}, {0xfe30, 0xfe4f}, {0x3200, 0x33ff}} {
		if r >= c[0] && r <= c[1] {
			return true
		}
	}
	return false
}
