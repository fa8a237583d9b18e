package slice

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SyntaxError says where and why a where text was refused, by ParseWhere or by
// Check.
type SyntaxError struct {
	Offset int    // bytes before the place
	Column int    // the place as a reader counts: runes, from 1
	Msg    string // what was found
	Hint   string // what to write instead; may be empty
}

// Error returns place, message and hint on one line.
func (e *SyntaxError) Error() string {
	text := fmt.Sprintf("parse where: column %d: %s", e.Column, e.Msg)
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

func errorAt(src string, offset int, msg, hint string) *SyntaxError {
	return &SyntaxError{
		Offset: offset,
		Column: utf8.RuneCountInString(src[:offset]) + 1,
		Msg:    msg,
		Hint:   hint,
	}
}

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenQuotedName
	tokenString
	tokenNumber
	tokenSymbol
	tokenBad
)

type token struct {
	kind tokenKind
	text string // names and strings without quotes, numbers and symbols as written
	at   int    // byte offset in the source
	err  *SyntaxError
}

// word returns a bare name in upper case, and "" for every other token.
func (t token) word() string {
	if t.kind != tokenName {
		return ""
	}
	return strings.ToUpper(t.text)
}

func (t token) is(symbol string) bool { return t.kind == tokenSymbol && t.text == symbol }

// compares reports whether the token is a comparison operator.
func (t token) compares() bool {
	if t.kind != tokenSymbol {
		return false
	}
	switch t.text {
	case "=", "<>", "!=", "<", "<=", ">", ">=":
		return true
	}
	return false
}

// describe returns the token as an error message quotes it.
func (t token) describe() string {
	switch t.kind {
	case tokenEnd:
		return "the end"
	case tokenString:
		return quoteText(shorten(t.text))
	case tokenQuotedName:
		return quoteName(shorten(t.text))
	case tokenName:
		if reserved(t.word()) {
			return t.word()
		}
	}
	return shorten(t.text)
}

func shorten(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		return string(runes[:39]) + "…"
	}
	return s
}

// lex splits src into tokens. A mistake becomes a last token of kind tokenBad,
// so that an earlier mistake of grammar is reported first.
func lex(src string) []token {
	var tokens []token
	for at := 0; ; {
		rest := src[at:]
		trimmed := strings.TrimLeftFunc(rest, unicode.IsSpace)
		at += len(rest) - len(trimmed)
		t, size := lexOne(src, at)
		tokens = append(tokens, t)
		if t.kind == tokenEnd || t.kind == tokenBad {
			return tokens
		}
		at += size
	}
}

func lexOne(src string, at int) (token, int) {
	bad := func(offset int, msg, hint string) (token, int) {
		return token{kind: tokenBad, at: offset, err: errorAt(src, offset, msg, hint)}, 0
	}
	rest := src[at:]
	if rest == "" {
		return token{kind: tokenEnd, at: at}, 0
	}
	first, _ := utf8.DecodeRuneInString(rest)
	switch {
	case first == '\'' || first == '"':
		text, size, ok := lexQuoted(rest)
		if !ok {
			return bad(at, fmt.Sprintf("the quote %c is never closed", first),
				fmt.Sprintf("close it with %c; inside, %c is doubled", first, first))
		}
		kind := tokenString
		if first == '"' {
			kind = tokenQuotedName
			if text == "" {
				return bad(at, "the column name is empty", "text values are written in single quotes")
			}
		}
		return token{kind: kind, text: text, at: at}, size
	case isDigit(first) || first == '.' && len(rest) > 1 && isDigit(rune(rest[1])):
		size := numberSize(rest)
		if next, width := utf8.DecodeRuneInString(rest[size:]); width > 0 && (inName(next) || next == '.') {
			end := size
			for end < len(rest) {
				r, w := utf8.DecodeRuneInString(rest[end:])
				if !inName(r) && r != '.' {
					break
				}
				end += w
			}
			return bad(at, fmt.Sprintf("%s is not a number", shorten(rest[:end])),
				"numbers are written like 12, -0.5 or 1e-3, and text in single quotes")
		}
		return token{kind: tokenNumber, text: rest[:size], at: at}, size
	case startsName(first):
		size := strings.IndexFunc(rest, func(r rune) bool { return !inName(r) })
		if size < 0 {
			size = len(rest)
		}
		return token{kind: tokenName, text: rest[:size], at: at}, size
	case strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "/*"):
		return bad(at, fmt.Sprintf("found %s: comments are not allowed", rest[:2]), "")
	}
	for _, symbol := range [...]string{"<=", ">=", "<>", "!=", "==", "||", "::"} {
		if strings.HasPrefix(rest, symbol) {
			return token{kind: tokenSymbol, text: symbol, at: at}, 2
		}
	}
	return token{kind: tokenSymbol, text: string(first), at: at}, utf8.RuneLen(first)
}

// lexQuoted reads a text in single or double quotes, doubled inside.
func lexQuoted(src string) (text string, size int, ok bool) {
	quote := src[0]
	for i := 1; i < len(src); i++ {
		if src[i] != quote {
			continue
		}
		if i+1 < len(src) && src[i+1] == quote {
			i++
			continue
		}
		q := string(quote)
		return strings.ReplaceAll(src[1:i], q+q, q), i + 1, true
	}
	return "", 0, false
}

// numberSize returns the length of digits[.digits][e[±]digits] at the start.
func numberSize(s string) int {
	digits := func(i int) int {
		for i < len(s) && isDigit(rune(s[i])) {
			i++
		}
		return i
	}
	i := digits(0)
	if i < len(s) && s[i] == '.' {
		i = digits(i + 1)
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if end := digits(j); end > j {
			i = end
		}
	}
	return i
}

func isDigit(r rune) bool    { return '0' <= r && r <= '9' }
func startsName(r rune) bool { return r == '_' || unicode.IsLetter(r) }
func inName(r rune) bool {
	return startsName(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// reserved reports whether an upper-case word is part of the language, or of a
// sub-query or CASE, and so must be in double quotes to name a column.
func reserved(word string) bool {
	switch word {
	case "AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "BETWEEN", "TRUE", "FALSE", "SELECT", "CASE":
		return true
	}
	return false
}
