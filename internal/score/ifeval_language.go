package score

import (
	"strings"
	"unicode"
)

// languageCheck tells a language by its script alone, so only those that share theirs
// with no other common one: more than half of the letters must be of it. Languages in
// Latin, Cyrillic, Arabic or Devanagari letters need a detector and are refused by name.
func languageCheck(k *kwargs) func(string) bool {
	scripts := map[string][]*unicode.RangeTable{
		"ko": {unicode.Hangul}, "th": {unicode.Thai}, "el": {unicode.Greek}, "he": {unicode.Hebrew}, "ta": {unicode.Tamil},
		"te": {unicode.Telugu}, "kn": {unicode.Kannada}, "ml": {unicode.Malayalam}, "gu": {unicode.Gujarati}, "pa": {unicode.Gurmukhi},
		"bn": {unicode.Bengali}, "zh": {unicode.Han}, "zh-cn": {unicode.Han}, "ja": {unicode.Han, unicode.Hiragana, unicode.Katakana},
	}
	code := strings.ToLower(k.text("language"))
	tables, ok := scripts[code]
	if !ok && k.err == nil {
		k.fail("language %q shares its script with others, and no language detector is built in: expected one of %s", code, strings.Join(sortedKeys(scripts), ", "))
	}
	return func(s string) bool {
		if strings.HasPrefix(code, "zh") && some2(s, unicode.Hiragana, unicode.Katakana) {
			return false
		}
		if code == "ja" && !some2(s, unicode.Hiragana, unicode.Katakana) {
			return false
		}
		return mostly(s, tables...)
	}
}

func some2(s string, tables ...*unicode.RangeTable) bool {
	for _, r := range s {
		if unicode.In(r, tables...) {
			return true
		}
	}
	return false
}

// mostly: more than half of the letters are of the scripts.
func mostly(s string, tables ...*unicode.RangeTable) bool {
	letters, in := 0, 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			letters++
			in += bitInt(unicode.In(r, tables...))
		}
	}
	return 2*in > letters
}

// countSentences: a sentence ends at . ! ? … or their Chinese and Devanagari forms, with
// closing quotes and brackets, before white space or the end. Not at a point after an
// initial or a common abbreviation, nor inside a number or address. What is left at the
// end is a sentence too. IFEval has NLTK's trained Punkt here, which we do not.
func countSentences(s string) int {
	rs := []rune(s)
	n, words := 0, false
	for i := 0; i < len(rs); i++ {
		r := rs[i]
		if !strings.ContainsRune(".!?…。！？।", r) {
			words = words || unicode.IsLetter(r) || unicode.IsNumber(r)
			continue
		}
		wide := strings.ContainsRune("。！？।", r)
		j := i + 1
		for j < len(rs) && strings.ContainsRune(".!?…。！？।\"'”’)]»", rs[j]) {
			j++
		}
		if j < len(rs) && !isSpace(rs[j]) && !wide {
			continue
		}
		if r == '.' && j == i+1 && abbreviation(rs[:i]) && j < len(rs) {
			continue
		}
		n += bitInt(words)
		words = false
		i = j - 1
	}
	return n + bitInt(words)
}

func abbreviation(before []rune) bool {
	i := len(before)
	for i > 0 && (unicode.IsLetter(before[i-1]) || before[i-1] == '.') {
		i--
	}
	w := strings.ToLower(string(before[i:]))
	switch w {
	case "mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "jr", "sr", "inc", "ltd", "co", "no", "vol", "fig", "approx", "cf", "al":
		return true
	}
	return len(w) == 1 && w != "i" && unicode.IsUpper(before[len(before)-1]) // an initial
}

// capitalWords counts the words in capitals of NLTK's word tokenizer: white space and most
// punctuation part words, and so does an English contraction (IT'S is two).
func capitalWords(s string) int {
	n := 0
	for _, chunk := range fields(nil, s) {
		start := 0
		cut := func(end, next int) {
			n += capitalParts(chunk[start:end])
			start = next
		}
		for i := 0; i < len(chunk); i++ {
			c := chunk[i]
			switch {
			case strings.IndexByte("\";@#$%&?!()[]{}<>`", c) >= 0:
				cut(i, i+1)
			case (c == ',' || c == ':') && (i+1 == len(chunk) || !digit(chunk[i+1])):
				cut(i, i+1)
			case c == '-' && i+1 < len(chunk) && chunk[i+1] == '-':
				cut(i, i+2)
				i++
			case c == '.' && strings.HasPrefix(chunk[i:], "..."):
				cut(i, i+3)
				i += 2
			case c >= 0x80 && (strings.HasPrefix(chunk[i:], "“") || strings.HasPrefix(chunk[i:], "”") || strings.HasPrefix(chunk[i:], "«") || strings.HasPrefix(chunk[i:], "»")):
				w := 3
				if c == 0xc2 {
					w = 2
				}
				cut(i, i+w)
				i += w - 1
			}
		}
		cut(len(chunk), len(chunk))
	}
	return n
}

func capitalParts(w string) int {
	if !isUpper(w) {
		// I'm, GPU's: the part before may be in capitals
		if i := strings.LastIndexByte(w, '\''); i > 0 {
			switch strings.ToLower(w[i:]) {
			case "'s", "'m", "'d", "'ll", "'re", "'ve", "'":
				return bitInt(isUpper(w[:i]))
			case "'t":
				if i > 1 && w[i-1]|0x20 == 'n' {
					return bitInt(isUpper(w[:i-1]))
				}
			}
		}
		return 0
	}
	for _, end := range []string{"'S", "'M", "'D", "'LL", "'RE", "'VE", "N'T"} {
		if len(w) > len(end) && strings.HasSuffix(w, end) {
			return bitInt(isUpper(w[:len(w)-len(end)])) + 1
		}
	}
	switch w {
	case "CANNOT", "GIMME", "GONNA", "GOTTA", "LEMME", "WANNA":
		return 2
	}
	return 1
}
