package score

import "unicode/utf8"

// squad normalises as SQuAD's evaluation does: lower case, no ASCII punctuation, no
// articles, single spaces.
func squad(s string) string {
	var w squadWords
	w.start(s)
	return w.text(len(w.s))
}

// squadLowered normalises what is in lower case already, step by step.
func squadLowered(s string) string {
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
		if (x|(x+ones)|(x-0x20*ones))&(0x80*ones) != 0 && !squadPlainBytes(s[:8]) { // ≥ 0x80, 0x7f or < 0x20
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

// squadWords gives the words of a text's normal form one after the other.
type squadWords struct {
	s      string
	plain  bool    // else s is in lower case
	runs   []int32 // plain: of letters and digits, see appendRuns
	i      int     // in runs, else in s
	joined []byte
	words  []string // of a piece with articles in it
	rest   []string // of words
}

func (w *squadWords) start(s string) {
	w.s, w.i, w.plain, w.rest = s, 0, squadPlain(s), nil
	if w.plain {
		w.runs = appendRuns(w.runs[:0], s)
	} else {
		w.s = lower(s)
	}
}

// again begins anew.
func (w *squadWords) again() { w.i, w.rest = 0, nil }

// next is the word text[from:to], in lower case unless the text is plain; ok is false after
// the last one.
func (w *squadWords) next() (text string, from, to int, ok bool) {
	if !w.plain {
		return w.nextAny()
	}
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

// nextAny takes what stands between white space: it is a word without its punctuation,
// unless articles are parts of it.
func (w *squadWords) nextAny() (text string, from, to int, ok bool) {
	for len(w.rest) == 0 {
		from, to = piece(w.s, w.i)
		if w.i = to; from == to {
			return "", 0, 0, false
		}
		text = w.s
		for i := from; i < to; i++ {
			if isPunct(rune(text[i])) {
				text = w.strip(text[from:to])
				from, to = 0, len(text)
				break
			}
		}
		switch whole, part := articles(text[from:to]); {
		case part:
			w.words = fields(w.words[:0], squadLowered(text[from:to]))
			w.rest = w.words
		case !whole && from < to:
			return text, from, to, true
		}
	}
	text, w.rest = w.rest[0], w.rest[1:]
	return text, 0, len(text), true
}

// strip leaves out ASCII punctuation.
func (w *squadWords) strip(s string) string {
	w.joined = w.joined[:0]
	for _, c := range []byte(s) {
		if !isPunct(rune(c)) {
			w.joined = append(w.joined, c)
		}
	}
	return string(w.joined)
}

// articles reports whether s is an article, or else whether a run of ASCII letters in it is
// one, though what stands beside may belong to the same word.
func articles(s string) (whole, part bool) {
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && alphanumeric(s[i]) {
			continue
		}
		if i-start <= 3 && article(s[start:i]) {
			if i-start == len(s) {
				return true, false
			}
			part = true
		}
		start = i + 1
	}
	return false, part
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
		if !w.plain {
			out = append(out, text[from:to]...)
			continue
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
			a, b := s[i], t[j]
			if w.plain {
				a |= 0x20
			}
			if other.plain {
				b |= 0x20
			}
			if a != b {
				return false
			}
		}
	}
}
