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
	switch w.req.Task {
	case cases.Regression:
		r.Pivot = pivot(r.Target)
		return nil
	case cases.Binary:
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

// used counts the used rows of each code.
func used(codes []uint16, n int) []int64 {
	count := make([]int64, n)
	for _, c := range codes {
		count[c]++
	}
	return count
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

// multiclass numbers the classes: the values of label, predictions and declared
// probability columns together, numbers by size and text by bytes.
func (w *pass) multiclass(ctx context.Context, r *rows.Rows) error {
	labelCells, err := w.stream.label.cells(ctx, w.db, w.t)
	if err != nil {
		return err
	}
	labelUsed := used(r.Class, len(labelCells))
	for _, a := range w.aside {
		if a.class != rows.None {
			labelUsed[a.class]++
		}
	}
	all := map[string]cell{}
	add := func(c cell) {
		if have, ok := all[c.text]; !ok || !have.number && c.number {
			all[c.text] = c
		}
	}
	for code, n := range labelUsed {
		if n > 0 {
			add(labelCells[code])
		}
	}
	predCells := make([][]cell, len(r.Models))
	for m := range r.Models {
		k, t := w.stream.models[m].pred, w.t
		if j := w.joins[m]; j != nil {
			k, t = j.mc.pred, j.t
		}
		if k == nil {
			continue
		}
		if predCells[m], err = k.cells(ctx, w.db, t); err != nil {
			return err
		}
		seen := used(r.Models[m].Decision, k.n)
		for _, x := range w.imputed { // their code stands for nothing
			if x.miss&(1<<m) != 0 {
				seen[r.Models[m].Decision[x.row]]--
			}
		}
		for _, a := range w.aside {
			if a.pred[m] != rows.None {
				seen[a.pred[m]]++
			}
		}
		for code, n := range seen {
			if n > 0 {
				add(predCells[m][code])
			}
		}
	}
	for _, model := range w.req.Models {
		for _, name := range model.ProbClasses {
			if _, ok := all[name]; !ok {
				add(classCell(name))
			}
		}
	}
	cells := make([]cell, 0, len(all))
	for _, c := range all {
		cells = append(cells, c)
	}
	if mixed(cells) { // "1" beside "x": order all as text
		for i := range cells {
			cells[i].number = false
		}
	}
	slices.SortFunc(cells, compareCells)
	number := map[string]uint16{}
	for c, x := range cells {
		r.Classes = append(r.Classes, x.text)
		number[x.text] = uint16(c)
	}
	if len(cells) >= maxValues {
		return &engine.DataError{Where: w.t.name(), Msg: fmt.Sprintf("labels and predictions have %d classes together; at most %d can be told apart", len(cells), maxValues)}
	}
	rankOf := func(cells []cell) []uint16 {
		rank := make([]uint16, len(cells))
		for code, c := range cells {
			rank[code] = number[c.text] // codes of null map anywhere: no row has them
		}
		return rank
	}
	labelRank := rankOf(labelCells)
	recode(r.Class, labelRank)
	for i := range w.aside {
		if a := &w.aside[i]; a.class != rows.None {
			a.class = labelRank[a.class]
		}
	}
	for m := range r.Models {
		if predCells[m] == nil {
			continue
		}
		rank := rankOf(predCells[m])
		recode(r.Models[m].Decision, rank)
		for i := range w.aside {
			if a := &w.aside[i]; a.pred[m] != rows.None {
				a.pred[m] = rank[a.pred[m]]
			}
		}
	}
	count := used(r.Class, len(r.Classes))
	for c, n := range count {
		w.facts.Classes = append(w.facts.Classes, engine.ClassCount{Class: r.Classes[c], Rows: n})
	}
	if len(r.Classes) == 1 {
		w.find("one_class", "every label and prediction is %s", r.Classes[0])
	}
	return w.probabilities(r, number)
}

// classCell is a class as a plan writes it.
func classCell(name string) cell {
	if x, err := strconv.ParseFloat(name, 64); err == nil && formatNumber(x) == name {
		return cell{text: name, number: true, x: x}
	}
	return cell{text: name}
}

func mixed(cells []cell) bool {
	numbers := 0
	for _, c := range cells {
		numbers += boolInt(c.number)
	}
	return numbers > 0 && numbers < len(cells)
}

// probabilities puts the columns of class probabilities into the order of classes,
// and decides by the highest where a model has no prediction of its own.
func (w *pass) probabilities(r *rows.Rows, number map[string]uint16) error {
	for m := range r.Models {
		spec, model := w.req.Models[m], &r.Models[m]
		if len(spec.Probabilities) == 0 {
			continue
		}
		where := w.t.name()
		if j := w.joins[m]; j != nil {
			where = j.t.name()
		}
		byClass := make([]uint16, len(model.Probs)) // column to class
		if len(spec.ProbClasses) == 0 {
			if len(model.Probs) != len(r.Classes) {
				return &engine.DataError{Where: where + ", column " + spec.Probabilities[0],
					Msg:  fmt.Sprintf("its lists have %d probabilities, but %s were found: %s", len(model.Probs), plural(int64(len(r.Classes)), "class", "classes"), shorten(strings.Join(r.Classes, ", "))),
					Hint: "name the classes of the list in its order"}
			}
			for c := range byClass {
				byClass[c] = uint16(c)
			}
		} else {
			if len(model.Probs) != len(spec.ProbClasses) {
				return &engine.DataError{Where: where, Msg: fmt.Sprintf("%s has %d probabilities for %d named classes", spec.Key, len(model.Probs), len(spec.ProbClasses))}
			}
			for c, name := range spec.ProbClasses {
				byClass[c] = number[name]
			}
		}
		ordered := make([][]float64, len(r.Classes))
		for c, p := range model.Probs {
			ordered[byClass[c]] = p
		}
		for i := range w.aside { // decided by column so far
			if a := &w.aside[i]; model.Decision == nil && a.pred[m] != rows.None {
				a.pred[m] = byClass[a.pred[m]]
			}
		}
		for c, p := range ordered {
			if p != nil {
				continue
			}
			for _, x := range r.Class {
				if int(x) == c {
					return &engine.DataError{Where: where, Msg: fmt.Sprintf("%s gives no probability for the class %s, which labels have", spec.Key, r.Classes[c]),
						Hint: "list a column for it under probabilities"}
				}
			}
			ordered[c] = make([]float64, r.N) // a class that only another model knows
		}
		model.Probs = ordered
		if model.Decision == nil {
			model.Decision = make([]uint16, r.N)
			for i := range model.Decision {
				model.Decision[i] = argmax(ordered, i)
			}
		}
		off, skip := 0, w.missingRows(m)
		for i := 0; i < r.N; i++ {
			if skip[i] {
				continue
			}
			sum := 0.0
			for _, p := range ordered {
				sum += p[i]
			}
			if math.Abs(sum-1) > 1e-3 {
				off++
			}
		}
		if off > 0 {
			w.find("probabilities_not_normalised", "the class probabilities of %s do not sum to 1 in %s", spec.Key, plural(int64(off), "row", "rows"))
		}
	}
	return nil
}

// missingRows are the used rows whose output of a model is yet to be imputed.
func (w *pass) missingRows(m int) map[int]bool {
	out := map[int]bool{}
	for _, x := range w.imputed {
		if x.miss&(1<<m) != 0 {
			out[x.row] = true
		}
	}
	return out
}
