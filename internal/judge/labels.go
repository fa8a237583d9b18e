package judge

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/stat/agree"
)

// Label is what a person said of one answer.
type Label struct {
	Row    int64  // of its file, from 1
	ID     string // of the case
	Model  string // empty: not said
	Sample int    // from 1; 0: not said
	Value  float64
	Second float64 // another person's; NaN: none
	Chance float64 // with which the answer was drawn for labelling; 0: not said
	Rater  string
	Tuned  bool // the judge was tuned on it, so that it vouches for nothing
}

// A LabelError is what is wrong with one label.
type LabelError struct {
	Row       int64
	Msg, Hint string
}

func (e *LabelError) Error() string { return fmt.Sprintf("row %d: %s", e.Row, e.Msg) }

// Scale is what labels may be.
type Scale struct {
	Lo, Hi   float64 // infinite: not known
	PassFail bool    // 0 or 1
}

// largest keeps squares and sums of labels finite.
const largest = 1e100

// CheckLabels checks labels without a look at what they label, and says whether they were
// drawn evenly: where all chances are alike, or none is said.
func CheckLabels(labels []Label, s Scale) (even bool, err error) {
	even = true
	var first *Label
	for i := range labels {
		l := &labels[i]
		for _, v := range []float64{l.Value, l.Second} {
			switch {
			case math.IsNaN(v):
			case math.Abs(v) > largest:
				return false, &LabelError{l.Row, fmt.Sprintf("the label %g is too large to be squared and summed", v), "label on the judge's scale"}
			case s.PassFail && v != 0 && v != 1:
				return false, &LabelError{l.Row, fmt.Sprintf("the label %g is neither 0 nor 1, as the scores are", v), "label on the judge's scale: pass and fail, yes and no, 1 and 0"}
			case v < s.Lo || v > s.Hi:
				return false, &LabelError{l.Row, fmt.Sprintf("the label %g lies outside the scale of the scores, %g to %g", v, s.Lo, s.Hi), "label on the judge's scale"}
			}
		}
		if math.IsNaN(l.Value) || l.Tuned {
			continue
		}
		if !(l.Chance == 0 || l.Chance >= 1e-9 && l.Chance <= 1) {
			return false, &LabelError{l.Row, fmt.Sprintf("the chance %g does not lie above 0 and up to 1", l.Chance), "keep the chances that `fairtrial judge sample` wrote"}
		}
		if first == nil {
			first = l
		}
		if (l.Chance == 0) != (first.Chance == 0) {
			with, without := first.Row, l.Row
			if l.Chance != 0 {
				with, without = without, with
			}
			return false, &LabelError{l.Row, fmt.Sprintf("row %d has a chance of being drawn and row %d has none", with, without), "labels of a draw with chances do not go together with others: label each file's answers by themselves"}
		}
		even = even && l.Chance == first.Chance
	}
	return even, nil
}

// Answers says what may be labelled.
type Answers struct {
	Rows    int64
	Models  []string
	Samples []int // answers of a case, by model
	// Find is the row of a case, from 1; false: there is no such case.
	Find func(id string) (int64, bool)
}

// Joined are labels beside the rows of the cases, by model.
type Joined struct {
	Weight, Value [][]float64 // by model, then row; NaN where there is no label
	Second        [][]float64 // another person's
	Labels, Tuned []int64     // answers with a label that counts, and with one that does not, by model
	// Raters is Krippendorff's α of people among themselves, where answers have two labels.
	Raters Estimate

	weighted bool
}

// Give gives an answer the label of a model's row, counted from 1.
func (j *Joined) Give(a *Answer, model int, row int64) {
	a.Label, a.Second, a.Chance = j.Value[model][row-1], j.Second[model][row-1], 0
	if w := j.Weight[model][row-1]; j.weighted && !math.IsNaN(w) {
		a.Chance = 1 / w
	}
}

type labelled struct {
	row    int64
	model  int
	sample int
}

// Join puts labels beside the answers that they speak of. Where several samples of a case
// are labelled the case has their mean, as it has the mean of their scores. Of several
// raters the first in the file is the label. weighted: a label stands for 1/chance answers.
func Join(labels []Label, of Answers, s Scale, weighted bool) (*Joined, error) {
	j := &Joined{Labels: make([]int64, len(of.Models)), Tuned: make([]int64, len(of.Models)), Raters: unknown(), weighted: weighted}
	sum, n, chance := make([][]float64, len(of.Models)), make([][]int, len(of.Models)), make([][]float64, len(of.Models))
	for m := range of.Models {
		sum[m], n[m], chance[m] = make([]float64, of.Rows), make([]int, of.Rows), make([]float64, of.Rows)
		j.Second = append(j.Second, make([]float64, of.Rows))
		for i := range j.Second[m] {
			j.Second[m][i] = math.NaN()
		}
	}
	first, raters := map[labelled]*Label{}, map[labelled][]*Label{}
	var order []labelled
	for i := range labels {
		l := &labels[i]
		at, err := place(l, of)
		if err != nil {
			return nil, err
		}
		for _, other := range raters[at] {
			if other.Rater == l.Rater {
				hint := "one label an answer; another person's go into a column of their own, or name who labelled in the column rater"
				return nil, &LabelError{l.Row, fmt.Sprintf("row %d labels the answer of %q too", other.Row, l.ID), hint}
			}
		}
		if first[at] == nil {
			first[at] = l
			order = append(order, at)
		}
		raters[at] = append(raters[at], l)
	}
	var units [][]float64
	for _, at := range order {
		var unit []float64
		for _, l := range raters[at] {
			for _, v := range []float64{l.Value, l.Second} {
				if !math.IsNaN(v) {
					unit = append(unit, v)
				}
			}
		}
		if len(unit) > 1 {
			units = append(units, unit)
		}
		l, m, i := first[at], at.model, at.row-1
		if len(unit) > 1 && of.Samples[m] == 1 && !l.Tuned && !math.IsNaN(l.Value) {
			j.Second[m][i] = unit[1]
		}
		switch {
		case math.IsNaN(l.Value): // drawn, and not labelled yet
		case l.Tuned:
			j.Tuned[m]++
		case n[m][i] > 0 && chance[m][i] != l.Chance:
			return nil, &LabelError{l.Row, fmt.Sprintf("another answer of the case %q was drawn with the chance %g, this one with %g", l.ID, chance[m][i], l.Chance), "the answers of a case are drawn together"}
		default:
			sum[m][i] += l.Value
			n[m][i]++
			chance[m][i] = l.Chance
			j.Labels[m]++
		}
	}
	for m := range of.Models {
		weight, value := make([]float64, of.Rows), make([]float64, of.Rows)
		for i := range weight {
			weight[i], value[i] = math.NaN(), math.NaN()
			if n[m][i] == 0 {
				continue
			}
			weight[i], value[i] = 1, sum[m][i]/float64(n[m][i])
			if weighted {
				weight[i] = 1 / chance[m][i]
			}
		}
		j.Weight, j.Value = append(j.Weight, weight), append(j.Value, value)
	}
	if len(units) > 0 {
		level := agree.IntervalScale
		if s.PassFail {
			level = agree.NominalScale
		}
		j.Raters = alpha(units, level, 0.95, 1)
	}
	return j, nil
}

// place is the answer that a label speaks of.
func place(l *Label, of Answers) (labelled, error) {
	row, ok := of.Find(l.ID)
	if !ok {
		return labelled{}, &LabelError{l.Row, fmt.Sprintf("no case has the id %q", clipped(l.ID)), "labels are joined by the id of the case"}
	}
	m := 0
	switch {
	case l.Model != "":
		if m = slices.Index(of.Models, l.Model); m < 0 {
			return labelled{}, &LabelError{l.Row, fmt.Sprintf("no model is called %q", clipped(l.Model)), "the models are " + strings.Join(of.Models, ", ")}
		}
	case len(of.Models) > 1:
		return labelled{}, &LabelError{l.Row, "it is not said whose answer is labelled", "add a column model that holds " + strings.Join(of.Models, " or ")}
	}
	if l.Sample > of.Samples[m] {
		return labelled{}, &LabelError{l.Row, fmt.Sprintf("there is no sample %d of %q: models.%s has %d a case", l.Sample, clipped(l.ID), of.Models[m], of.Samples[m]), "samples count from 1"}
	}
	return labelled{row, m, max(1, l.Sample)}, nil
}

func clipped(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
