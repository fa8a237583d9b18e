package slice

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

const (
	nullName  = "∅"
	separator = " & "
	// Overall is the name of the slice that holds every case. No where slice
	// may be called so.
	Overall = "overall"
)

// FormatValue returns v as a slice name writes it: as it is, and JSON-quoted
// only if it is a text that is empty, is literally ∅, starts or ends with a
// space, or contains a double quote or " & ". Null is ∅. Numbers are in their
// shortest round-trip form, times in UTC.
func FormatValue(v Value) string {
	plain := v.plain()
	if v.kind == Text && (plain == nullName || needsQuotes(plain)) {
		return quoteJSON(plain)
	}
	return plain
}

// formatColumn returns a column as a slice name writes it. Beyond what makes a
// value quoted, an equals sign and a leading "& " do: with them a name could be
// read in two ways.
func formatColumn(column string) string {
	if needsQuotes(column) || strings.Contains(column, "=") || strings.HasPrefix(column, "& ") {
		return quoteJSON(column)
	}
	return column
}

func needsQuotes(s string) bool {
	return s == "" || strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") ||
		strings.Contains(s, `"`) || strings.Contains(s, separator)
}

func quoteJSON(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // & and < are for people to read
	if err := e.Encode(s); err != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Pair is one column=value part of a slice name.
type Pair struct {
	Column string
	Value  string // without quotes; "" where Null
	Null   bool   // the value is ∅
}

// ParseLabel takes a slice name made of column=value parts apart. It is the
// inverse of what Label writes for column, cross and bin partitions, where a
// bin's value is its range, such as "[0, 25)" for age=[0, 25); "overall" and
// names of where slices are errors, unless such a name reads as column=value.
// Only the exact spelling that Label gives is accepted.
func ParseLabel(label string) ([]Pair, error) {
	pairs, err := splitLabel(label)
	if err != nil {
		return nil, fmt.Errorf("parse slice name %q: %w", label, err)
	}
	parts := make([]string, len(pairs))
	for i, pair := range pairs {
		parts[i] = pair.label()
	}
	if canonical := strings.Join(parts, separator); canonical != label {
		return nil, fmt.Errorf("parse slice name %q: it is written %q", label, canonical)
	}
	return pairs, nil
}

func (p Pair) label() string {
	if p.Null {
		return formatColumn(p.Column) + "=" + nullName
	}
	return formatColumn(p.Column) + "=" + FormatValue(TextValue(p.Value))
}

func splitLabel(rest string) ([]Pair, error) {
	var pairs []Pair
	for {
		var pair Pair
		var err error
		if strings.HasPrefix(rest, `"`) {
			if pair.Column, rest, err = cutJSON(rest); err != nil {
				return nil, err
			}
		} else if end := strings.Index(rest, "="); end >= 0 {
			pair.Column, rest = rest[:end], rest[end:]
		}
		if pair.Column == "" || !strings.HasPrefix(rest, "=") {
			return nil, errors.New("no column=value")
		}
		rest = rest[1:]
		if strings.HasPrefix(rest, `"`) {
			if pair.Value, rest, err = cutJSON(rest); err != nil {
				return nil, err
			}
		} else {
			end := valueEnd(rest)
			pair.Value, rest = rest[:end], rest[end:]
			pair.Null = pair.Value == nullName
			if pair.Null {
				pair.Value = ""
			}
		}
		pairs = append(pairs, pair)
		if rest == "" {
			return pairs, nil
		}
		if !strings.HasPrefix(rest, separator) {
			return nil, errors.New("text after a quoted value")
		}
		rest = rest[len(separator):]
	}
}

// valueEnd returns where an unquoted value ends: at the first separator that a
// column can follow. A value may end in " &", and then the first " & " is made
// of its last two bytes; no bare column starts with "& ", which tells.
func valueEnd(s string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], separator)
		if i < 0 {
			return len(s)
		}
		if i += from; !strings.HasPrefix(s[i+len(separator):], "& ") {
			return i
		}
		from = i + 1
	}
}

// cutJSON cuts a JSON string off the front of s.
func cutJSON(s string) (value, rest string, err error) {
	end := 1
	for end < len(s) && s[end] != '"' {
		if s[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(s) {
		return "", "", errors.New("a quote is never closed")
	}
	if err := json.Unmarshal([]byte(s[:end+1]), &value); err != nil {
		return "", "", fmt.Errorf("read quoted part: %w", err)
	}
	return value, s[end+1:], nil
}
