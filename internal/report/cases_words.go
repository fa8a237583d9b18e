package report

import (
	"strings"
	"unicode"
)

// part is a stretch of an output; New where the other model's has not got it.
type part struct {
	Text string
	New  bool
}

// mostWords bounds the table of a comparison by words.
const mostWords = 1200

// differences splits two texts into what both have, in order (a longest common
// subsequence of words), and what only one has. It is false for texts that are too long.
func differences(a, b string) (left, right []part, compared bool) {
	x, y := words(a), words(b)
	if len(x) > mostWords || len(y) > mostWords {
		return []part{{Text: a}}, []part{{Text: b}}, false
	}
	same := make([][]uint16, len(x)+1)
	for i := range same {
		same[i] = make([]uint16, len(y)+1)
	}
	key := strings.TrimSpace
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if key(x[i]) == key(y[j]) {
				same[i][j] = same[i+1][j+1] + 1
			} else {
				same[i][j] = max(same[i+1][j], same[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && key(x[i]) == key(y[j]):
			left, right = with(left, x[i], false), with(right, y[j], false)
			i, j = i+1, j+1
		case j == len(y) || i < len(x) && same[i+1][j] >= same[i][j+1]:
			left, i = with(left, x[i], true), i+1
		default:
			right, j = with(right, y[j], true), j+1
		}
	}
	return left, right, true
}

func with(list []part, text string, only bool) []part {
	if n := len(list); n > 0 && list[n-1].New == only {
		list[n-1].Text += text
		return list
	}
	return append(list, part{text, only})
}

// words cuts a text after its blanks, so that the pieces make up the text. Scripts that
// write no blanks are cut at each sign.
func words(s string) []string {
	var out []string
	start, cut := 0, false
	for i, r := range s {
		blank := r == ' ' || r == '\n' || r == '\t'
		alone := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
		if i > start && !blank && (cut || alone) {
			out, start = append(out, s[start:i]), i
		}
		cut = blank || alone
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}
