package score

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

func sqlEntries() []*Entry {
	e := &Entry{Name: "sql_result", Aliases: []string{"execution_accuracy"}, Group: "Execution", Lo: 0, Hi: 1, Direction: Up, Binary: true,
		Meaning: "1 if the answer's query gives the rows of the gold query: columns in order, names ignored, rows in any order and as often. The query is the first fenced block of SQL, else the whole answer; it is one SELECT, WITH or VALUES, run for reading alone, within bounds. A query that fails is 0 with the database's words; a gold query that fails is an error before any model is asked",
		Value:   "the gold query, or a list of them: any may be matched", Needs: "reference",
		Oracle: "own vectors; real SQLite and DuckDB",
		Params: []Param{
			{Name: "database", Kind: Text, Filled: true, Required: true, Doc: "a file of SQLite or DuckDB, from the plan's folder; {{columns}} as for Spider's many databases"},
			{Name: "ordered", Kind: Flag, Default: false, Doc: "rows in the same order too"},
			{Name: "rel_tol", Kind: Number, Default: 1e-9, Max: 1, Doc: "of numbers: largest difference / the larger of the two"},
			{Name: "abs_tol", Kind: Number, Default: 0.0, Doc: "of numbers: largest difference; either tolerance suffices"},
			{Name: "timeout", Kind: Text, Default: "10s", Doc: "of one query"},
			{Name: "max_rows", Kind: Whole, Default: 100000, Min: 1, Max: 1e7, Doc: "a query that gives more fails"},
		}}
	e.build = func(a *args) (kernel, error) {
		k := &sqlResult{ordered: a.flag("ordered"), maxRows: a.whole("max_rows")}
		var err error
		if k.gold, err = a.references(); err != nil {
			return nil, err
		}
		if k.database, err = parseTemplate(a.text("database")); err != nil {
			return nil, keyErr("database", "", "%v", err)
		}
		if k.timeout, err = a.time("timeout", 10*time.Minute); err != nil {
			return nil, err
		}
		k.tol.rel, _ = a.number("rel_tol")
		k.tol.abs, _ = a.number("abs_tol")
		return k, nil
	}
	is := &Entry{Name: "is_sql", Group: "Structure", Lo: 0, Hi: 1, Direction: Up, Binary: true,
		Meaning: "1 if the answer, without a fence around it, is one or more statements of SQL by the grammar of a real database; tables need not be there", Oracle: "the parsers of DuckDB and SQLite",
		Params: []Param{{Name: "dialect", Kind: Text, Default: "duckdb", OneOf: []string{"duckdb", "sqlite"}, Doc: "duckdb is PostgreSQL's grammar with additions; sqlite also takes MySQL's `names`"}}}
	is.build = func(a *args) (kernel, error) { return &isSQL{dialect: a.text("dialect")}, nil }
	some := &Entry{Name: "contains_sql", Group: "Structure", Lo: 0, Hi: 1, Direction: Up, Binary: true,
		Meaning: "1 if the first fenced block of SQL, else the whole answer, is SQL as is_sql has it", Oracle: "the parsers of DuckDB and SQLite", Params: is.Params}
	some.build = func(a *args) (kernel, error) { return &isSQL{dialect: a.text("dialect"), anywhere: true}, nil }
	return []*Entry{e, is, some}
}

type isSQL struct {
	dialect  string
	anywhere bool
	world    World
}

func (k *isSQL) connect(w World) error { k.world = w; return nil }

func (k *isSQL) score(c *Case) Score {
	if k.world == nil {
		return ungraded(notConnected)
	}
	text := stripFence(c.Output)
	if k.anywhere {
		text = codeOf(c.Output, "sql", "sqlite", "duckdb", "postgresql", "postgres", "mysql")
	}
	if strings.TrimSpace(text) == "" {
		return failed("no statement")
	}
	why := k.world.Parses(k.dialect, text)
	return yes(why == "", why)
}

type sqlResult struct {
	gold     *references
	database *template
	ordered  bool
	tol      tolerance
	timeout  time.Duration
	maxRows  int
	world    World

	kept     string // the gold query of held
	held     [][]any
	keptFrom string
}

func (k *sqlResult) connect(w World) error { k.world = w; return nil }

func (k *sqlResult) query(c *Case, sql string) (Query, error) {
	database, err := k.database.fill(c)
	return Query{Database: database, SQL: sql, Timeout: k.timeout, MaxRows: k.maxRows}, err
}

// golden runs a gold query; the last one's rows are kept for the next model's answer.
func (k *sqlResult) golden(c *Case, sql string) ([][]any, error) {
	q, err := k.query(c, sql)
	if err != nil {
		return nil, err
	}
	if k.held != nil && k.kept == sql && k.keptFrom == q.Database {
		return k.held, nil
	}
	rows, err := k.rows(q)
	if err != nil {
		return nil, fmt.Errorf("the gold query fails: %w", err)
	}
	k.kept, k.keptFrom, k.held = sql, q.Database, rows
	return rows, nil
}

func (k *sqlResult) rows(q Query) ([][]any, error) {
	one, err := OneQuery(q.SQL)
	if err != nil {
		return nil, err
	}
	q.SQL = one
	return k.world.Rows(q)
}

func (k *sqlResult) check(c *Case) error {
	golds, why := k.gold.of(c)
	if why != "" {
		return errors.New(why)
	}
	for _, g := range golds {
		if _, err := k.golden(c, g); err != nil {
			return err
		}
	}
	return nil
}

func (k *sqlResult) score(c *Case) Score {
	if k.world == nil {
		return ungraded(notConnected)
	}
	golds, why := k.gold.of(c)
	if why != "" {
		return ungraded(why)
	}
	q, err := k.query(c, codeOf(c.Output, "sql", "sqlite", "duckdb", "postgresql", "postgres", "mysql"))
	if err != nil {
		return ungraded(err.Error())
	}
	got, err := k.rows(q)
	var unfit *Unfit
	switch {
	case errors.As(err, &unfit):
		return ungraded(unfit.Why)
	case err != nil:
		got = nil
	}
	said := ""
	for _, g := range golds { // the gold is run though the answer fails: a broken one leaves the case ungraded
		want, bad := k.golden(c, g)
		if bad != nil {
			return ungraded(bad.Error())
		}
		if err != nil {
			continue
		}
		if said = differ(got, want, k.ordered, k.tol); said == "" {
			return passed(fmt.Sprintf("%d rows", len(want)))
		}
	}
	if err != nil {
		return failed(short(err.Error()))
	}
	return failed(said)
}

// OneQuery is the one SELECT, WITH, VALUES or FROM that a text consists of, without its
// semicolon.
func OneQuery(s string) (string, error) {
	list, err := Statements(s)
	switch {
	case err != nil:
		return "", err
	case len(list) == 0:
		return "", errors.New("no query")
	case len(list) > 1:
		return "", errors.New("more than one statement")
	}
	_, first, _ := statement(list[0])
	switch strings.ToUpper(first) {
	case "SELECT", "WITH", "VALUES", "(", "FROM":
		return list[0], nil
	}
	return "", fmt.Errorf("a query is expected, this starts with %s", short(first))
}

// Statements cuts a text at the semicolons that stand outside quotes and comments; pieces
// of nothing but comments are left out.
func Statements(s string) (out []string, err error) {
	for s != "" {
		end, first, err := statement(s)
		if err != nil {
			return nil, err
		}
		if first != "" {
			out = append(out, s[:end])
		}
		s = s[min(end+1, len(s)):]
	}
	return out, nil
}

// statement finds the end of the first statement (its semicolon, or the end of the text)
// and its first word; quotes and comments are passed over.
func statement(s string) (end int, first string, err error) {
	for i := 0; i < len(s); {
		rest := s[i:]
		skip := 0
		switch c := s[i]; {
		case c == ';':
			return i, first, nil
		case strings.HasPrefix(rest, "--"):
			if skip = strings.IndexByte(rest, '\n'); skip < 0 {
				skip = len(rest)
			}
			i += skip
			continue
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return 0, "", errors.New("a comment is not closed")
			}
			i += n + 4
			continue
		case c == '\'' || c == '"' || c == '`':
			n := strings.IndexByte(rest[1:], c) // a doubled quote is two texts beside each other
			if n < 0 {
				return 0, "", fmt.Errorf("the quote %c is not closed", c)
			}
			skip = n + 2
		case c <= ' ':
			i++
			continue
		default:
			for skip = 1; skip < len(rest) && isASCIIWord(rest[0]) && isASCIIWord(rest[skip]); skip++ {
			}
		}
		if first == "" {
			first = rest[:skip]
		}
		i += skip
	}
	return len(s), first, nil
}

func isASCIIWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}
