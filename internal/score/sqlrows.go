package score

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// tolerance is how far numbers may be apart; either suffices.
type tolerance struct{ rel, abs float64 }

// differ says how rows differ from those wanted, "" where they do not: as lists where
// ordered, else as multisets.
func differ(got, want [][]any, ordered bool, tol tolerance) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows, %d are right", len(got), len(want))
	}
	if len(got) == 0 {
		return ""
	}
	if len(got[0]) != len(want[0]) {
		return fmt.Sprintf("%d columns, %d are right", len(got[0]), len(want[0]))
	}
	if !ordered {
		got, want = sorted(got), sorted(want)
	}
	var a, b []int // rows that do not stand beside their equal
	for i := range got {
		if !sameRow(got[i], want[i], tol) {
			if ordered {
				return fmt.Sprintf("row %d is %s, %s is right", i+1, shownRow(got[i]), shownRow(want[i]))
			}
			a, b = append(a, i), append(b, i)
		}
	}
	// Numbers a hair apart can sort differently; then some pairing fits all the same.
	if len(a) > 0 && (len(a) > 500 || !pairs(a, b, func(i, j int) bool { return sameRow(got[i], want[j], tol) })) {
		return fmt.Sprintf("%s is not as often right, %s is missing, or the like", shownRow(got[a[0]]), shownRow(want[b[0]]))
	}
	return ""
}

// pairs reports whether every a can have a b of its own that fits: augmenting paths.
func pairs(a, b []int, fits func(i, j int) bool) bool {
	owner := make([]int, len(b))
	for j := range owner {
		owner[j] = -1
	}
	seen := make([]bool, len(b))
	var find func(i int) bool
	find = func(i int) bool {
		for j := range b {
			if seen[j] || !fits(a[i], b[j]) {
				continue
			}
			seen[j] = true
			if owner[j] < 0 || find(owner[j]) {
				owner[j] = i
				return true
			}
		}
		return false
	}
	for i := range a {
		clear(seen)
		if !find(i) {
			return false
		}
	}
	return true
}

func sorted(rows [][]any) [][]any {
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(x, y []any) int {
		for _, numbers := range []bool{false, true} { // what is exact first
			for i := range x {
				_, xn := asFloat(x[i])
				_, yn := asFloat(y[i])
				if (xn && yn) != numbers {
					continue
				}
				if c := compareCells(x[i], y[i]); c != 0 {
					return c
				}
			}
		}
		return 0
	})
	return out
}

// rank orders kinds: nothing, truth values, numbers, texts.
func rank(v any) int {
	switch v.(type) {
	case nil:
		return 0
	case bool:
		return 1
	case string:
		return 3
	}
	return 2
}

func compareCells(x, y any) int {
	if d := rank(x) - rank(y); d != 0 {
		return d
	}
	switch a := x.(type) {
	case bool:
		return bitInt(a) - bitInt(y.(bool))
	case string:
		return strings.Compare(a, y.(string))
	case int64:
		if b, ok := y.(int64); ok {
			return cmp.Compare(a, b)
		}
	}
	a, _ := asFloat(x)
	b, _ := asFloat(y)
	return cmp.Compare(a, b) // NaN first
}

func asFloat(v any) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

func sameRow(x, y []any, tol tolerance) bool {
	for i := range x {
		if !sameCell(x[i], y[i], tol) {
			return false
		}
	}
	return true
}

func sameCell(x, y any, tol tolerance) bool {
	a, okA := asFloat(x)
	b, okB := asFloat(y)
	if !okA || !okB {
		return x == y
	}
	i, wholeI := x.(int64)
	j, wholeJ := y.(int64)
	if wholeI && wholeJ && tol.abs == 0 { // whole numbers are exact
		return i == j
	}
	if a == b || math.IsNaN(a) && math.IsNaN(b) {
		return true
	}
	d := math.Abs(a - b)
	return d <= tol.abs || d <= tol.rel*max(math.Abs(a), math.Abs(b)) && !math.IsInf(d, 0)
}

func shownRow(r []any) string {
	var out []string
	for _, v := range r {
		switch x := v.(type) {
		case nil:
			out = append(out, "NULL")
		case string:
			out = append(out, fmt.Sprintf("%q", x))
		default:
			out = append(out, fmt.Sprint(x))
		}
	}
	return "(" + short(strings.Join(out, ", ")) + ")"
}
