package scan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// unusableCode is a code that stands for no label.
type unusableCode struct {
	code uint16
	why  why
}

// unusable are the codes of null, NaN and the infinities seen so far.
func (k *coder) unusable() []unusableCode {
	if k.n == k.badAt {
		return k.bad
	}
	k.badAt, k.bad = k.n, k.bad[:0]
	for code := 0; code < k.n; code++ {
		if code == k.null {
			k.bad = append(k.bad, unusableCode{uint16(code), isNull})
		} else if k.form == doubleKey {
			if x := math.Float64frombits(k.keys[code]); math.Float64bits(x)&exponent == exponent {
				k.bad = append(k.bad, unusableCode{uint16(code), notFinite(x)})
			}
		}
	}
	return k.bad
}

// labels turns codes of labels and predicted classes into class numbers.
func (w *pass) labels(ctx context.Context, r *rows.Rows) error {
	switch {
	case w.req.Task.Numeric():
		r.Pivot = pivot(r.Target)
		return nil
	case w.req.Task == cases.Binary:
		return w.binary(ctx, r)
	}
	return w.multiclass(ctx, r)
}

// pivot is a constant near the labels, the same whatever the order of the rows
// (to the rounding of a float32).
func pivot(target []float64) float64 {
	// Neumaier's sum keeps the error far below the rounding to float32.
	sum, low := 0.0, 0.0
	for _, x := range target {
		t := sum + x
		if math.Abs(sum) >= math.Abs(x) {
			low += (sum - t) + x
		} else {
			low += (x - t) + sum
		}
		sum = t
	}
	mean := (sum + low) / float64(len(target))
	if p := float64(float32(mean)); !math.IsInf(p, 0) && !math.IsNaN(p) {
		return p
	}
	return 0
}

// used counts the used rows of each code. Rows side by side are counted apart: of few
// codes they are often the same, and one count would wait for the other.
func used(codes []uint16, n int) []int64 {
	var apart [4][]int64
	for k := range apart {
		apart[k] = make([]int64, n)
	}
	a, b, c, d := apart[0], apart[1], apart[2], apart[3]
	for ; len(codes) >= 4; codes = codes[4:] {
		a[codes[0]]++
		b[codes[1]]++
		c[codes[2]]++
		d[codes[3]]++
	}
	for _, code := range codes {
		a[code]++
	}
	for i := range a {
		a[i] += b[i] + c[i] + d[i]
	}
	return a
}

func (w *pass) binary(ctx context.Context, r *rows.Rows) error {
	cells, err := w.stream.label.cells(ctx, w.db, w.t)
	if err != nil {
		return err
	}
	count := used(r.Class, len(cells))
	var found []int // codes of labels that used or set-aside rows have
	seen := slices.Clone(count)
	for _, a := range w.aside {
		if a.class != rows.None {
			seen[a.class]++
		}
	}
	for code, n := range seen {
		if n > 0 {
			found = append(found, code)
		}
	}
	slices.SortFunc(found, func(a, b int) int { return compareCells(cells[a], cells[b]) })
	list := func() string {
		var out []string
		for i, code := range found {
			if i == 10 {
				out = append(out, "…")
				break
			}
			out = append(out, shorten(cells[code].text))
		}
		return strings.Join(out, ", ")
	}
	where := w.t.name() + ", column " + w.req.Label
	if len(found) > 2 {
		return &engine.DataError{Where: where, Msg: fmt.Sprintf("a binary label has 2 values, this one has %d: %s", len(found), list()),
			Hint: "use task: multiclass, or a filter that leaves two classes"}
	}
	positive := -1
	for _, code := range found {
		if isValue(cells[code], w.req.Positive) {
			positive = code
		}
	}
	if positive < 0 && len(found) == 2 {
		return &engine.DataError{Where: where, Msg: fmt.Sprintf("no row has the positive value %s; the labels are %s", w.req.Positive, list()),
			Hint: "set data.columns.label.positive to one of them"}
	}
	r.Classes = []string{"", w.req.Positive}
	for _, code := range found {
		if code == positive {
			r.Classes[1] = cells[code].text
		} else {
			r.Classes[0] = cells[code].text
		}
	}
	if r.Classes[0] == "" {
		r.Classes[0] = opposite(r.Classes[1])
	}
	rank := make([]uint16, len(cells))
	if positive >= 0 {
		rank[positive] = 1
	}
	recode(r.Class, rank)
	for i := range w.aside {
		if a := &w.aside[i]; a.class != rows.None {
			a.class = rank[a.class]
		}
	}
	var classes [2]int64
	for code, n := range count {
		classes[rank[code]] += n
	}
	for c, n := range classes {
		w.facts.Classes = append(w.facts.Classes, engine.ClassCount{Class: r.Classes[c], Rows: n})
		if n == 0 {
			w.find("one_class", "every label that can be used is %s; nothing can be said about %s", r.Classes[1-c], r.Classes[c])
		}
	}
	return nil
}

// isValue compares a cell with a value that a plan writes: numbers as numbers.
func isValue(c cell, text string) bool {
	if c.text == text {
		return true
	}
	x, err := strconv.ParseFloat(text, 64)
	return err == nil && c.number && c.x == x && c.text != "true" && c.text != "false"
}

// opposite names the class that no row has.
func opposite(positive string) string {
	pairs := map[string]string{"1": "0", "0": "1", "true": "false", "false": "true", "yes": "no", "no": "yes"}
	if o, ok := pairs[positive]; ok {
		return o
	}
	return "not " + positive
}
