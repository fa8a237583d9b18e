package score

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Python's \s and \d in RE2.
const (
	reSpace = `[\t-\r\x1c-\x20\x{85}\p{Z}]`
	reDigit = `\p{Nd}`
)

func pattern(p string) *regexp.Regexp {
	p = strings.ReplaceAll(strings.ReplaceAll(p, `\s`, reSpace), `\d`, reDigit)
	return regexp.MustCompile(p)
}

// userPattern compiles what IFEval takes as a pattern (keywords); text that is no RE2
// pattern is looked for as it is.
func userPattern(p string) *regexp.Regexp {
	re, err := regexp.Compile("(?i:" + p + ")")
	if err != nil {
		return regexp.MustCompile("(?i:" + regexp.QuoteMeta(p) + ")")
	}
	return re
}

// instructionTable makes the check of each of IFEval's 25 instructions from its keys.
func instructionTable() map[string]func(*kwargs) func(string) bool {
	return map[string]func(*kwargs) func(string) bool{
		"keywords:existence": func(k *kwargs) func(string) bool {
			var all []*regexp.Regexp
			for _, w := range k.texts("keywords") {
				all = append(all, userPattern(w))
			}
			return func(s string) bool {
				for _, re := range all {
					if !re.MatchString(s) {
						return false
					}
				}
				return true
			}
		},
		"keywords:frequency": func(k *kwargs) func(string) bool {
			re, n, rel := userPattern(strings.TrimFunc(k.text("keyword"), isSpace)), k.whole("frequency"), k.relation("relation")
			return func(s string) bool { return rel(len(re.FindAllStringIndex(s, -1)), n) }
		},
		"keywords:forbidden_words": func(k *kwargs) func(string) bool {
			var all []*regexp.Regexp
			for _, w := range k.texts("forbidden_words") {
				all = append(all, userPattern(w))
			}
			return func(s string) bool {
				for _, re := range all {
					if wholeWord(s, re) {
						return false
					}
				}
				return true
			}
		},
		"keywords:letter_frequency": func(k *kwargs) func(string) bool {
			letter, n, rel := strings.ToLower(k.text("letter")), k.whole("let_frequency"), k.relation("let_relation")
			if k.err == nil && utf8.RuneCountInString(letter) != 1 {
				k.fail("letter: expected one letter, found %q", letter)
			}
			return func(s string) bool { return rel(strings.Count(lower(s), letter), n) }
		},
		"language:response_language": func(k *kwargs) func(string) bool { return languageCheck(k) },
		"length_constraints:number_sentences": func(k *kwargs) func(string) bool {
			n, rel := k.whole("num_sentences"), k.relation("relation")
			return func(s string) bool { return rel(countSentences(s), n) }
		},
		"length_constraints:number_paragraphs": func(k *kwargs) func(string) bool {
			n, re := k.whole("num_paragraphs"), pattern(`\s?\*\*\*\s?`)
			return func(s string) bool {
				parts := re.Split(s, -1)
				got := len(parts)
				for i, p := range parts {
					if strings.TrimFunc(p, isSpace) != "" {
						continue
					}
					if i != 0 && i != len(parts)-1 {
						return false
					}
					got--
				}
				return got == n
			}
		},
		"length_constraints:number_words": func(k *kwargs) func(string) bool {
			n, rel := k.whole("num_words"), k.relation("relation")
			return func(s string) bool { return rel(countWords(s), n) }
		},
		"length_constraints:nth_paragraph_first_word": func(k *kwargs) func(string) bool {
			n, nth, want := k.whole("num_paragraphs"), k.whole("nth_paragraph"), lower(k.text("first_word"))
			if k.err == nil && nth < 1 {
				k.fail("nth_paragraph: expected 1 or more, found %d", nth)
			}
			return func(s string) bool {
				parts := strings.Split(s, "\n\n")
				got := len(parts)
				for _, p := range parts {
					if strings.TrimFunc(p, isSpace) == "" {
						got--
					}
				}
				if nth > got {
					return false
				}
				w := fields(nil, parts[nth-1])
				return len(w) > 0 && got == n && firstWord(w[0]) == want
			}
		},
		"detectable_content:number_placeholders": func(k *kwargs) func(string) bool {
			n, re := k.whole("num_placeholders"), pattern(`\[.*?\]`)
			return func(s string) bool { return len(re.FindAllStringIndex(s, -1)) >= n }
		},
		"detectable_content:postscript": func(k *kwargs) func(string) bool {
			var re *regexp.Regexp
			switch m := strings.TrimFunc(k.text("postscript_marker"), isSpace); m {
			case "P.P.S":
				re = pattern(`(?m)p\.\s?p\.\s?s`)
			case "P.S.":
				re = pattern(`(?m)p\.\s?s\.`)
			default:
				re = userPattern(lower(m))
			}
			return func(s string) bool { return re.MatchString(lower(s)) }
		},
		"detectable_format:number_bullet_lists": func(k *kwargs) func(string) bool {
			n, star, dash := k.whole("num_bullets"), pattern(`(?m)^\s*\*[^\*].*$`), pattern(`(?m)^\s*-.*$`)
			return func(s string) bool {
				return len(star.FindAllStringIndex(s, -1))+len(dash.FindAllStringIndex(s, -1)) == n
			}
		},
		"detectable_format:constrained_response": func(*kwargs) func(string) bool {
			return func(s string) bool {
				return strings.Contains(s, "My answer is yes.") || strings.Contains(s, "My answer is no.") || strings.Contains(s, "My answer is maybe.")
			}
		},
		"detectable_format:number_highlighted_sections": func(k *kwargs) func(string) bool {
			n, one, two := k.whole("num_highlights"), pattern(`\*[^\n\*]*\*`), pattern(`\*\*[^\n\*]*\*\*`)
			return func(s string) bool {
				got := 0
				for _, m := range one.FindAllString(s, -1) {
					got += bitInt(strings.TrimFunc(strings.Trim(m, "*"), isSpace) != "")
				}
				for _, m := range two.FindAllString(s, -1) {
					got += bitInt(strings.TrimFunc(strings.TrimSuffix(strings.TrimPrefix(m, "**"), "**"), isSpace) != "")
				}
				return got >= n
			}
		},
		"detectable_format:multiple_sections": func(k *kwargs) func(string) bool {
			splitter, n := strings.TrimFunc(k.text("section_spliter"), isSpace), k.whole("num_sections")
			if _, err := regexp.Compile(splitter); err != nil {
				splitter = regexp.QuoteMeta(splitter)
			}
			re := pattern(`\s?(?:` + splitter + `)\s?\d+\s?`)
			return func(s string) bool { return len(re.FindAllStringIndex(s, -1)) >= n }
		},
		"detectable_format:json_format": func(*kwargs) func(string) bool {
			return func(s string) bool {
				s = strings.TrimFunc(s, isSpace)
				for _, p := range []string{"```json", "```Json", "```JSON", "```"} {
					s = strings.TrimPrefix(s, p)
				}
				_, err := parseJSON(strings.TrimFunc(strings.TrimSuffix(s, "```"), isSpace))
				return err == nil
			}
		},
		"detectable_format:title": func(*kwargs) func(string) bool {
			re := pattern(`<<[^\n]+>>`)
			return func(s string) bool {
				for _, m := range re.FindAllString(s, -1) {
					if strings.TrimFunc(strings.TrimRight(strings.TrimLeft(m, "<"), ">"), isSpace) != "" {
						return true
					}
				}
				return false
			}
		},
		"combination:two_responses": func(*kwargs) func(string) bool {
			return func(s string) bool {
				parts := strings.Split(s, "******")
				var real []string
				for i, p := range parts {
					if t := strings.TrimFunc(p, isSpace); t != "" {
						real = append(real, t)
					} else if i != 0 && i != len(parts)-1 {
						return false
					}
				}
				return len(real) == 2 && real[0] != real[1]
			}
		},
		"combination:repeat_prompt": func(k *kwargs) func(string) bool {
			want := lower(strings.TrimFunc(k.text("prompt_to_repeat"), isSpace))
			return func(s string) bool { return strings.HasPrefix(lower(strings.TrimFunc(s, isSpace)), want) }
		},
		"startend:end_checker": func(k *kwargs) func(string) bool {
			want := lower(strings.TrimFunc(k.text("end_phrase"), isSpace))
			return func(s string) bool {
				return strings.HasSuffix(lower(strings.Trim(strings.TrimFunc(s, isSpace), `"`)), want)
			}
		},
		"startend:quotation": func(*kwargs) func(string) bool {
			return func(s string) bool {
				s = strings.TrimFunc(s, isSpace)
				return utf8.RuneCountInString(s) > 1 && s[0] == '"' && s[len(s)-1] == '"'
			}
		},
		"change_case:capital_word_frequency": func(k *kwargs) func(string) bool {
			n, rel := k.whole("capital_frequency"), k.relation("capital_relation")
			return func(s string) bool { return rel(capitalWords(s), n) }
		},
		"change_case:english_capital": func(*kwargs) func(string) bool {
			return func(s string) bool { return isUpper(s) && mostly(s, unicode.Latin) }
		},
		"change_case:english_lowercase": func(*kwargs) func(string) bool {
			return func(s string) bool { return isLower(s) && mostly(s, unicode.Latin) }
		},
		"punctuation:no_comma": func(*kwargs) func(string) bool {
			return func(s string) bool { return !strings.Contains(s, ",") }
		},
	}
}

// wholeWord looks for a match with no \w on either side; \b of RE2 knows ASCII alone.
func wholeWord(s string, re *regexp.Regexp) bool {
	edge := func(i int) bool {
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i:])
		return (i > 0 && isWord(before)) != (i < len(s) && isWord(after))
	}
	for at := 0; at <= len(s); {
		m := re.FindStringIndex(s[at:])
		if m == nil {
			return false
		}
		if edge(at+m[0]) && edge(at+m[1]) {
			return true
		}
		_, n := utf8.DecodeRuneInString(s[at+m[0]:])
		at += m[0] + max(1, n)
	}
	return false
}

func firstWord(w string) string {
	w = strings.TrimLeft(strings.TrimLeft(w, "'"), `"`)
	if i := strings.IndexAny(w, `.,?!'"`); i >= 0 {
		w = w[:i]
	}
	return lower(w)
}
