package record

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/fairtrial/fairtrial/internal/result"
)

// unlisted is how a record without estimates and comparisons shows where they stand.
const unlisted = `"estimates":null,"comparisons":null`

// Compact is what json.Marshal makes of the record.
func (r *Record) Compact() ([]byte, error) { return r.encode(true) }

// encode is the record as encoding/json writes it, with or without escapes for HTML.
// Nearly all of it are estimates and comparisons, which have a faster way.
func (r *Record) encode(html bool) ([]byte, error) {
	shell := *r
	shell.Estimates, shell.Comparisons = nil, nil
	b, err := plain(&shell, html)
	if err != nil {
		return nil, err
	}
	before, after, found := bytes.Cut(b, []byte(unlisted))
	if !found || bytes.Contains(after, []byte(unlisted)) { // a plan's own key of that name
		return plain(r, html)
	}
	all, err := results{Estimates: r.Estimates, Comparisons: r.Comparisons}.lists(append(make([]byte, 0, len(b)+512*(len(r.Estimates)+len(r.Comparisons))), before...), `"estimates":`, `,"comparisons":`, html)
	return append(all, after...), err
}

// lists appends the estimates and comparisons under the keys given.
func (r results) lists(b []byte, estimates, comparisons string, html bool) ([]byte, error) {
	w := result.Writer{HTML: html}
	b, err := w.Estimates(append(b, estimates...), r.Estimates)
	if err != nil {
		return nil, err
	}
	return w.Comparisons(append(b, comparisons...), r.Comparisons)
}

// canonical is what json.Marshal makes of the results.
func (r results) canonical() ([]byte, error) {
	b, err := r.lists(make([]byte, 0, 512*(len(r.Estimates)+len(r.Comparisons))), `{"Estimates":`, `,"Comparisons":`, true)
	if err != nil {
		return nil, err
	}
	rest, err := json.Marshal(r.rest)
	if err != nil {
		return nil, fmt.Errorf("encode results: %w", err)
	}
	return append(append(b, ','), rest[1:]...), nil
}

func plain(v any, html bool) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// indented lays compact JSON out as json.Indent does, with two spaces a level. It trusts
// its input, which this package wrote, and so needs no parser.
func indented(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/2)
	depth := 0
	line := func() {
		out = append(out, '\n')
		for range depth {
			out = append(out, "  "...)
		}
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '"':
			j := i + 1
			for b[j] != '"' {
				if b[j] == '\\' {
					j++
				}
				j++
			}
			out = append(out, b[i:j+1]...)
			i = j
		case '{', '[':
			out = append(out, c)
			if b[i+1] == c+2 { // empty: the closing brackets are two further in ASCII
				out = append(out, c+2)
				i++
				continue
			}
			depth++
			line()
		case '}', ']':
			depth--
			line()
			out = append(out, c)
		case ',':
			out = append(out, c)
			line()
		case ':':
			out = append(out, ": "...)
		default:
			out = append(out, c)
		}
	}
	return out
}
