package scan

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

var (
	csvLine    = regexp.MustCompile(`CSV Error on Line: (\d+)`)
	csvFile    = regexp.MustCompile(`(?m)^\s*file = (.*)$`)
	csvColumns = regexp.MustCompile(`Expected Number of Columns: (\d+) Found: (\d+)`)
	parquetAt  = regexp.MustCompile(`(?:file|File) '([^']*)'`)
)

// explain turns what DuckDB says about a file into an error about the data, with
// file and line. Errors that are not about the data stay as they are.
func (t *table) explain(err error) error {
	var e *duck.Error
	if !errors.As(err, &e) {
		return err
	}
	where := func(re *regexp.Regexp, group int) string {
		if m := re.FindStringSubmatch(e.Msg); m != nil {
			return t.written(m[group])
		}
		return t.name()
	}
	switch e.Kind {
	case "Out of Memory", "INTERNAL", "INTERRUPT":
		return fmt.Errorf("read %s: %w", t.name(), err)
	}
	first, _, _ := strings.Cut(e.Msg, "\n")
	if t.format == jsonFormat {
		for _, f := range t.files {
			if bad, lineErr := badLine(f); lineErr != nil {
				return lineErr
			} else if bad != nil {
				return bad
			}
		}
		if strings.Contains(e.Msg, "expected records") {
			return &engine.DataError{Where: t.name(), Msg: "has no rows with fields"}
		}
	}
	switch e.Kind {
	case "Binder", "Parser", "Catalog":
		return fmt.Errorf("read %s: %w", t.name(), err)
	}
	if m := csvLine.FindStringSubmatch(e.Msg); m != nil {
		d := &engine.DataError{Where: where(csvFile, 1) + ", line " + m[1]}
		n := csvColumns.FindStringSubmatch(e.Msg)
		switch {
		case strings.Contains(e.Msg, "nvalid unicode"):
			d.Msg, d.Hint = "holds bytes that are not UTF-8", "save the file as UTF-8; it may be Latin-1 or Windows-1252"
		case strings.Contains(e.Msg, "unterminated quote"):
			d.Msg = "a quote is never closed"
		case n != nil:
			d.Msg = fmt.Sprintf("has %s fields, but the header has %s", n[2], n[1])
			d.Hint = "a field that holds the separator must be quoted"
		default:
			d.Msg = "cannot be read: " + strings.Join(strings.Fields(pick(e.Msg, 2)), " ")
		}
		return d
	}
	if t.format == parquetFormat && (strings.Contains(e.Msg, "magic bytes") || strings.Contains(e.Msg, "too small to be a Parquet")) {
		return &engine.DataError{Where: where(parquetAt, 1), Msg: "is not a Parquet file, whatever its name says", Hint: "one that was cut short, as by a broken copy, is none either: copy or write it again"}
	}
	if strings.Contains(e.Msg, "nvalid unicode") || strings.Contains(e.Msg, "invalid UTF-8") {
		return &engine.DataError{Where: t.name(), Msg: "holds bytes that are not UTF-8", Hint: "save the file as UTF-8; it may be Latin-1 or Windows-1252"}
	}
	return &engine.DataError{Where: t.name(), Msg: "cannot be read: " + first}
}

// pick is line n (from 0) of a text, or its first.
func pick(text string, n int) string {
	lines := strings.Split(text, "\n")
	if n < len(lines) {
		return lines[n]
	}
	return lines[0]
}

// written is a file as the plan wrote it, given the path in DuckDB's message.
func (t *table) written(path string) string {
	for _, f := range t.files {
		if f.path == path || literal(f.path) == path {
			return f.path
		}
	}
	return t.name()
}
