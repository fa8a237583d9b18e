package slice

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func quoteGo(s string) string { return strconv.Quote(s) }

func TestPartitionsRefuse(t *testing.T) {
	p := mustParse(t, "age < 12")
	bins := func(bounds ...float64) func() (Partition, error) {
		return func() (Partition, error) { return BinSlice("age", bounds) }
	}
	where := func(name string) func() (Partition, error) {
		return func() (Partition, error) { return WhereSlice(name, p) }
	}
	cross := func(columns ...string) func() (Partition, error) {
		return func() (Partition, error) { return CrossSlice(columns...) }
	}
	for _, c := range []struct {
		build func() (Partition, error)
		want  string
	}{
		{func() (Partition, error) { return ColumnSlice("") }, "make column slice: the column name is empty"},
		{cross("a"), "make cross slice: it has 1 columns; 2 to 4 are allowed"},
		{cross("a", "b", "c", "d", "e"), "make cross slice: it has 5 columns; 2 to 4 are allowed"},
		{cross("a b", "c", "a b"), `make cross slice: column "a b" is there twice`},
		{cross("a", ""), "make cross slice: a column name is empty"},
		{bins(), "make bin slice of age: it needs at least one bound"},
		{bins(0, math.NaN()), "make bin slice of age: bound 2 is not a finite number"},
		{bins(math.Inf(-1), 0), "make bin slice of age: bound 1 is not a finite number"},
		{bins(0, 25, 25), "make bin slice of age: bounds must increase, but 25 follows 25"},
		{bins(0, 0.5, 0.25), "make bin slice of age: bounds must increase, but 0.25 follows 0.5"},
		{func() (Partition, error) { return BinSlice("", []float64{1}) }, "make bin slice: the column name is empty"},
		{where(""), `make where slice "": the name is empty`},
		{where("overall"), `make where slice "overall": the name is taken by the slice of all cases`},
		{where("a & b"), `make where slice "a & b": the name contains " & ", which joins the parts of a cross`},
		{where("thin "), `make where slice "thin ": the name starts or ends with a space`},
		{where("thin\x1bfile"), `make where slice "thin\x1bfile": the name contains a character that does not print`},
		{func() (Partition, error) { return WhereSlice("thin", Predicate{}) }, `make where slice "thin": the condition is missing`},
	} {
		if _, err := c.build(); err == nil || err.Error() != c.want {
			t.Errorf("error = %v\nwant    %s", err, c.want)
		}
	}
}

func build(t testing.TB) func(p Partition, err error) Partition {
	return func(p Partition, err error) Partition {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
}

func TestLabel(t *testing.T) {
	made := build(t)
	region := made(ColumnSlice("region"))
	odd := made(ColumnSlice("a=b"))
	cross := made(CrossSlice("region", "age_band"))
	thin := made(WhereSlice("thin file", mustParse(t, "history_months < 12")))
	age := made(BinSlice("age", []float64{0, 25, 40, 65}))
	half := made(BinSlice("p", []float64{0.5}))
	for _, c := range []struct{ got, want string }{
		{region.Label(TextValue("DE")), "region=DE"},
		{region.Label(NullValue()), "region=∅"},
		{odd.Label(NumberValue(1)), `"a=b"=1`},
		{cross.Label(TextValue("DE"), TextValue("18-25")), "region=DE & age_band=18-25"},
		{cross.Label(NullValue(), BoolValue(true)), "region=∅ & age_band=true"},
		{cross.Name, "region & age_band"},
		{thin.Label(), "thin file"},
		{thin.Name, "thin file"},
		{age.Label(NumberValue(-0.001)), "age=<0"},
		{age.Label(NumberValue(0)), "age=[0, 25)"},
		{age.Label(NumberValue(25)), "age=[25, 40)"},
		{age.Label(NumberValue(64.999)), "age=[40, 65)"},
		{age.Label(NumberValue(65)), "age=≥65"},
		{age.Label(NullValue()), "age=∅"},
		{age.Label(NumberValue(math.NaN())), "age=∅"},
		{age.Label(NumberValue(math.Inf(1))), "age=≥65"},
		{half.BinLabel(0), "p=<0.5"},
		{half.BinLabel(1), "p=≥0.5"},
		{half.BinLabel(2), "p=∅"},
		{half.BinLabel(-1), "p=∅"},
	} {
		if c.got != c.want {
			t.Errorf("label = %s, want %s", c.got, c.want)
		}
	}
}

// Each number falls into the one bin whose range holds it.
func TestBinHoldsItsNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bounds := rapid.SliceOfNDistinct(rapid.IntRange(-20, 20), 1, 6, rapid.ID[int]).Draw(t, "bounds")
		seen := map[int]bool{}
		for _, b := range bounds {
			seen[b] = true
		}
		var bins []float64
		for b := -20; b <= 20; b++ {
			if seen[b] {
				bins = append(bins, float64(b))
			}
		}
		p, err := BinSlice("x", bins)
		if err != nil {
			t.Fatal(err)
		}
		x := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-21, 21), rapid.SampledFrom(bins)).Draw(t, "x")
		i := p.Bin(x)
		if i < 0 || i > len(bins) || i > 0 && x < bins[i-1] || i < len(bins) && x >= bins[i] {
			t.Fatalf("Bin(%v) = %d with bounds %v", x, i, bins)
		}
	})
}

func TestBinSliceKeepsItsOwnBounds(t *testing.T) {
	bounds := []float64{0, 25}
	p := build(t)(BinSlice("age", bounds))
	bounds[0] = 99
	if p.Bins[0] != 0 {
		t.Error("the caller's slice is shared")
	}
}

func TestCodeSQL(t *testing.T) {
	made := build(t)
	text, args := made(WhereSlice("thin", mustParse(t, "months < 12"))).CodeSQL()
	if want := `CASE WHEN ("months" < CAST(? AS DOUBLE)) THEN 1 ELSE 0 END`; text != want || !reflect.DeepEqual(args, []any{12.0}) {
		t.Errorf("where: %s %v, want %s", text, args, want)
	}
	text, args = made(BinSlice(`a"ge`, []float64{0, 25.5})).CodeSQL()
	want := `CASE WHEN CAST("a""ge" AS DOUBLE) IS NULL OR isnan(CAST("a""ge" AS DOUBLE)) THEN -1` +
		` WHEN CAST("a""ge" AS DOUBLE) < CAST(? AS DOUBLE) THEN 0 WHEN CAST("a""ge" AS DOUBLE) < CAST(? AS DOUBLE) THEN 1 ELSE 2 END`
	if text != want || !reflect.DeepEqual(args, []any{0.0, 25.5}) {
		t.Errorf("bins: %s %v, want %s", text, args, want)
	}
	if text, args := made(ColumnSlice("a")).CodeSQL(); text != "" || args != nil {
		t.Errorf("column: %q %v, want no code", text, args)
	}
}

func TestPartitionCheck(t *testing.T) {
	made := build(t)
	for _, c := range []struct {
		p    Partition
		want string
	}{
		{made(ColumnSlice("region")), ""},
		{made(ColumnSlice("applied")), ""},
		{made(ColumnSlice("Region")), `check slice "Region": the data has no column Region`},
		{made(ColumnSlice("tags")), `check slice "tags": column tags holds values that cannot be compared`},
		{made(CrossSlice("x", "region", "y")), "check slice \"x & region & y\": the data has no column x\ncheck slice \"x & region & y\": the data has no column y"},
		{made(BinSlice("age", []float64{1})), ""},
		{made(BinSlice("region", []float64{1})), `check slice "region": bins need numbers, but column region holds text`},
		{made(WhereSlice("new", mustParse(t, "applied > '2024-01-31'"))), ""},
		{made(WhereSlice("new", mustParse(t, "applied > 1"))), `check slice "new": parse where: column 11: column applied holds times, but 1 is a number; ` + timeHint},
	} {
		checked, err := c.p.Check(testTypes)
		if got := ""; err != nil {
			got = err.Error()
			if got != c.want {
				t.Errorf("Check(%s) = %s\nwant %s", c.p.Name, got, c.want)
			}
		} else if c.want != "" {
			t.Errorf("Check(%s) passes, want %s", c.p.Name, c.want)
		} else if checked.Name != c.p.Name || checked.Kind != c.p.Kind {
			t.Errorf("Check(%s) gives %+v", c.p.Name, checked)
		}
	}
	checked, err := made(WhereSlice("new", mustParse(t, "applied > '2024-01-31'"))).Check(testTypes)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := checked.CodeSQL(); !strings.Contains(text, "TIMESTAMP") {
		t.Errorf("a checked where compares a time as %s", text)
	}
}

func TestLabelPanicsOnTheWrongCount(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a cross of two took one value")
		}
	}()
	build(t)(CrossSlice("a", "b")).Label(TextValue("x"))
}

func TestQuantileSlice(t *testing.T) {
	for _, n := range []int{1, MaxQuantiles + 1} {
		if _, err := QuantileSlice("x", n); err == nil {
			t.Errorf("%d quantiles are let through", n)
		}
	}
	p, err := QuantileSlice("x y", 10)
	if err != nil || p.Kind != ByQuantiles || p.Quantiles != 10 {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := p.Check(func(string) (Kind, bool) { return Text, true }); err == nil {
		t.Error("quantiles of text are let through")
	}
}
