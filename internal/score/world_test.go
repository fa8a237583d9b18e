package score

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestCodeOf(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"x = 1", "x = 1"},
		{"a\n```python\nx = 1\n```\nb", "x = 1\n"},
		{"```\nx = 1\n```", "x = 1\n"},
		{"```bash\npip\n```\n```py\nx = 1\n```\n```python\ny\n```", "x = 1\n"},
		{"```python\nx = '''\n```text\n'''\n", "x = '''\n```text\n'''\n"}, // not closed: to the end
		{"~~~ Python\nx = '```'\n```\n~~~", "x = '```'\n```\n"},
		{"````python\n```\nx\n```\n````", "```\nx\n```\n"},
		{"  ```python title=\"a\"\nx\n  ```", "x\n"},
		{"```python\n```\nx", "```python\n```\nx"},
		{"`x` and ```y```", "`x` and ```y```"},
	} {
		if got := codeOf(c.in, "python", "py"); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestOneQuery(t *testing.T) {
	for _, c := range []struct{ in, want, err string }{
		{"SELECT 1", "SELECT 1", ""},
		{"select ';' ; -- done;\n ", "select ';' ", ""},
		{"/* ; */ WITH a AS (SELECT 1) SELECT * FROM a;;", "/* ; */ WITH a AS (SELECT 1) SELECT * FROM a", ""},
		{"(SELECT 1)", "(SELECT 1)", ""},
		{"SELECT 'it''s'; DROP TABLE t", "", "more than one statement"},
		{"SELECT \"a;b\", `c;d`", "SELECT \"a;b\", `c;d`", ""},
		{"DROP TABLE t", "", "this starts with DROP"},
		{"EXPLAIN SELECT 1", "", "this starts with EXPLAIN"},
		{"SELECT 'a", "", "the quote ' is not closed"},
		{"/* a", "", "a comment is not closed"},
		{"-- a", "", "no query"},
		{"", "", "no query"},
		{"selected", "", "this starts with selected"},
	} {
		got, err := OneQuery(c.in)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: %q, %v", c.in, got, err)
		}
	}
}

func TestDiffer(t *testing.T) {
	row := func(v ...any) []any { return v }
	rows := func(r ...[]any) [][]any { return r }
	tol := tolerance{rel: 1e-9}
	for _, c := range []struct {
		a, b    [][]any
		ordered bool
		want    string
	}{
		{nil, nil, false, ""},
		{rows(row(int64(1))), nil, false, "1 rows, 0 are right"},
		{rows(row(int64(1), "a"), row(int64(2), "b")), rows(row(int64(2), "b"), row(int64(1), "a")), false, ""},
		{rows(row(int64(1), "a"), row(int64(2), "b")), rows(row(int64(2), "b"), row(int64(1), "a")), true, `row 1 is (1, "a"), (2, "b") is right`},
		{rows(row(int64(1)), row(int64(1)), row(int64(2))), rows(row(int64(1)), row(int64(2)), row(int64(2))), false, "is not as often right"},
		{rows(row(0.1 + 0.2)), rows(row(0.3)), false, ""},
		{rows(row(int64(1))), rows(row(1.0)), false, ""},
		{rows(row("1")), rows(row(int64(1))), false, `("1") is not as often right`},
		{rows(row(nil)), rows(row("")), false, "(NULL)"},
		{rows(row(nil)), rows(row(nil)), false, ""},
		{rows(row(math.NaN())), rows(row(math.NaN())), false, ""},
		{rows(row(math.Inf(1))), rows(row(1.0)), false, "is not as often"},
		{rows(row(int64(1 << 60))), rows(row(int64(1<<60 + 1))), false, "is not as often"},
		{rows(row(int64(1), int64(2))), rows(row(int64(1))), false, "2 columns, 1 are right"},
		// a hair apart, and in another order by the second column
		{rows(row(0.3, int64(1)), row(0.1+0.2, int64(0))), rows(row(0.3, int64(0)), row(0.1+0.2, int64(1))), false, ""},
	} {
		if got := differ(c.a, c.b, c.ordered, tol); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%v against %v: %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

// here is a World that answers what the test says.
type here struct {
	ran   Ran
	rows  map[string][][]any
	asked []string
}

func (h *here) Ready(p Program) error {
	if p.Interpreter == "none" {
		return errors.New("no such interpreter")
	}
	return nil
}
func (h *here) Run(p Program) Ran { h.asked = append(h.asked, p.Code+"|"+p.Tests); return h.ran }
func (h *here) Rows(q Query) ([][]any, error) {
	h.asked = append(h.asked, q.Database+": "+q.SQL)
	r, ok := h.rows[q.SQL]
	if !ok {
		return nil, fmt.Errorf("no such table")
	}
	return r, nil
}
func (h *here) Parses(_, sql string) string { return "" }

func TestExecution(t *testing.T) {
	code := scorer(t, `{"type":"code_tests","tests":"{{t}}","setup":"{{p}}"}`)
	c := Case{Output: "```python\ny\n```", Vars: map[string]any{"t": []any{"a", "b"}, "p": "x"}}
	if r := code.Score(&c); r.Graded || r.Reason != notConnected {
		t.Errorf("without a world: %+v", r)
	}
	h := &here{ran: Ran{Passed: true}}
	if err := code.Connect(h); err != nil {
		t.Fatal(err)
	}
	if r := code.Score(&c); r.Value != 1 || h.asked[0] != "x\ny\n|a\nb" {
		t.Errorf("%+v, %q", r, h.asked)
	}
	h.ran = Ran{Evidence: "no"}
	if r := code.Score(&c); !r.Graded || r.Value != 0 || r.Evidence != "no" {
		t.Errorf("%+v", r)
	}
	h.ran = Ran{Broken: "sandbox"}
	if r := code.Score(&c); r.Graded || r.Reason != "sandbox" {
		t.Errorf("%+v", r)
	}
	c.Vars["t"] = " "
	if r := code.Score(&c); r.Graded || code.Check(&c) == nil {
		t.Errorf("%+v", r)
	}
	if err := scorer(t, `{"type":"pass@k","scorer":{"type":"code_tests","tests":"a","interpreter":"none"}}`).Connect(h); err == nil {
		t.Error("an inner scorer is not connected")
	}

	h = &here{rows: map[string][][]any{"SELECT 1": {{int64(1)}}, "SELECT 2": {{int64(2)}}}}
	q := scorer(t, `{"type":"sql_result","database":"{{db}}.sqlite","value":["{{gold}}","SELECT 2"]}`)
	if err := q.Connect(h); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		out, gold string
		want      any
	}{{"SELECT 1;", "SELECT 1", 1.0}, {"SELECT 2", "SELECT 1", 1.0}, {"SELECT 3", "SELECT 1", 0.0}, {"SELECT 1", "SELECT 9", "the gold query fails: no such table"}, {"SELECT 1; SELECT 2", "SELECT 1", 0.0}} {
		c := Case{Output: x.out, Vars: map[string]any{"db": "d", "gold": x.gold}}
		r := q.Score(&c)
		if w, ok := x.want.(string); ok && (r.Graded || r.Reason != w) || !ok && (!r.Graded || r.Value != x.want) {
			t.Errorf("%q against %q: %+v", x.out, x.gold, r)
		}
	}
	if h.asked[0] != "d.sqlite: SELECT 1" {
		t.Errorf("%q", h.asked)
	}
	for _, bad := range []string{`{"type":"code_tests"}`, `{"type":"code_tests","tests":"a","memory":"-1"}`, `{"type":"code_tests","tests":"a","memory":"99999G"}`, `{"type":"code_tests","tests":"a","timeout":"1h"}`, `{"type":"sql_result","value":"SELECT 1"}`, `{"type":"code_tests","tests":"{{a|b}}"}`} {
		if _, err := Parse(parsed(t, bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func parsed(t *testing.T, s string) map[string]any {
	t.Helper()
	v, err := parseJSON(s)
	if err != nil {
		t.Fatal(err)
	}
	return v.(map[string]any)
}

// FuzzStatements: cutting loses nothing but semicolons and comments, and what is one query
// is cut into itself.
func FuzzStatements(f *testing.F) {
	for _, s := range []string{"SELECT 1", "SELECT ';'; -- a", "/*;*/ a", "`", "a;b;;c", "'a''b'", "/*/", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := Statements(s)
		if err != nil {
			return
		}
		for _, x := range list {
			if again, err := Statements(x); err != nil || len(again) != 1 || again[0] != x {
				t.Fatalf("%q of %q is cut into %q (%v)", x, s, again, err)
			}
		}
	})
}

// FuzzCodeOf: what comes out stands in the answer.
func FuzzCodeOf(f *testing.F) {
	for _, s := range []string{"```\na\n```", "~~~python\na", "```py\n```", "x", "````\n```\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if out := codeOf(s, "python"); !strings.Contains(s, out) {
			t.Fatalf("%q gives %q", s, out)
		}
	})
}
