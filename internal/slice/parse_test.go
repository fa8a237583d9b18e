package slice

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func mustParse(t testing.TB, src string) Predicate {
	t.Helper()
	p, err := ParseWhere(src)
	if err != nil {
		t.Fatalf("ParseWhere(%q): %v", src, err)
	}
	return p
}

func TestParseWhereCanonicalForm(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"channel = 'web'", "channel = 'web'"},
		{"history_months<12", "history_months < 12"},
		{"a != 1", "a <> 1"},
		{"a <> 1 and b<=2 Or c>=3", "a <> 1 AND b <= 2 OR c >= 3"},
		{"a = 1 AND (b = 2 OR c = 3)", "a = 1 AND (b = 2 OR c = 3)"},
		{"(a = 1 AND b = 2) OR c = 3", "a = 1 AND b = 2 OR c = 3"},
		{"a = 1 AND (b = 2 AND (c = 3))", "a = 1 AND b = 2 AND c = 3"},
		{"not a = 1 and b = 2", "NOT a = 1 AND b = 2"},
		{"not (a = 1 and b = 2)", "NOT (a = 1 AND b = 2)"},
		{"NOT NOT (a = 1)", "NOT NOT a = 1"},
		{"NOT (a IN (1))", "NOT a IN (1)"},
		{"age between 18 and 25 and x = 1", "age BETWEEN 18 AND 25 AND x = 1"},
		{"age not between low and high", "age NOT BETWEEN low AND high"},
		{"region in ('DE','FR' , 'it''s')", "region IN ('DE', 'FR', 'it''s')"},
		{"region NOT IN ('DE')", "region NOT IN ('DE')"},
		{"name like 'a%_b'", "name LIKE 'a%_b'"},
		{"name not like ''", "name NOT LIKE ''"},
		{"x is null or y Is Not Null", "x IS NULL OR y IS NOT NULL"},
		{"größe > 1 AND 年齢 < 2", "größe > 1 AND 年齢 < 2"},
		{`"Age band" = 'x' AND "say ""hi""" = 'y' AND "plain" = 'z'`, `"Age band" = 'x' AND "say ""hi""" = 'y' AND plain = 'z'`},
		{`"select" = 1 AND "in" = 2 AND "1a" = 3`, `"select" = 1 AND "in" = 2 AND "1a" = 3`},
		{"a = -5 AND b = - 0.5 AND c = 1e3 AND d = 1.50 AND e = .5 AND f = 2E-7 AND g = 5. AND h = -0", "a = -5 AND b = -0.5 AND c = 1000 AND d = 1.5 AND e = 0.5 AND f = 2e-07 AND g = 5 AND h = 0"},
		{"a = 9007199254740993.5", "a = 9.007199254740994e+15"},
		{"a = true AND b <> False", "a = TRUE AND b <> FALSE"},
		{"5 < age", "5 < age"},
		{"a < b", "a < b"},
		{"\n a\t=\r\n'x\ny' ", "a = 'x\ny'"},
		{"x = 'a -- b /* c'", "x = 'a -- b /* c'"},
	} {
		p := mustParse(t, c.src)
		if got := p.String(); got != c.want {
			t.Errorf("ParseWhere(%q).String() = %q, want %q", c.src, got, c.want)
		}
		if again := mustParse(t, c.want).String(); again != c.want {
			t.Errorf("canonical %q reads back as %q", c.want, again)
		}
	}
}

func TestColumnsInOrderOfFirstUse(t *testing.T) {
	p := mustParse(t, `b = 1 AND (a BETWEEN lo AND hi OR NOT b IN (2)) AND "c d" IS NULL AND a LIKE 'x'`)
	want := []string{"b", "a", "lo", "hi", "c d"}
	if got := p.Columns(); !reflect.DeepEqual(got, want) {
		t.Errorf("Columns() = %q, want %q", got, want)
	}
	if got := (Predicate{}).Columns(); got != nil {
		t.Errorf("Columns of the absent filter = %q, want none", got)
	}
}

func TestParseWhereRefuses(t *testing.T) {
	for _, c := range []struct {
		src    string
		column int
		msg    string // whole message
		hint   string // part of the hint; "" means that there is none
	}{
		{"", 1, "the condition is empty", "region = 'DE'"},
		{"  ", 1, "the condition is empty", "region = 'DE'"},
		{"age + 1 > 5", 5, "found +: arithmetic is not allowed", "put the computed value"},
		{"age > 5 * 2", 9, "found *: arithmetic is not allowed", "put the computed value"},
		{"a > b - 1", 7, "found -: arithmetic is not allowed", "double quotes"},
		{"age-band = 'x'", 4, "found -: arithmetic is not allowed", `"age-band"`},
		{"a > -b", 5, "found -: arithmetic is not allowed", "double quotes"},
		{"a || b = 'x'", 3, "found ||: arithmetic is not allowed", "put the computed value"},
		{"lower(name) = 'x'", 1, "found lower(: functions are not allowed", "put the computed value"},
		{"name = UPPER ('x')", 8, "found UPPER(: functions are not allowed", "put the computed value"},
		{"CAST(a AS INT) = 1", 1, "found CAST(: functions are not allowed", "put the computed value"},
		{"a IN (SELECT b FROM t)", 7, "found SELECT: sub-queries are not allowed", `"select"`},
		{"a = (SELECT 1)", 6, "found SELECT: sub-queries are not allowed", ""},
		{"(SELECT 1) = a", 2, "found SELECT: sub-queries are not allowed", `"select"`},
		{"NOT EXISTS (SELECT 1)", 5, "found EXISTS: sub-queries are not allowed", ""},
		{"a = ANY (SELECT 1)", 5, "found ANY: sub-queries are not allowed", ""},
		{"CASE WHEN a = 1 THEN 1 END = 1", 1, "found CASE: CASE is not allowed", `"case"`},
		{"a = NULL", 5, "found NULL: NULL is allowed only in IS NULL and IS NOT NULL", "write column IS NULL"},
		{"a IN (1, NULL)", 10, "found NULL: NULL is allowed only in IS NULL and IS NOT NULL", "write column IS NULL"},
		{"a IS TRUE", 6, "found TRUE; expected NULL", "compared with = and <>"},
		{"a IS NOT DISTINCT FROM b", 10, "found DISTINCT: IS DISTINCT FROM is not allowed", "a IS NULL"},
		{"5 IS NULL", 1, "found the value 5 before IS NULL; a column is needed there", "bare"},
		{"'x' IN ('x')", 1, "found the value 'x' before IN; a column is needed there", "bare"},
		{"'x' LIKE 'x'", 1, "found the value 'x' before LIKE; a column is needed there", "bare"},
		{"a ILIKE 'x'", 3, "found ILIKE: not an operator here", "LIKE"},
		{"a LIKE 'x' ESCAPE '!'", 12, "found ESCAPE: LIKE has no escape character", ""},
		{"a LIKE b", 8, "found b; expected a pattern after LIKE", "single quotes"},
		{"a COLLATE nocase = 'x'", 3, "found COLLATE: collations are not allowed", "byte by byte"},
		{"a = 1 XOR b = 2", 7, "found XOR: not an operator here", "NOT (a AND b)"},
		{"a == 1", 3, "found ==: not an operator", "written ="},
		{"a ≤ 1", 3, "found ≤: not an operator", "<="},
		{"a ~ 'x'", 3, "found ~: not an operator", "LIKE"},
		{"a::int = 1", 2, "found ::: casts are not allowed", "own kind"},
		{"t.a = 1", 2, "found .: qualified names are not allowed", `"a.b"`},
		{"a = 1; DROP TABLE t", 6, "found ;: only one condition is allowed", ""},
		{"a = ?", 5, "found ?: parameters are not allowed", "value itself"},
		{"a = $1", 5, "found $: parameters are not allowed", "value itself"},
		{"`a` = 1", 1, "found `: not a quote here", "double quotes"},
		{"a = ‘x’", 5, "found ‘: not a quote here", "straight quotes"},
		{"a = 1 -- x", 7, "found --: comments are not allowed", ""},
		{"a = /* x */ 1", 5, "found /*: comments are not allowed", ""},
		{"d >= DATE '2024-01-31'", 6, "found DATE before '2024-01-31': typed literals are not allowed", "alone"},
		{"a < b < c", 7, "found a second comparison, <, in one test", "BETWEEN"},
		{"a = 'x", 5, "the quote ' is never closed", "doubled"},
		{`"a = 1`, 1, `the quote " is never closed`, "doubled"},
		{`"" = 1`, 1, "the column name is empty", "single quotes"},
		{"a = 18yo", 5, "18yo is not a number", "single quotes"},
		{"a = 1.2.3", 5, "1.2.3 is not a number", "single quotes"},
		{"a = 0x1F", 5, "0x1F is not a number", "single quotes"},
		{"a = 1_000", 5, "1_000 is not a number", "single quotes"},
		{"a = 1e400", 5, "1e400 is too large for a number", ""},
		{"a = -9007199254740993", 5, "-9007199254740993 has too many digits to be compared exactly", "as text"},
		{"a IN (b)", 7, "found the column b in the list of IN; only values are allowed there", "'b'"},
		{"a IN ()", 7, "found ); expected a value in the list of IN", ""},
		{"a IN (1,)", 9, "found ); expected a value in the list of IN", ""},
		{"a IN (1 2)", 9, "found 2; expected , or ) in the list of IN", ""},
		{"a IN 'x'", 6, "found 'x'; expected ( after IN", "parentheses"},
		{"a BETWEEN 1, 2", 12, "found ,; expected AND and the upper end of BETWEEN", ""},
		{"a BETWEEN 1 AND", 16, "found the end; expected a column or a value for the upper end of BETWEEN", ""},
		{"active", 7, "found the end; expected =, <>, <, <=, >, >=, BETWEEN, IN, LIKE or IS", "active = TRUE"},
		{"NOT active AND a = 1", 12, "found AND; expected =, <>, <, <=, >, >=, BETWEEN, IN, LIKE or IS", "active = TRUE"},
		{"a 'x'", 1, "found a before 'x': typed literals are not allowed", "alone"},
		{"a NOT = 1", 7, "found =; expected BETWEEN, IN or LIKE after NOT", ""},
		{"a NOT 1", 7, "found 1; expected BETWEEN, IN or LIKE after NOT", ""},
		{"a = 1 b = 2", 7, "found b; expected AND, OR or the end", ""},
		{"a = 1)", 6, "found ); expected AND, OR or the end", ""},
		{"(a = 1", 7, "found the end; expected AND, OR or )", ""},
		{"a = 1 AND", 10, "found the end; expected a column or a value", ""},
		{"AND a = 1", 1, "found AND; expected a column or a value", ""},
		{"a = ", 5, "found the end; expected a column or a value after =", ""},
		{"größe = 'Ä' AND + 1", 17, "found +: arithmetic is not allowed", "put the computed value"},
		{"a = \x00", 5, "found a byte that is not text", "UTF-8"},
		{"a = '\xff'", 6, "found a byte that is not text", "UTF-8"},
		{strings.Repeat("(", 201) + "a = 1", 201, "parentheses and NOT are nested more than 200 deep", ""},
		{strings.Repeat("NOT ", 100_000/4) + "a = 1", 801, "parentheses and NOT are nested more than 200 deep", ""},
		{strings.Repeat(" ", maxBytes) + "a", 1, "the condition has 262145 bytes; at most 262144 are allowed", ""},
	} {
		_, err := ParseWhere(c.src)
		var got *SyntaxError
		if !errors.As(err, &got) {
			t.Errorf("ParseWhere(%.60q) = %v, want a *SyntaxError", c.src, err)
			continue
		}
		if got.Msg != c.msg || got.Column != c.column {
			t.Errorf("ParseWhere(%.60q): column %d: %q\nwant column %d: %q", c.src, got.Column, got.Msg, c.column, c.msg)
		}
		if c.hint == "" && got.Hint != "" || !strings.Contains(got.Hint, c.hint) {
			t.Errorf("ParseWhere(%.60q): hint %q, want %q in it", c.src, got.Hint, c.hint)
		}
		if want := len(string([]rune(c.src)[:c.column-1])); got.Offset != want && !strings.Contains(c.src, "\xff") {
			t.Errorf("ParseWhere(%.60q): offset %d, want %d", c.src, got.Offset, want)
		}
	}
}

func TestSyntaxErrorText(t *testing.T) {
	_, err := ParseWhere("größe = NULL")
	want := "parse where: column 9: found NULL: NULL is allowed only in IS NULL and IS NOT NULL; nothing equals NULL; write column IS NULL"
	if err == nil || err.Error() != want {
		t.Errorf("error = %v\nwant    %s", err, want)
	}
}

func TestDepthOfTwoHundredIsAllowed(t *testing.T) {
	src := strings.Repeat("(", 100) + strings.Repeat("NOT ", 100) + "a = 1" + strings.Repeat(")", 100)
	if got, want := mustParse(t, src).String(), strings.Repeat("NOT ", 100)+"a = 1"; got != want {
		t.Errorf("String() = %.40q…, want %.40q…", got, want)
	}
	long := strings.TrimSuffix(strings.Repeat("a = 1 OR ", 20_000), " OR ")
	if got := mustParse(t, long).String(); got != long {
		t.Error("a long chain of OR is not flat")
	}
}

func FuzzParseWhere(f *testing.F) {
	for _, seed := range []string{
		"channel = 'web'", "a <> -1.5e3 AND NOT (b IN ('x', 'y''z') OR c IS NOT NULL)",
		`"q""uote" NOT LIKE '%_' OR größe BETWEEN lo AND 1e21`, "a = 123456789012345670000.0",
		"x = 'unclosed", "((((a = TRUE))))", "a IN (SELECT 1)", "a = 1e-400", "5 >= b AND 'x' < 'y'", "a.b::c = --",
	} {
		f.Add(seed)
	}
	row := func(column string) Value { return TextValue(column) }
	f.Fuzz(func(t *testing.T, src string) {
		p, err := ParseWhere(src)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(src) || syntax.Column < 1 || syntax.Msg == "" {
				t.Fatalf("ParseWhere(%q) = %#v", src, err)
			}
			return
		}
		canonical := p.String()
		again, err := ParseWhere(canonical)
		if err != nil {
			t.Fatalf("canonical form %q of %q: %v", canonical, src, err)
		}
		if got := again.String(); got != canonical {
			t.Fatalf("canonical form %q reads back as %q", canonical, got)
		}
		if p.Eval(row) != again.Eval(row) {
			t.Fatalf("%q and %q differ in value", src, canonical)
		}
		sql, args := p.SQL(nil)
		sql2, args2 := again.SQL(nil)
		if sql != sql2 || !reflect.DeepEqual(args, args2) {
			t.Fatalf("%q gives %s %v, its canonical form %s %v", src, sql, args, sql2, args2)
		}
	})
}
