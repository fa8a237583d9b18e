package score

import "strings"

// stem is Porter's algorithm (1980) with the changes that NLTK makes to it, which
// rouge-score uses: a few irregular words, short -ies and -ied, y after consonants alone,
// -alli, -fulli and -logi. Words are of a–z and 0–9.
func stem(w string) string {
	if s := irregular(w); s != "" {
		return s
	}
	if len(w) <= 2 {
		return w
	}
	w = porter1a(w)
	w = porter1b(w)
	if n := len(w); w[n-1] == 'y' && n > 2 && consonant(w, n-2) {
		w = w[:n-1] + "i"
	}
	w = porter2(w)
	w = replaceFirst(w, porter3(), 0)
	w = porter4(w)
	if s, ok := strings.CutSuffix(w, "e"); ok {
		if m := measure(s); m > 1 || m == 1 && !shortEnd(s) {
			w = s
		}
	}
	if strings.HasSuffix(w, "ll") && measure(w[:len(w)-1]) > 1 {
		w = w[:len(w)-1]
	}
	return w
}

func irregular(w string) string {
	switch w {
	case "sky", "skies":
		return "sky"
	case "dying":
		return "die"
	case "lying":
		return "lie"
	case "tying":
		return "tie"
	case "innings", "inning":
		return "inning"
	case "outings", "outing":
		return "outing"
	case "cannings", "canning":
		return "canning"
	case "news", "howe", "proceed", "exceed", "succeed":
		return w
	}
	return ""
}

func consonant(w string, i int) bool {
	switch w[i] {
	case 'a', 'e', 'i', 'o', 'u':
		return false
	case 'y':
		return i == 0 || !consonant(w, i-1)
	}
	return true
}

// measure is m of [C](VC)^m[V].
func measure(w string) int {
	m, vowelBefore, c := 0, false, false
	for i := range len(w) {
		switch w[i] {
		case 'a', 'e', 'i', 'o', 'u':
			c = false
		case 'y':
			c = i == 0 || !c
		default:
			c = true
		}
		if c && vowelBefore {
			m++
		}
		vowelBefore = !c
	}
	return m
}

func hasVowel(w string) bool {
	for i := range len(w) {
		if !consonant(w, i) {
			return true
		}
	}
	return false
}

// shortEnd is consonant–vowel–consonant at the end, the last none of w x y, or a word of
// a vowel and a consonant.
func shortEnd(w string) bool {
	n := len(w)
	if n == 2 {
		return !consonant(w, 0) && consonant(w, 1)
	}
	return n > 2 && consonant(w, n-3) && !consonant(w, n-2) && consonant(w, n-1) && !strings.ContainsRune("wxy", rune(w[n-1]))
}

func porter1a(w string) string {
	switch {
	case strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "ies") && len(w) > 4:
		return w[:len(w)-2]
	case strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss"):
		return w[:len(w)-1]
	}
	return w
}

func porter1b(w string) string {
	if strings.HasSuffix(w, "ied") {
		if len(w) == 4 {
			return w[:len(w)-1]
		}
		return w[:len(w)-2]
	}
	if s, ok := strings.CutSuffix(w, "eed"); ok {
		if measure(s) > 0 {
			return s + "ee"
		}
		return w
	}
	s, ok := strings.CutSuffix(w, "ed")
	if !ok || !hasVowel(s) {
		if s, ok = strings.CutSuffix(w, "ing"); !ok || !hasVowel(s) {
			return w
		}
	}
	n := len(s)
	switch {
	case strings.HasSuffix(s, "at"), strings.HasSuffix(s, "bl"), strings.HasSuffix(s, "iz"):
		return s + "e"
	case n > 1 && s[n-1] == s[n-2] && consonant(s, n-1):
		if strings.ContainsRune("lsz", rune(s[n-1])) {
			return s
		}
		return s[:n-1]
	case measure(s) == 1 && shortEnd(s):
		return s + "e"
	}
	return s
}

// replaceFirst applies the first rule whose ending fits, if more than m measures stay.
func replaceFirst(w string, rules [][2]string, m int) string {
	for _, r := range rules {
		if s, ok := strings.CutSuffix(w, r[0]); ok {
			if measure(s) > m {
				return s + r[1]
			}
			return w
		}
	}
	return w
}

func porter2(w string) string {
	if s, ok := strings.CutSuffix(w, "alli"); ok && measure(s) > 0 {
		return porter2(s + "al")
	}
	// Endings in Porter's order; those that end a longer one come after it.
	rules := [...][2]string{{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"}, {"bli", "ble"}, {"alli", "al"},
		{"entli", "ent"}, {"eli", "e"}, {"ousli", "ous"}, {"ization", "ize"}, {"ation", "ate"}, {"ator", "ate"}, {"alism", "al"}, {"iveness", "ive"},
		{"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"}, {"iviti", "ive"}, {"biliti", "ble"}, {"fulli", "ful"}}
	if s, ok := strings.CutSuffix(w, "logi"); ok {
		if measure(s+"l") > 0 {
			return s + "log"
		}
		return w
	}
	return replaceFirst(w, rules[:], 0)
}

func porter3() [][2]string {
	return [][2]string{{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""}}
}

func porter4(w string) string {
	for _, end := range [...]string{"al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"} {
		s, ok := strings.CutSuffix(w, end)
		if !ok {
			continue
		}
		if measure(s) > 1 && (end != "ion" || strings.HasSuffix(s, "s") || strings.HasSuffix(s, "t")) {
			return s
		}
		return w
	}
	return w
}
