package scan

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// large writes 120 000 rows with nulls, NaN and ties as CSV and Parquet.
func large(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	db := open2(t, 2)
	sql := `SELECT i AS id, CASE WHEN i % 1000 = 3 THEN NULL ELSE (i * 7919) % 5 < 1 END AS y,
		CASE WHEN i % 777 = 0 THEN NULL WHEN i % 778 = 0 THEN 'nan'::DOUBLE ELSE ((i * 104729) % 10007) / 10007.0 END AS s,
		((i * 15485863) % 100) / 100.0 AS b, CASE WHEN i % 13 = 0 THEN NULL ELSE 'group ' || (i * 31 % 47) END AS g,
		(i * 17) % 9 AS h, 'customer ' || (i * 40503 % 20011) AS c, 1 + i % 3 AS w FROM range(120000) t(i)`
	for _, x := range []string{"COPY (" + sql + ") TO 'a.parquet' (FORMAT parquet, ROW_GROUP_SIZE 20000)", "COPY (" + sql + ") TO 'a.csv' (HEADER)",
		"COPY (" + sql + ") TO 'a.jsonl' (FORMAT json)", "COPY (" + sql + ") TO 'a.csv.gz' (HEADER)"} {
		if err := db.Exec(context.Background(), x); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSame: the same rows, codes and facts whatever the threads, and whatever the format.
func TestSame(t *testing.T) {
	large(t)
	cross, err := slice.CrossSlice("g", "h")
	if err != nil {
		t.Fatal(err)
	}
	young, err := slice.WhereSlice("few", *where(t, "h < 4 AND g LIKE 'group 1%'"))
	if err != nil {
		t.Fatal(err)
	}
	tenths, err := slice.QuantileSlice("b", 10)
	if err != nil {
		t.Fatal(err)
	}
	var first *rows.Rows
	for _, source := range []string{"a.parquet", "a.csv", "a.jsonl", "a.csv.gz"} {
		for _, threads := range []int{1, 2} {
			req := binary(source)
			req.Positive, req.Cluster, req.Weight = "true", "c", "w"
			req.Models = append(req.Models, cases.Model{Key: "baseline", Score: "b", Threshold: half()})
			req.Slices = []slice.Partition{byColumn(t, "g"), byColumn(t, "h"), cross, young, tenths}
			req.Where = where(t, "h <> 8")
			s, err := read(t, req, threads)
			if err != nil {
				t.Fatal(source, message(err))
			}
			for p := range s.Rows.Parts {
				s.Rows.Parts[p].Def = slice.Partition{}
			}
			if first == nil {
				first = s.Rows
				equal(t, "some rows", s.Rows.N > 100_000 && len(s.Rows.Lost) > 100, true)
				continue
			}
			if !reflect.DeepEqual(first, s.Rows) {
				t.Fatalf("%s with %d threads differs", source, threads)
			}
		}
	}
}

// TestPredicatesAgree: what Eval says of a row is what the filter lets through.
func TestPredicatesAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", "a", "b", "ab", "A", "ä", "0", "a%b"}
	type row struct{ g, x, f, d string }
	var all []row
	var csv strings.Builder
	csv.WriteString("id,y,s,g,x,f,d\n")
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	for i := range 400 {
		r := row{pick(texts...), pick("", "1", "2.5", "-3", "1e3", "0", "nan", "inf"), pick("", "true", "false"), pick("", "2024-01-31", "2024-02-01 08:00:00")}
		all = append(all, r)
		fmt.Fprintf(&csv, "r%d,1,0.5,%s,%s,%s,%s\n", i, r.g, r.x, r.f, r.d)
	}
	var terms []string
	for _, op := range []string{"=", "<>", "<", "<=", ">", ">="} {
		terms = append(terms, "g "+op+" '"+pick("a", "b", "ä")+"'", "x "+op+" "+pick("1", "-3", "2.5"), "f "+op+" TRUE", "d "+op+" '2024-01-31'")
	}
	terms = append(terms, "g LIKE 'a%'", "g NOT LIKE '_'", "x IS NULL", "g IS NOT NULL", "x BETWEEN 0 AND 3", "x NOT BETWEEN 0 AND 3", "g IN ('a', 'ä')", "x NOT IN (1, 2.5)")
	number := map[string]float64{"1": 1, "2.5": 2.5, "-3": -3, "1e3": 1000, "0": 0, "nan": nan(), "inf": inf()}
	for range 60 {
		text := pick(terms...)
		for range rng.IntN(3) {
			text = "(" + text + ") " + pick("AND", "OR", "AND NOT", "OR NOT") + " (" + pick(terms...) + ")"
		}
		p := where(t, text)
		checked, err := p.Check(func(c string) (slice.Kind, bool) {
			k, ok := map[string]slice.Kind{"g": slice.Text, "x": slice.Number, "f": slice.Bool, "d": slice.Time}[c]
			return k, ok
		})
		if err != nil {
			t.Fatal(err)
		}
		want := int64(0)
		for _, r := range all {
			truth := checked.Eval(func(c string) slice.Value {
				cell := map[string]string{"g": r.g, "x": r.x, "f": r.f, "d": r.d}[c]
				switch {
				case cell == "":
					return slice.NullValue()
				case c == "x":
					return slice.NumberValue(number[cell])
				case c == "f":
					return slice.BoolValue(cell == "true")
				case c == "d":
					return slice.TimeValue(day(t, cell))
				}
				return slice.TextValue(cell)
			})
			if truth == slice.True {
				want++
			}
		}
		req := binary("a.csv")
		req.Where = p
		s, err := run(t, map[string]string{"a.csv": csv.String()}, req, 1)
		if want == 0 {
			if err == nil {
				t.Errorf("%s: %d rows instead of none", text, s.Facts.Rows)
			}
			continue
		}
		if err != nil {
			t.Fatal(text, message(err))
		}
		if s.Facts.Rows != want {
			t.Errorf("%s: %d rows instead of %d", text, s.Facts.Rows, want)
		}
	}
}

// A bound between two neighbours is as short as can be, and lies between them.
func TestFewestDigits(t *testing.T) {
	for _, x := range []struct{ lo, hi, want float64 }{
		{1.2531, 1.2541303160770698, 1.254}, {1.2541303160770697, 1.2541303160770699, 1.2541303160770699}, {-2.7, -2.618068094711904, -2.62},
		{-0.1, 0.2, 0}, {99.99, 100, 100}, {0.00012, 0.0001299, 0.000125}, {999.4, 1000.2, 1000}, {7, 8, 8}, {math.Inf(-1), -3, -3}, {3.1e300, 3.2e300, 3.2e300},
	} {
		got := fewestDigits(x.lo, x.hi)
		if !(x.lo < got && got <= x.hi) || len(strconv.FormatFloat(got, 'g', -1, 64)) > len(strconv.FormatFloat(x.want, 'g', -1, 64)) {
			t.Errorf("between %v and %v: %v, want as short as %v", x.lo, x.hi, got, x.want)
		}
	}
}
