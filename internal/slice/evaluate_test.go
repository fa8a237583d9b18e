package slice

import (
	"math"
	"strings"
	"testing"
	"time"
)

// testRow is a row of every kind; n is null, and so is what it lacks.
func testRow(column string) Value {
	switch column {
	case "one":
		return NumberValue(1)
	case "nan":
		return NumberValue(math.NaN())
	case "inf":
		return NumberValue(math.Inf(1))
	case "s":
		return TextValue("Äpfel")
	case "t":
		return BoolValue(true)
	case "f":
		return BoolValue(false)
	case "day":
		return TimeValue(time.Date(2024, 1, 31, 0, 0, 0, 0, time.UTC))
	}
	return NullValue()
}

func TestEvalThreeValuedLogic(t *testing.T) {
	// ISO/IEC 9075-2 "Database language SQL, Foundation", truth tables of AND, OR
	// and NOT, with one = 1 true, one = 2 false and n = 1 unknown.
	terms := map[Truth]string{True: "one = 1", False: "one = 2", Unknown: "n = 1"}
	and := map[[2]Truth]Truth{
		{True, True}: True, {True, False}: False, {True, Unknown}: Unknown,
		{False, True}: False, {False, False}: False, {False, Unknown}: False,
		{Unknown, True}: Unknown, {Unknown, False}: False, {Unknown, Unknown}: Unknown,
	}
	or := map[[2]Truth]Truth{
		{True, True}: True, {True, False}: True, {True, Unknown}: True,
		{False, True}: True, {False, False}: False, {False, Unknown}: Unknown,
		{Unknown, True}: True, {Unknown, False}: Unknown, {Unknown, Unknown}: Unknown,
	}
	not := map[Truth]Truth{True: False, False: True, Unknown: Unknown}
	check := func(src string, want Truth) {
		t.Helper()
		if got := mustParse(t, src).Eval(testRow); got != want {
			t.Errorf("%s is %v, want %v", src, got, want)
		}
	}
	for pair, want := range and {
		check(terms[pair[0]]+" AND "+terms[pair[1]], want)
		check("NOT ("+terms[pair[0]]+" AND "+terms[pair[1]]+")", not[want])
	}
	for pair, want := range or {
		check(terms[pair[0]]+" OR "+terms[pair[1]], want)
	}
	for a, want := range not {
		check("NOT "+terms[a], want)
	}
}

func TestEval(t *testing.T) {
	for _, c := range []struct {
		src  string
		want Truth
	}{
		{"one = 1", True}, {"one <> 1", False}, {"one < 1", False}, {"one <= 1", True}, {"one > 1", False}, {"one >= 1", True},
		{"one = 2", False}, {"one <> 2", True}, {"one < 2", True}, {"one <= 2", True}, {"one > 2", False}, {"one >= 2", False},
		{"n = 1", Unknown}, {"n <> 1", Unknown}, {"n = n", Unknown}, {"2 > one", True}, {"one = one", True},
		{"n IS NULL", True}, {"n IS NOT NULL", False}, {"one IS NULL", False}, {"one IS NOT NULL", True},

		{"one BETWEEN 1 AND 1", True}, {"one BETWEEN 2 AND 3", False}, {"one BETWEEN 1 AND 0", False},
		{"one NOT BETWEEN 2 AND 3", True}, {"n BETWEEN 1 AND 2", Unknown}, {"n NOT BETWEEN 1 AND 2", Unknown},
		{"one BETWEEN n AND 0", False}, {"one BETWEEN n AND 2", Unknown}, {"one BETWEEN 2 AND n", False},
		{"one NOT BETWEEN n AND 0", True}, {"one NOT BETWEEN 0 AND n", Unknown},

		{"one IN (1, 2)", True}, {"one IN (2, 3)", False}, {"one NOT IN (1)", False}, {"one NOT IN (2)", True},
		{"n IN (1, 2)", Unknown}, {"n NOT IN (1, 2)", Unknown}, {"s IN ('x', 'Äpfel')", True},

		{"nan = nan", True}, {"nan > 1e308", True}, {"nan > inf", True}, {"nan < 1", False}, {"one < nan", True}, {"inf > 1e308", True},
		{"nan IS NULL", False}, {"nan BETWEEN 0 AND 1", False},

		{"s = 'Äpfel'", True}, {"s = 'äpfel'", False}, {"s > 'Zebra'", True}, {"s < 'Äpfem'", True},
		{"s LIKE 'Äpfel'", True}, {"s LIKE 'äpfel'", False}, {"s LIKE '_pfel'", True}, {"s LIKE '__pfel'", False},
		{"s LIKE '%e_'", True}, {"s LIKE '%x%'", False}, {"s NOT LIKE '%x%'", True}, {"n LIKE '%'", Unknown}, {"n NOT LIKE '%'", Unknown},

		{"t = TRUE", True}, {"f = TRUE", False}, {"f < t", True}, {"f <> FALSE", False},

		{"day = '2024-01-31'", True}, {"day = '2024-01-31T00:00:00Z'", True}, {"day < '2024-01-31 00:00:00.000001'", True},
		{"day >= '2024-01-31 00:01'", False}, {"'2024-01-30' < day", True}, {"day = '2024-01-31T02:00:00+02:00'", True},
		{"day IN ('2024-01-30', '2024-01-31 00:00')", True}, {"day BETWEEN '2024-02-01' AND '2024-03-01'", False},

		// What Check refuses is nobody's truth.
		{"one = '1'", Unknown}, {"s = 1", Unknown}, {"t = 1", Unknown}, {"one LIKE '1'", Unknown}, {"day = 'today'", Unknown}, {"day = 0", Unknown},
	} {
		if got := mustParse(t, c.src).Eval(testRow); got != c.want {
			t.Errorf("%s is %v, want %v", c.src, got, c.want)
		}
	}
	if got := (Predicate{}).Eval(testRow); got != True {
		t.Errorf("the absent filter is %v, want true", got)
	}
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		text, pattern string
		want          bool
	}{
		{"", "", true}, {"", "%", true}, {"", "%%", true}, {"", "_", false}, {"a", "", false}, {"a", "_", true}, {"a", "%_%", true},
		{"abc", "a%c", true}, {"abc", "a%b", false}, {"ac", "a%c", true}, {"abcbc", "a%bc", true}, {"abcbd", "a%bc", false},
		{"aab", "%a_", true}, {"mississippi", "m%iss%pi", true}, {"mississippi", "m%issx%pi", false},
		{"%", "%", true}, {"a%b", `a\%b`, false}, {`a\xb`, `a\%b`, true}, {"a_b", "a_b", true},
		{"日本語", "__語", true}, {"日本語", "____", false}, {"日本語", "%本%", true}, {"a\nb", "a_b", true}, {"a\nb", "a%", true},
		{"é", "e", false}, {"e\u0301", "_", false}, {"👩‍🚀", "___", true},
	} {
		if got := like(c.text, c.pattern); got != c.want {
			t.Errorf("%q LIKE %q is %v, want %v", c.text, c.pattern, got, c.want)
		}
	}
	// A matcher that tried every way to place each % would not come back from this.
	if like(strings.Repeat("a", 5000), strings.Repeat("%a", 50)+"%b") {
		t.Error("a text without b matches a pattern with it")
	}
}
