package scan

import (
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// number is a column as DOUBLE; cells that are no number are null there and true
// in notNumber ("" where that cannot happen).
func (t *table) number(c *column, role string) (sql, notNumber string, err error) {
	switch {
	case c.text, c.Kind == cases.Text:
		x := c.ident
		if !c.text && c.Type != "VARCHAR" {
			x = "CAST(" + x + " AS VARCHAR)"
		}
		cast := "TRY_CAST(" + x + " AS DOUBLE)"
		if c.text && c.Kind == cases.Bool { // true and false as a label or score are 1 and 0
			cast = "coalesce(" + cast + ", CAST(TRY_CAST(" + x + " AS BOOLEAN) AS DOUBLE))"
		}
		return cast, "(" + x + " IS NOT NULL AND " + cast + " IS NULL)", nil
	case c.Kind == cases.Number, c.Kind == cases.Bool:
		return "CAST(" + c.ident + " AS DOUBLE)", "", nil
	}
	return "", "", &engine.DataError{Where: t.name() + ", column " + c.Name, Msg: fmt.Sprintf("holds %s, but the %s must be a number", strings.ToLower(c.Type), role)}
}

// doubles is a list column as DOUBLE[].
func (t *table) doubles(c *column, role string) (string, error) {
	switch {
	case c.text:
		return "TRY_CAST(" + c.ident + " AS DOUBLE[])", nil
	case strings.HasSuffix(c.Type, "]") && !strings.HasSuffix(c.Type, "]]") && duck.KindOf(c.Type[:strings.LastIndexByte(c.Type, '[')]) == cases.Number:
		return "CAST(" + c.ident + " AS DOUBLE[])", nil
	}
	return "", &engine.DataError{Where: t.name() + ", column " + c.Name, Msg: fmt.Sprintf("holds %s, but the %s must be a list of numbers", strings.ToLower(c.Type), role)}
}

// typed is a column in the kind that it was guessed to have, as predicates and
// bins compare it; contradiction is true where a cell is of another kind ("" where
// that cannot happen).
func (c *column) typed() (sql, contradiction string) {
	if !c.text {
		if c.Kind == cases.Text && c.Type != "VARCHAR" {
			return "CAST(" + c.ident + " AS VARCHAR)", ""
		}
		if c.Kind == cases.Time {
			return "CAST(" + c.ident + " AS TIMESTAMP)", ""
		}
		return c.ident, ""
	}
	typ := map[cases.Kind]string{cases.Number: "DOUBLE", cases.Bool: "BOOLEAN", cases.Time: "TIMESTAMP"}[c.Kind]
	if typ == "" {
		return c.ident, ""
	}
	cast := "TRY_CAST(" + c.ident + " AS " + typ + ")"
	return cast, "(" + c.ident + " IS NOT NULL AND " + cast + " IS NULL)"
}

// canonical is a column as the text by which ids and clusters are known: cells of
// text as they are, whole numbers without a fraction.
func (c *column) canonical() string {
	switch {
	case c.text, c.Type == "VARCHAR":
		return c.ident
	case c.Type == "DOUBLE", c.Type == "FLOAT":
		x := "CAST(" + c.ident + " AS DOUBLE)"
		return fmt.Sprintf("CASE WHEN %[1]s = trunc(%[1]s) AND abs(%[1]s) < 1e15 THEN CAST(CAST(%[1]s AS BIGINT) AS VARCHAR) ELSE CAST(%[1]s AS VARCHAR) END", x)
	}
	return "CAST(" + c.ident + " AS VARCHAR)"
}

// keyForm says what the 64-bit key of a cell is.
type keyForm int

const (
	doubleKey keyForm = iota // bits of a DOUBLE
	intKey                   // BIGINT
	boolKey                  // 0, 1
	timeKey                  // microseconds since 1970
	hashKey                  // DuckDB's hash of the text; never stored, names are asked for and checked
	textKey                  // the text itself
)

// key is a column as something with few distinct values: label, predicted class or
// slice. Text in Parquet comes as its hash, which DuckDB takes once for each entry of a
// dictionary; text in CSV and JSONL comes as it is, because it is text anyway.
func (t *table) key(c *column, role string) (sql string, form keyForm, err error) {
	x, _ := c.typed()
	switch c.Kind {
	case cases.Number:
		if c.text {
			return x, doubleKey, nil
		}
		switch c.Type {
		case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER":
			return "CAST(" + x + " AS BIGINT)", intKey, nil
		case "UBIGINT", "HUGEINT", "UHUGEINT":
			if x = "CAST(" + x + " AS VARCHAR)"; c.plain {
				return x, textKey, nil
			}
			return "hash(" + x + ")", hashKey, nil
		}
		return "CAST(" + x + " AS DOUBLE)", doubleKey, nil
	case cases.Bool:
		return "CAST(" + x + " AS BIGINT)", boolKey, nil
	case cases.Time:
		return "epoch_us(" + x + ")", timeKey, nil
	case cases.Text:
		if c.text || c.plain {
			return x, textKey, nil
		}
		return "hash(" + x + ")", hashKey, nil
	}
	return "", 0, &engine.DataError{Where: t.name() + ", column " + c.Name, Msg: fmt.Sprintf("holds %s, which cannot be a %s", strings.ToLower(c.Type), role)}
}

// sliceKind is the kind of a column as predicates know it.
func sliceKind(k cases.Kind) slice.Kind {
	switch k {
	case cases.Number:
		return slice.Number
	case cases.Text:
		return slice.Text
	case cases.Bool:
		return slice.Bool
	case cases.Time:
		return slice.Time
	}
	return 0
}
