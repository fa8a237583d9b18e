package scan

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// sampleRows is how many rows at the start of a CSV file decide what a column
// holds. A later row that contradicts is noticed: see column.guessed.
const sampleRows = 20_000

// table is an opened source: its files and columns, and how SQL reads them.
type table struct {
	source  string
	files   []input
	format  format
	columns []column
	delim   byte
	line    int64  // CSV: average bytes of a line
	rows    int64  // Parquet: rows of all files; -1 where only reading tells
	guessed bool   // CSV: kinds have been looked for
	sampled bool   // JSONL: later lines may hold more columns
	loaded  string // a table in memory that holds the source, for a profile
}

// column is one column of a table.
type column struct {
	cases.Column
	ident string // quoted name in the FROM clause
	at    int    // position in the header, from 1
	// text: the cells are text, whatever Kind says (CSV and JSONL, where Kind is a
	// guess from the first rows that every row must confirm).
	text bool
	// plain: text is read as it is, since two texts share a hash.
	plain bool
}

// open finds the files of a source and reads their headers. Kinds of CSV and JSONL
// columns are known after guess.
func open(ctx context.Context, db *duck.DB, source string) (*table, error) {
	files, err := find(source)
	if err != nil {
		return nil, err
	}
	t := &table{source: source, files: files, format: files[0].format, rows: -1}
	switch t.format {
	case csvFormat:
		return t, t.openCSV()
	case jsonFormat:
		return t, t.openJSON(ctx, db, sampleRows)
	default:
		return t, t.openParquet(ctx, db)
	}
}

func (t *table) openCSV() error {
	for i, f := range t.files {
		h, err := readHeader(f)
		if err != nil {
			return err
		}
		if i == 0 {
			t.delim, t.line = h.delim, h.line
			for k, name := range h.names {
				t.columns = append(t.columns, column{Column: cases.Column{Name: name, Kind: cases.Text, Type: "VARCHAR"},
					ident: "c" + strconv.Itoa(k+1), at: k + 1, text: true})
			}
			continue
		}
		same := h.delim == t.delim && len(h.names) == len(t.columns)
		for k := 0; same && k < len(h.names); k++ {
			same = h.names[k] == t.columns[k].Name
		}
		if !same {
			return &engine.DataError{Where: f.path, Msg: "its header differs from that of " + t.files[0].path,
				Hint: "all files of one source need the same columns in the same order"}
		}
	}
	return nil
}

// openJSON takes the columns from the first lines, or from all with sample −1.
func (t *table) openJSON(ctx context.Context, db *duck.DB, sample int) error {
	t.sampled = sample >= 0
	return t.describe(ctx, db, fmt.Sprintf("read_json(%s, format = 'newline_delimited', records = true, union_by_name = true, sample_size = %d)", t.list(), sample), true)
}

func (t *table) openParquet(ctx context.Context, db *duck.DB) error {
	if err := t.describe(ctx, db, fmt.Sprintf("read_parquet(%s)", t.list()), false); err != nil {
		return err
	}
	r, err := db.Query(ctx, fmt.Sprintf("SELECT CAST(sum(num_rows) AS BIGINT) FROM parquet_file_metadata(%s)", t.list()))
	if err != nil {
		return t.explain(err)
	}
	for r.Next() {
		t.rows = r.Ints(0)[0]
	}
	return t.explain(r.Close())
}

// describe asks DuckDB for the columns of a FROM clause.
func (t *table) describe(ctx context.Context, db *duck.DB, from string, text bool) error {
	r, err := db.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+from+")")
	if err != nil {
		return t.explain(err)
	}
	t.columns = nil
	for r.Next() {
		names, types := r.Strings(0), r.Strings(1)
		for i := 0; i < r.Len(); i++ {
			name, typ := string(names.At(i)), string(types.At(i))
			t.columns = append(t.columns, column{Column: cases.Column{Name: name, Kind: duck.KindOf(typ), Type: typ},
				ident: duck.Quote(name), at: len(t.columns) + 1, text: text})
		}
	}
	return t.explain(r.Close())
}

// list is the files as an SQL list of names that mean themselves.
func (t *table) list() string {
	names := make([]string, len(t.files))
	for i, f := range t.files {
		names[i] = duck.Text(literal(f.path))
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// literal writes a path so that DuckDB, which would expand *, ? and [ itself,
// takes it as it is.
func literal(path string) string {
	return strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]").Replace(filepath.ToSlash(path))
}

// fileColumn is the column that from adds when the file of a row is asked for.
const fileColumn = "fairtrial file"

// from is the FROM clause that reads the named columns (CSV and Parquet: all).
func (t *table) from(use []*column, withFile bool) string {
	if t.loaded != "" && !withFile {
		return t.loaded
	}
	file := ""
	if withFile {
		file = ", filename = " + duck.Text(fileColumn)
	}
	var fields []string
	switch t.format {
	case parquetFormat:
		return fmt.Sprintf("read_parquet(%s%s)", t.list(), file)
	case csvFormat:
		for i := range t.columns {
			fields = append(fields, "'"+t.columns[i].ident+"': 'VARCHAR'")
		}
		return fmt.Sprintf(`read_csv(%s, auto_detect = false, header = true, delim = %s, quote = '"', escape = '"', columns = {%s}%s)`,
			t.list(), duck.Text(string(t.delim)), strings.Join(fields, ", "), file)
	default:
		seen := map[string]bool{}
		for _, c := range use {
			if !seen[c.ident] {
				seen[c.ident] = true
				fields = append(fields, duck.Text(c.Name)+": 'VARCHAR'")
			}
		}
		if len(fields) == 0 { // a row is a row, whatever it holds
			fields = []string{duck.Text(t.columns[0].Name) + ": 'VARCHAR'"}
		}
		return fmt.Sprintf("read_json(%s, format = 'newline_delimited', records = true, columns = {%s}%s)", t.list(), strings.Join(fields, ", "), file)
	}
}

// column finds a column by its header. A header that stands twice cannot be used.
func (t *table) column(name, role string) (*column, error) {
	var found *column
	for i := range t.columns {
		c := &t.columns[i]
		if c.Name != name {
			continue
		}
		if found != nil {
			return nil, &engine.DataError{Where: t.name(), Msg: fmt.Sprintf("column %s stands twice in the header, as columns %d and %d", name, found.at, c.at),
				Hint: "rename one of them: which one is the " + role + "?"}
		}
		found = c
	}
	if found == nil {
		names := make([]string, 0, 12)
		for i := range t.columns {
			if i == 12 {
				names = append(names, "…")
				break
			}
			names = append(names, t.columns[i].Name)
		}
		return nil, &engine.DataError{Where: t.name(), Msg: fmt.Sprintf("has no column %s (%s)", name, role), Hint: "its columns are " + strings.Join(names, ", ")}
	}
	return found, nil
}

// name is how messages call the table: its only file, or its glob.
func (t *table) name() string {
	if len(t.files) == 1 {
		return t.files[0].path
	}
	return t.source
}

// estimate is the number of rows as far as it is known before reading: exact for
// Parquet, from the size of the files and of their first lines for CSV, and from a
// guess of 100 bytes a line for JSONL.
func (t *table) estimate() int64 {
	if t.rows >= 0 {
		return t.rows
	}
	line := t.line
	if line <= 0 {
		line = 100
	}
	var n int64
	for _, f := range t.files {
		b := f.bytes
		if f.gzip {
			b *= 5
		}
		n += b/line + 1
	}
	return n
}

// guess decides, once, what the columns of a CSV file hold: numbers, booleans or
// times if all of the first rows do, else text. Numbers with leading zeros are
// text, since they are codes. JSONL kinds come from JSON's own types.
func (t *table) guess(ctx context.Context, db *duck.DB) error {
	if t.format != csvFormat || t.guessed {
		return nil
	}
	t.guessed = true
	use := t.all()
	var sums []string
	for _, c := range use {
		x := c.ident
		sums = append(sums, "count("+x+")", "count(TRY_CAST("+x+" AS DOUBLE))",
			"count(*) FILTER (lower("+x+") IN ('true', 'false'))", "count(TRY_CAST("+x+" AS TIMESTAMP))",
			"count(*) FILTER (regexp_matches("+x+", '^[+-]?0[0-9]'))", "count(*) FILTER (regexp_matches("+x+", '^[+-]?[0-9]+$'))")
	}
	r, err := db.Query(ctx, fmt.Sprintf("SELECT %s FROM (SELECT * FROM %s LIMIT %d)", strings.Join(sums, ", "), t.from(use, false), sampleRows))
	if err != nil {
		return t.explain(err)
	}
	for r.Next() {
		for k, c := range use {
			n := func(i int) int64 { return r.Ints(6*k + i)[0] }
			switch all := n(0); {
			case all == 0:
			case n(1) == all && n(4) == 0:
				c.Kind, c.Type = cases.Number, "DOUBLE"
				if n(5) == all {
					c.Type = "BIGINT"
				}
			case n(2) == all:
				c.Kind, c.Type = cases.Bool, "BOOLEAN"
			case n(3) == all:
				c.Kind, c.Type = cases.Time, "TIMESTAMP"
			}
		}
	}
	return t.explain(r.Close())
}

func names(columns []column) []cases.Column {
	out := make([]cases.Column, len(columns))
	for i, c := range columns {
		out[i] = c.Column
	}
	return slices.Clip(out)
}
