package slice

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func testTypes(column string) (Kind, bool) {
	kinds := map[string]Kind{
		"age": Number, "score": Number, "region": Text, "city": Text, "Age band": Text,
		"active": Bool, "applied": Time, "closed": Time, "tags": 0,
	}
	kind, ok := kinds[column]
	return kind, ok
}

func TestCheckRefuses(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"agee > 5", `column 1: the data has no column agee; if a text value was meant, write 'agee'`},
		{`region = "DE"`, `column 10: the data has no column DE; if a text value was meant, write 'DE'`},
		{"region = DE", `column 10: the data has no column DE; if a text value was meant, write 'DE'`},
		{"age = '25'", `column 7: column age holds numbers, but '25' is text; write 25`},
		{"age = 'old'", `column 7: column age holds numbers, but 'old' is text; write a number without quotes`},
		{"age = 'NaN'", `column 7: column age holds numbers, but 'NaN' is text; write a number without quotes`},
		{"age = TRUE", `column 7: column age holds numbers, but TRUE is a boolean; write 1`},
		{"12345 = region", `column 1: column region holds text, but 12345 is a number; write '12345'`},
		{"region = TRUE", `column 10: column region holds text, but TRUE is a boolean; write 'true'`},
		{`"Age band" IN ('18-25', 30)`, `column 25: column "Age band" holds text, but 30 is a number; write '30'`},
		{"active = 1", `column 10: column active holds booleans, but 1 is a number; write TRUE`},
		{"active = 'False'", `column 10: column active holds booleans, but 'False' is text; write FALSE`},
		{"active = 'maybe'", `column 10: column active holds booleans, but 'maybe' is text; write TRUE or FALSE`},
		{"applied > 2024", `column 11: column applied holds times, but 2024 is a number; write '2024-01-31' or '2024-01-31 08:30:00'`},
		{"applied > '31.01.2024'", `column 11: column applied holds times, and '31.01.2024' is not a time; write '2024-01-31' or '2024-01-31 08:30:00'`},
		{"applied > '2024-02-30'", `column 11: column applied holds times, and '2024-02-30' is not a time; write '2024-01-31' or '2024-01-31 08:30:00'`},
		{"applied > '2024-02-20 10:00:00.1234567'", `column 11: column applied holds times, and '2024-02-20 10:00:00.1234567' is not a time; write '2024-01-31' or '2024-01-31 08:30:00'`},
		{"age BETWEEN 18 AND 'x'", `column 20: column age holds numbers, but 'x' is text; write a number without quotes`},
		{"5 BETWEEN age AND region", `column 19: column region holds text and column age holds numbers; compare columns of one kind`},
		{"applied = region", `column 11: column region holds text and column applied holds times; compare columns of one kind`},
		{"age LIKE '1%'", `column 1: LIKE needs text, but column age holds numbers; use =, IN or BETWEEN`},
		{"tags = 'x'", `column 1: column tags holds values that cannot be compared; only IS NULL and IS NOT NULL can be asked of it`},
		{"1 = 'x'", `column 5: 1 and 'x' are values of different kinds`},
		{"nope IS NULL", `column 1: the data has no column nope; if a text value was meant, write 'nope'`},
	} {
		_, err := mustParse(t, c.src).Check(testTypes)
		if err == nil || err.Error() != "parse where: "+c.want {
			t.Errorf("Check(%s) = %v\nwant %s", c.src, err, c.want)
		}
	}
}

func TestCheckListsEveryMistake(t *testing.T) {
	_, err := mustParse(t, "age = 'x' AND NOT (region = 1 OR nope = 2)").Check(testTypes)
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("Check = %v, want joined errors", err)
	}
	var columns []int
	for _, e := range joined.Unwrap() {
		var syntax *SyntaxError
		if !errors.As(e, &syntax) {
			t.Fatalf("%v is no *SyntaxError", e)
		}
		columns = append(columns, syntax.Column)
	}
	if want := []int{7, 29, 34}; !reflect.DeepEqual(columns, want) {
		t.Errorf("mistakes at %v, want %v", columns, want)
	}
}

func TestSQL(t *testing.T) {
	for _, c := range []struct {
		src, sql string
		args     []any
	}{
		{"region = 'DE' AND age >= 18", `(("region" = CAST(? AS VARCHAR)) AND ("age" >= CAST(? AS DOUBLE)))`, []any{"DE", 18.0}},
		{"NOT (active = TRUE OR tags IS NULL)", `(NOT (("active" = CAST(? AS BOOLEAN)) OR ("tags" IS NULL)))`, []any{true}},
		{"age NOT BETWEEN -1.5 AND 2", `("age" NOT BETWEEN CAST(? AS DOUBLE) AND CAST(? AS DOUBLE))`, []any{-1.5, 2.0}},
		{"age BETWEEN 1 AND score", `(CAST("age" AS DOUBLE) BETWEEN CAST(? AS DOUBLE) AND CAST("score" AS DOUBLE))`, []any{1.0}},
		{"age < score", `(CAST("age" AS DOUBLE) < CAST("score" AS DOUBLE))`, nil},
		{"region < city", `("region" < "city")`, nil},
		{"region NOT IN ('a', 'b''c')", `("region" NOT IN (CAST(? AS VARCHAR), CAST(? AS VARCHAR)))`, []any{"a", "b'c"}},
		{`"Age band" LIKE '18%'`, `("Age band" LIKE CAST(? AS VARCHAR))`, []any{"18%"}},
		{"applied >= '2024-01-31T10:00:00+02:00'", `("applied" >= CAST(? AS TIMESTAMP))`, []any{"2024-01-31 08:00:00"}},
		{"applied IN ('2024-01-31', '2024-01-31 08:30')", `("applied" IN (CAST(? AS TIMESTAMP), CAST(? AS TIMESTAMP)))`, []any{"2024-01-31", "2024-01-31 08:30:00"}},
		{"applied BETWEEN closed AND '2024-01-31'", `("applied" BETWEEN "closed" AND CAST(? AS TIMESTAMP))`, []any{"2024-01-31"}},
		{"region = '2024-01-31'", `("region" = CAST(? AS VARCHAR))`, []any{"2024-01-31"}},
		{"tags IS NOT NULL", `("tags" IS NOT NULL)`, nil},
	} {
		before := mustParse(t, c.src)
		p, err := before.Check(testTypes)
		if err != nil {
			t.Errorf("Check(%s): %v", c.src, err)
			continue
		}
		sql, args := p.SQL(nil)
		if sql != c.sql || !reflect.DeepEqual(args, c.args) {
			t.Errorf("SQL of %s =\n%s %v\nwant\n%s %v", c.src, sql, args, c.sql, c.args)
		}
		if p.String() != before.String() {
			t.Errorf("Check changed %q to %q", before, p)
		}
	}
}

func TestCheckLeavesThePredicateAlone(t *testing.T) {
	p := mustParse(t, "applied IN ('2024-01-31')")
	if _, err := p.Check(testTypes); err != nil {
		t.Fatal(err)
	}
	if sql, _ := p.SQL(nil); sql != `("applied" IN (CAST(? AS VARCHAR)))` {
		t.Errorf("the unchecked predicate now gives %s", sql)
	}
}

func TestSQLQuotesNames(t *testing.T) {
	p := mustParse(t, `"a""; DROP TABLE t --" = '''; DROP TABLE t --'`)
	sql, args := p.SQL(nil)
	if want := `("a""; DROP TABLE t --" = CAST(? AS VARCHAR))`; sql != want || !reflect.DeepEqual(args, []any{"'; DROP TABLE t --"}) {
		t.Errorf("SQL = %s %v, want %s", sql, args, want)
	}
	sql, _ = p.SQL(func(name string) string { return "`" + strings.ToUpper(name[:1]) + "`" })
	if want := "(`A` = CAST(? AS VARCHAR))"; sql != want {
		t.Errorf("SQL = %s, want %s", sql, want)
	}
	if sql, args := (Predicate{}).SQL(nil); sql != "TRUE" || args != nil {
		t.Errorf("SQL of the absent filter = %s %v", sql, args)
	}
	if _, err := (Predicate{}).Check(testTypes); err != nil {
		t.Errorf("Check of the absent filter: %v", err)
	}
}
