package scan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

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
