package cli

import (
	"encoding/json"
	"math"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
)

// rowScores are scores by model and row, NaN where there is none. Where a row has several
// samples its score is their mean, and there is none unless all of them have one.
type rowScores struct {
	scoreTable
	left [][]uint16 // samples still to come, where a row has several
	of   [][]uint16
}

// newRowScores has a column of scores a model, then one a model for each further number.
func newRowScores(s *eval.Setup, further ...string) rowScores {
	t := rowScores{left: make([][]uint16, len(s.Models)), of: make([][]uint16, len(s.Models))}
	add := func(name string) {
		t.Names, t.Numbers, t.Texts = append(t.Names, name), append(t.Numbers, []float64{}), append(t.Texts, nil)
	}
	for _, m := range s.Models {
		add(m.Key)
	}
	for _, name := range further {
		for _, m := range s.Models {
			add(engine.GivenColumn(name, m.Key))
		}
	}
	return t
}

func (t *rowScores) extend(rows int64) {
	for m := range t.Numbers {
		for int64(len(t.Numbers[m])) < rows {
			t.Numbers[m] = append(t.Numbers[m], math.NaN())
		}
	}
}

// expect says that a row has several samples.
func (t *rowScores) expect(m int, row int64, samples int) {
	if samples < 2 {
		return
	}
	for int64(len(t.left[m])) < row {
		t.left[m], t.of[m] = append(t.left[m], 0), append(t.of[m], 0)
	}
	t.left[m][row-1], t.of[m][row-1], t.Numbers[m][row-1] = uint16(samples), uint16(samples), 0
}

func (t *rowScores) add(m int, row int64, x float64) {
	if row > int64(len(t.left[m])) || t.of[m][row-1] == 0 {
		t.Numbers[m][row-1] = x
		return
	}
	t.left[m][row-1]--
	t.Numbers[m][row-1] += x
}

func (t *rowScores) finish() {
	for m := range t.of {
		for i, n := range t.of[m] {
			switch {
			case n == 0:
			case t.left[m][i] > 0:
				t.Numbers[m][i] = math.NaN()
			default:
				t.Numbers[m][i] /= float64(n)
			}
		}
	}
}

// sampled is what a model gave for a row: JSON texts, or why there is nothing.
type sampled struct {
	texts   []string
	missing string
}

// written gives what models gave for the rows of a request: columns of the data, or
// answers beside their cases.
type written struct {
	s       *eval.Setup
	files   []*collect.Artifact
	readers []*answers.Beside
	samples []int
	out     []sampled
}

func newWritten(s *eval.Setup, from outputs) (*written, error) {
	w := &written{s: s, out: make([]sampled, len(s.Models))}
	if from == nil {
		return w, nil
	}
	for _, m := range s.Models {
		if from[m.Key] == "" { // an earlier record has its scores
			w.files, w.readers, w.samples = append(w.files, nil), append(w.readers, nil), append(w.samples, 0)
			continue
		}
		a, err := collect.Open(from[m.Key])
		if err != nil {
			return nil, err
		}
		w.files, w.readers = append(w.files, a), append(w.readers, answers.NewBeside(a, s.Request.Only != nil))
		for _, x := range s.Plan.Models {
			if x.Key == m.Key {
				w.samples = append(w.samples, x.Answers.Samples)
			}
		}
	}
	return w, nil
}

// of must not be kept.
func (w *written) of(x engine.Case) ([]sampled, error) {
	if w.readers == nil {
		for m := range w.out {
			w.out[m] = sampled{}
			if o := x.Outputs[m]; o != "" { // else a missing prediction: the row is not used
				w.out[m].texts = []string{o}
			}
		}
		return w.out, nil
	}
	c, err := answers.NewReader(plan.Columns{ID: w.s.Plan.Data.Columns.ID}).Read(engine.Case{Row: x.Row, ID: x.ID, Fields: "{}"})
	if err != nil {
		return nil, inCases(w.s.Plan, err)
	}
	for m, r := range w.readers {
		if r == nil {
			w.out[m] = sampled{missing: noAnswers}
			continue
		}
		entries, err := r.Of(x.ID)
		if err != nil {
			return nil, changedCases(w.s, err)
		}
		w.out[m] = sampled{}
		for _, k := range answers.Given(c, entries, w.samples[m]).Samples {
			if k.NoOutput != "" {
				w.out[m] = sampled{missing: "no output: " + k.NoOutput}
				break
			}
			b, err := json.Marshal(k.Output)
			if err != nil {
				return nil, err
			}
			w.out[m].texts = append(w.out[m].texts, string(b))
		}
	}
	return w.out, nil
}

// end lets go of the answers; after a whole pass, those of no case are an error.
func (w *written) end(failed error) error {
	var bad error
	for i, r := range w.readers {
		if r == nil {
			continue
		}
		if err := r.End(); err != nil && failed == nil && bad == nil {
			bad = changedCases(w.s, err)
		}
		_ = w.files[i].Close()
	}
	return bad
}
