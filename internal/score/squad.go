package score

import (
	"unicode/utf8"
)

// squad normalises as SQuAD's evaluation does: lower case, no ASCII punctuation, no
// articles, single spaces.
func squad(s string) string {
	if squadPlain(s) {
		return squadStart(s, len(s))
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

// squadPlain reports whether all of s is ASCII without control characters but white space:
// its words can be normalised one by one. Control characters part words for the articles,
// but stay.
func squadPlain(s string) bool {
	const ones = 0x0101010101010101
	for ; len(s) >= 8; s = s[8:] {
		x := load64(s)
		if (x|x+ones|x-0x20*ones)&(0x80*ones) != 0 && !squadPlainBytes(s[:8]) { // ≥ 0x80, 0x7f or < 0x20
			return false
		}
	}
	return squadPlainBytes(s)
}

func squadPlainBytes(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < ' ' && !isSpace(rune(c)) {
			return false
		}
	}
	return true
}

// squadWords gives the words of a plain text one after the other, but for the case of
// letters and without articles.
type squadWords struct {
	s      string
	i      int
	joined []byte
}

// next is the word text[from:to], of A–Z, a–z and 0–9; ok is false after the last one.
func (w *squadWords) next() (text string, from, to int, ok bool) {
	for s := w.s; ; {
		for w.i < len(s) && !alphanumeric(s[w.i]) {
			w.i++
		}
		if from = w.i; from == len(s) {
			return "", 0, 0, false
		}
		text, to = s, w.run()
		if w.i < len(s) && !isSpace(rune(s[w.i])) { // punctuation: mostly at the end
			text, from, to = w.join(from, to)
		}
		if to-from > 3 || !article(text[from:to]) {
			return text, from, to, true
		}
	}
}

// run passes letters and digits.
func (w *squadWords) run() (to int) {
	i := w.i
	for i < len(w.s) && alphanumeric(w.s[i]) {
		i++
	}
	w.i = i
	return i
}

// join puts together a word with punctuation in it, whose first piece is known.
func (w *squadWords) join(from, to int) (string, int, int) {
	joined := w.joined[:0]
	for w.i < len(w.s) && !isSpace(rune(w.s[w.i])) {
		if !alphanumeric(w.s[w.i]) {
			w.i++
			continue
		}
		if len(joined) == 0 {
			joined = append(joined, w.s[from:to]...)
		}
		i := w.i
		joined = append(joined, w.s[i:w.run()]...)
	}
	if w.joined = joined; len(joined) == 0 {
		return w.s, from, to
	}
	return string(joined), 0, len(joined)
}

func article(w string) bool {
	switch len(w) {
	case 1:
		return w[0]|0x20 == 'a'
	case 2:
		return w[0]|0x20 == 'a' && w[1]|0x20 == 'n'
	case 3:
		return w[0]|0x20 == 't' && w[1]|0x20 == 'h' && w[2]|0x20 == 'e'
	}
	return false
}

// squadStart is the normal form of a plain text, or its beginning of more than n bytes.
func squadStart(s string, n int) string {
	out := make([]byte, 0, min(n+16, len(s)))
	words := squadWords{s: s}
	for len(out) <= n {
		text, from, to, ok := words.next()
		if !ok {
			break
		}
		if len(out) > 0 {
			out = append(out, ' ')
		}
		for _, c := range []byte(text[from:to]) {
			out = append(out, lowerByte(c))
		}
	}
	return string(out)
}

// squadEqual reports whether the normal forms of two plain texts are one.
func squadEqual(a, b string) bool {
	x, y := squadWords{s: a}, squadWords{s: b}
	for {
		s, i, iEnd, more := x.next()
		t, j, jEnd, alsoMore := y.next()
		if !more || !alsoMore {
			return more == alsoMore
		}
		if iEnd-i != jEnd-j {
			return false
		}
		for ; i < iEnd; i, j = i+1, j+1 {
			if lowerByte(s[i]) != lowerByte(t[j]) {
				return false
			}
		}
	}
}
