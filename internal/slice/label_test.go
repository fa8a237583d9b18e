package slice

import (
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFormatValue(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want string
	}{
		{NullValue(), "∅"}, {TextValue("DE"), "DE"}, {TextValue(""), `""`}, {TextValue("∅"), `"∅"`}, {TextValue("a∅"), "a∅"},
		{TextValue(" a"), `" a"`}, {TextValue("a "), `"a "`}, {TextValue(" "), `" "`}, {TextValue(`5" pipe`), `"5\" pipe"`},
		{TextValue("a & b"), `"a & b"`}, {TextValue("a&b"), "a&b"}, {TextValue("R&D <x>"), "R&D <x>"}, {TextValue("a <&> & b"), `"a <&> & b"`},
		{TextValue("a=b"), "a=b"}, {TextValue("a &"), "a &"}, {TextValue("\ta"), "\ta"}, {TextValue("∅ "), `"∅ "`},
		{NumberValue(1), "1"}, {NumberValue(0.5), "0.5"}, {NumberValue(-0.1), "-0.1"}, {NumberValue(math.Copysign(0, -1)), "0"},
		{NumberValue(1e20), "100000000000000000000"}, {NumberValue(1e21), "1e+21"}, {NumberValue(1e-7), "1e-07"}, {NumberValue(0.000001), "0.000001"},
		{NumberValue(0.30000000000000004), "0.30000000000000004"},
		{BoolValue(true), "true"}, {BoolValue(false), "false"},
		{TimeValue(time.Date(2024, 1, 31, 0, 0, 0, 0, time.UTC)), "2024-01-31"},
		{TimeValue(time.Date(2024, 1, 31, 10, 0, 0, 500_000_000, time.FixedZone("", 7200))), "2024-01-31 08:00:00.5"},
	} {
		if got := FormatValue(c.v); got != c.want {
			t.Errorf("FormatValue(%+v) = %s, want %s", c.v, got, c.want)
		}
	}
}

func TestParseLabel(t *testing.T) {
	for _, c := range []struct {
		label string
		want  []Pair
	}{
		{"region=DE", []Pair{{Column: "region", Value: "DE"}}},
		{"region=DE & age_band=18-25", []Pair{{Column: "region", Value: "DE"}, {Column: "age_band", Value: "18-25"}}},
		{"region=∅", []Pair{{Column: "region", Null: true}}},
		{`region="∅" & b=""`, []Pair{{Column: "region", Value: "∅"}, {Column: "b"}}},
		{"age=[0, 25)", []Pair{{Column: "age", Value: "[0, 25)"}}},
		{"age=≥65", []Pair{{Column: "age", Value: "≥65"}}},
		{"a=b=c", []Pair{{Column: "a", Value: "b=c"}}},
		{`"a=b"=c`, []Pair{{Column: "a=b", Value: "c"}}},
		{"a=x & & b=1", []Pair{{Column: "a", Value: "x &"}, {Column: "b", Value: "1"}}},
		{`a=x & "& b"=1`, []Pair{{Column: "a", Value: "x"}, {Column: "& b", Value: "1"}}},
	} {
		got, err := ParseLabel(c.label)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("ParseLabel(%s) = %+v, %v; want %+v", c.label, got, err, c.want)
		}
	}
	for _, c := range []struct{ label, want string }{
		{"overall", "no column=value"},
		{"", "no column=value"},
		{"=x", "no column=value"},
		{"thin file", "no column=value"},
		{"a=b & thin file", "no column=value"},
		{`a="b`, "a quote is never closed"},
		{`a="b\`, "a quote is never closed"},
		{`a="b"c`, "text after a quoted value"},
		{`a="\q"`, "read quoted part: invalid character 'q' in string escape code"},
		{`a="b"`, `it is written "a=b"`},
		{"a=", `it is written "a=\"\""`},
		{"a= b", `it is written "a=\" b\""`},
		{`a=b"c`, `it is written "a=\"b\\\"c\""`},
	} {
		_, err := ParseLabel(c.label)
		if want := "parse slice name " + quoteGo(c.label) + ": " + c.want; err == nil || err.Error() != want {
			t.Errorf("ParseLabel(%s) = %v\nwant %s", c.label, err, want)
		}
	}
}

// drawText draws arbitrary unicode, and texts dense in what the format treats
// specially.
func drawText(t *rapid.T, name string) string {
	special := rapid.StringOfN(rapid.SampledFrom([]rune{' ', '&', '=', '"', '∅', '\\', 'a', '\u2028', '<'}), 0, 8, -1)
	return rapid.OneOf(rapid.String(), special).Draw(t, name)
}

func TestLabelRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "columns")
		var columns []string
		var values []Value
		var want []Pair
		for i := range n {
			column := drawText(t, "column")
			if column == "" {
				column = "c"
			}
			pair := Pair{Column: column, Value: drawText(t, "value"), Null: rapid.Bool().Draw(t, "null")}
			value := TextValue(pair.Value)
			if pair.Null {
				pair.Value, value = "", NullValue()
			}
			for j := range i {
				if columns[j] == column {
					t.Skip("a column twice")
				}
			}
			columns, values, want = append(columns, column), append(values, value), append(want, pair)
		}
		p, err := ColumnSlice(columns[0])
		if n > 1 {
			p, err = CrossSlice(columns...)
		}
		if err != nil {
			t.Fatal(err)
		}
		label := p.Label(values...)
		got, err := ParseLabel(label)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("ParseLabel(%q) = %+v, %v; want %+v", label, got, err, want)
		}
	})
}

func FuzzParseLabel(f *testing.F) {
	for _, seed := range []string{"region=DE & age=[0, 25)", `"a=b"="\u00e9" & c=∅`, "a=x & & b=1", `a="`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, label string) {
		pairs, err := ParseLabel(label)
		if err != nil {
			return
		}
		again := ""
		for i, pair := range pairs {
			if i > 0 {
				again += separator
			}
			again += pair.label()
		}
		if again != label {
			t.Fatalf("%q is accepted and written %q", label, again)
		}
	})
}
