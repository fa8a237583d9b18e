package score

import "unicode/utf8"

// squad normalises as SQuAD's evaluation does: lower case, no ASCII punctuation, no
// articles, single spaces.
func squad(s string) string {
	if squadPlain(s) {
		var w squadWords
		w.start(s)
		return w.text(len(s))
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
	runs   []int32 // of letters and digits, see appendRuns
	i      int
	joined []byte
}

func (w *squadWords) start(s string) {
	w.s, w.i, w.runs = s, 0, appendRuns(w.runs[:0], s)
}

// next is the word text[from:to], of A–Z, a–z and 0–9; ok is false after the last one.
func (w *squadWords) next() (text string, from, to int, ok bool) {
	for w.i < len(w.runs) {
		text, from, to = w.s, int(w.runs[w.i]), int(w.runs[w.i+1])
		w.i += 2
		if w.goesOn(to) {
			text, from, to = w.join(from, to)
		}
		if to-from > 3 || !article(text[from:to]) {
			return text, from, to, true
		}
	}
	return "", 0, 0, false
}

// goesOn reports whether nothing but punctuation stands between a run that ends at to and the next.
func (w *squadWords) goesOn(to int) bool {
	if w.i == len(w.runs) || w.s[to] == ' ' {
		return false
	}
	for _, c := range []byte(w.s[to:w.runs[w.i]]) {
		if isSpace(rune(c)) {
			return false
		}
	}
	return true
}

// join puts together a word with punctuation in it, whose first run is known.
func (w *squadWords) join(from, to int) (string, int, int) {
	w.joined = append(w.joined[:0], w.s[from:to]...)
	for w.goesOn(to) {
		from, to = int(w.runs[w.i]), int(w.runs[w.i+1])
		w.joined = append(w.joined, w.s[from:to]...)
		w.i += 2
	}
	return string(w.joined), 0, len(w.joined)
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

// text is the normal form from the next word on, or its beginning of more than n bytes.
func (w *squadWords) text(n int) string {
	out := make([]byte, 0, min(n+16, len(w.s)))
	for len(out) <= n {
		text, from, to, ok := w.next()
		if !ok {
			break
		}
		if len(out) > 0 {
			out = append(out, ' ')
		}
		for _, c := range []byte(text[from:to]) {
			out = append(out, c|0x20) // digits have the bit
		}
	}
	return string(out)
}

// equal reports whether the same words follow in both.
func (w *squadWords) equal(other *squadWords) bool {
	for {
		s, i, iEnd, more := w.next()
		t, j, jEnd, alsoMore := other.next()
		if !more || !alsoMore {
			return more == alsoMore
		}
		if iEnd-i != jEnd-j {
			return false
		}
		for ; i < iEnd; i, j = i+1, j+1 {
			if s[i]|0x20 != t[j]|0x20 {
				return false
			}
		}
	}
}
