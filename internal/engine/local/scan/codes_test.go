package scan

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/slice"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// TestPacked: codes in words are those of columns, whatever the rows bring after the codes were packed.
func TestPacked(t *testing.T) {
	const some = "SELECT i AS id, i % 3 % 2 AS y, CASE WHEN i NOT IN (10, 5100, 7000) THEN i / 9000.0 END AS s, 'a' || i * 7 % 11 AS a, i % 4 = 0 AS b, i % 6 - 3 AS n, "
	for _, c := range []struct {
		name, more string
		words      int // after all rows; 0: none
	}{
		{"all values at once", "'c' || i % 5 AS c", 1},
		{"null at last", "CASE WHEN i < 8999 THEN i % 5 END AS c", 1},
		{"a value too many at last", "CASE WHEN i < 8990 THEN i % 7 ELSE i END AS c", 0},
		{"values one after another", "i // 70 AS c", 0},
		{"two words", "'c' || hash(i) % 3000 AS c, hash(i + 1) % 3000 AS d, 'e' || hash(i + 2) % 100 AS e", 2},
		{"more texts than are met", "'c' || i % 4500 AS c", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			parquet(t, some+c.more+" FROM range(9000) t(i)")
			req := binary("a.parquet")
			req.Missing = engine.MissingExclude
			req.Needs = []summary.Spec{summary.Of(summary.KindRank)}
			columns := []string{"a", "b", "n", "c"}
			if c.words == 2 {
				columns = append(columns, "d", "e")
			}
			for _, name := range columns {
				req.Slices = append(req.Slices, byColumn(t, name))
			}
			where, err := slice.ParseWhere("n > -3")
			if err != nil {
				t.Fatal(err)
			}
			for _, where := range []*slice.Predicate{nil, &where} {
				req.Where = where
				packed := func(after int) *Scan {
					p, err := Prepare(t.Context(), open2(t, 1), req)
					if err != nil {
						t.Fatal(message(err))
					}
					p.packAfter = after
					s, err := p.Read(t.Context())
					if err != nil {
						t.Fatal(message(err))
					}
					return s
				}
				want := packed(0)
				// With one chunk, or some, before the codes are packed.
				for _, after := range []int{1, 5000} {
					got := packed(after)
					if words := wordsOf(got); after == 5000 && words != c.words {
						t.Errorf("%d words, not %d", words, c.words)
					}
					equal(t, "digest", got.Facts.RowsDigest, want.Facts.RowsDigest)
					for p := range want.Rows.Parts {
						w, g := &want.Rows.Parts[p], &got.Rows.Parts[p]
						equal(t, "names", g.Names, w.Names)
						equal(t, "aside", g.Aside, w.Aside)
						if !slices.Equal(g.Codes(), w.Codes()) {
							t.Errorf("the codes of %s differ", w.Def.Name)
						}
						for _, row := range []int{0, 1, got.Rows.N - 1} {
							equal(t, fmt.Sprint("code of ", row), g.At(row), w.At(row))
						}
					}
					if words := got.Rows.Parts[0].Words; words != nil {
						for _, word := range words.Word {
							equal(t, "rows", len(word), got.Rows.N)
							for i, x := range word {
								if uint16(x&1) != got.Rows.Class[i] {
									t.Fatalf("the label of row %d is lost", i)
								}
							}
						}
					}
				}
			}
		})
	}
}

func wordsOf(s *Scan) int {
	if w := s.Rows.Parts[0].Words; w != nil {
		return len(w.Word)
	}
	return 0
}

// TestMeet: texts that the first rows do not show are found, and a column of the name by which rows
// are chosen does no harm.
func TestMeet(t *testing.T) {
	parquet(t, "SELECT i AS id, i % 2 AS y, 0.5 AS s, 'no number' AS file_row_number, 'b' || i % 3 AS g FROM range(70000) t(i)")
	late := "CASE WHEN id < 69990 THEN g ELSE 'a' END AS g FROM 'a.parquet'"
	for file, sql := range map[string]string{"b": "SELECT id, y, s, file_row_number, " + late, "c": "SELECT id, y, s, " + late,
		"d1": "SELECT id, y, s, " + late + " WHERE id < 69990", "d2": "SELECT id, y, s, " + late + " WHERE id >= 69990"} {
		if err := open2(t, 1).Exec(t.Context(), "COPY ("+sql+") TO '"+file+".parquet' (FORMAT parquet)"); err != nil {
			t.Fatal(err)
		}
	}
	for _, source := range []string{"b.parquet", "c.parquet", "d*.parquet"} {
		req := binary(source)
		req.Slices = []slice.Partition{byColumn(t, "g")}
		s, err := read(t, req, 2)
		if err != nil {
			t.Fatal(message(err))
		}
		p := &s.Rows.Parts[0]
		equal(t, "names", p.Names, []string{"g=a", "g=b0", "g=b1", "g=b2"})
		for _, row := range []int{0, 1, 2, 69989, 69990, 69999} {
			want := uint16(row%3 + 1)
			if row >= 69990 {
				want = 0
			}
			equal(t, fmt.Sprint(source, " code of ", row), p.At(row), want)
		}
	}
}

// TestFolders: columns that come from the names of folders have the kind that all files agree on.
func TestFolders(t *testing.T) {
	parquet(t, "SELECT i AS id, i % 2 AS y, 0.5 AS s FROM range(3000) t(i)")
	for _, fold := range []string{"0", "2020", "holdout"} {
		if err := os.MkdirAll("d/fold="+fold, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := open2(t, 1).Exec(t.Context(), "COPY (FROM 'a.parquet') TO 'd/fold="+fold+"/a.parquet' (FORMAT parquet)"); err != nil {
			t.Fatal(err)
		}
	}
	for source, want := range map[string][]string{
		"d/*/a.parquet":            {"fold=0", "fold=2020", "fold=holdout"},
		"d/fold=2020/a.parquet":    {"fold=2020"},
		"d/fold=holdout/a.parquet": {"fold=holdout"},
		"d/fold=[2h]*/a.parquet":   {"fold=2020", "fold=holdout"},
	} {
		req := binary(source)
		req.Slices = []slice.Partition{byColumn(t, "fold")}
		s, err := read(t, req, 2)
		if err != nil {
			t.Errorf("%s: %s", source, message(err))
			continue
		}
		equal(t, source, s.Rows.Parts[0].Names, want)
	}
}
