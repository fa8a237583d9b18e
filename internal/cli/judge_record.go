package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/judge"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/store"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// judgedRun is what a record's run kept of a scorer: its scores of each model's answers,
// what people labelled, and the answers.
type judgedRun struct {
	record *record.Record
	setup  *eval.Setup
	scorer plan.Scorer
	judged *engine.Judged // nil where no judge of the plan was asked
	drawn  string         // how labels were drawn; empty without any
	// By model, in the setup's order, then row of the cases that the filter lets through.
	answers [][]judge.Answer
	shown   [][]string // columns to show, by row
	outputs [][]string // by model and row: the first sample; nil where the record keeps none
	rows    []int64    // of the cases, from 1
}

// judgedRun opens a record's scores of one scorer. labels: a file of labels in place of the
// plan's; show: columns of the cases to keep.
func (e *Env) judgedRun(cmd *cobra.Command, name, scorer, labels string, show []string) (*judgedRun, error) {
	r, dir, err := e.soundRecord(cmd, name)
	if err != nil {
		return nil, err
	}
	return e.judgedOf(cmd, r, dir, scorer, labels, show)
}

func (e *Env) judgedOf(cmd *cobra.Command, r *record.Record, dir, scorer, labels string, show []string) (*judgedRun, error) {
	p, err := clonePlan(r.Plan)
	if err != nil {
		return nil, err
	}
	p.Dir = e.planDir(r, dir)
	if err := e.refetch(cmd, p, r); err != nil {
		return nil, err
	}
	s, err := eval.Prepare(p, catalogue())
	if err != nil {
		return nil, err
	}
	j := &judgedRun{record: r, setup: s}
	at := slices.IndexFunc(p.Scorers, func(x plan.Scorer) bool { return x.As == scorer })
	facts := slices.IndexFunc(r.Data.Scorers, func(x engine.Scored) bool { return x.Scorer == scorer })
	if at < 0 || facts < 0 {
		var names []string
		for _, x := range p.Scorers {
			names = append(names, x.As)
		}
		return nil, wrong("its scorers are "+strings.Join(names, ", "), "the record has no scorer %q", scorer)
	}
	j.scorer, j.judged = p.Scorers[at], r.Data.Scorers[facts].Judge
	ws, err := e.openWorkspace(cmd, p.Dir)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	if err := j.read(e, cmd, ws, r.Data.Scorers[facts], show); err != nil {
		return nil, err
	}
	if labels != "" {
		return j, j.label(e, cmd, labels)
	}
	return j, j.stored(cmd, ws, r.Data.Scorers[facts])
}

// read fetches scores, cases and answers.
func (j *judgedRun) read(e *Env, cmd *cobra.Command, ws *store.Workspace, facts engine.Scored, show []string) error {
	var keys []string
	for _, m := range j.setup.Models {
		keys = append(keys, m.Key)
	}
	scores, err := numbersOf(cmd, ws, facts.Digest, keys)
	if err != nil {
		return err
	}
	var from outputs
	if j.setup.Plan.Task.Generative() {
		if from, err = e.stored(ws, j.record); err != nil {
			return err
		}
		j.outputs = make([][]string, len(keys))
	}
	cluster := j.setup.Plan.Data.Columns.Cluster
	fields := slices.Clone(show)
	if cluster != "" {
		fields = append(fields, cluster)
	}
	clusters, bad := map[string]int{}, error(nil)
	j.answers = make([][]judge.Answer, len(keys))
	w, err := newWritten(j.setup, from)
	if err != nil {
		return err
	}
	if from == nil {
		w = nil
	}
	req := j.setup.Request
	req.Models = nil
	_, err = emitCases(cmd.Context(), req, emission{Fields: fields}, func(batch []engine.Case) error {
		for _, x := range batch {
			var row map[string]json.RawMessage
			if bad = json.Unmarshal([]byte(x.Fields), &row); bad != nil {
				return fmt.Errorf("read row %d: %w", x.Row, bad)
			}
			if x.Row > int64(len(scores[0])) {
				return changedCases(j.setup, fmt.Errorf("row %d is new", x.Row))
			}
			a := judge.Answer{ID: x.ID, Label: math.NaN(), Second: math.NaN(), Length: math.NaN()}
			if cluster != "" {
				key := string(row[cluster])
				if _, ok := clusters[key]; !ok {
					clusters[key] = len(clusters)
				}
				a.Cluster = clusters[key]
			}
			var outs []sampled
			if w != nil {
				if outs, bad = w.of(x); bad != nil {
					return bad
				}
			}
			for m := range keys {
				b := a
				b.Judge = scores[m][x.Row-1]
				if w != nil {
					text := ""
					if len(outs[m].texts) > 0 {
						_ = json.Unmarshal([]byte(outs[m].texts[0]), &text) // written by Marshal
						b.Length = float64(len(strings.Fields(text)))
					}
					j.outputs[m] = append(j.outputs[m], text)
				}
				j.answers[m] = append(j.answers[m], b)
			}
			texts := make([]string, len(show))
			for i, c := range show {
				texts[i] = plainText(row[c])
			}
			j.shown, j.rows = append(j.shown, texts), append(j.rows, x.Row)
		}
		return nil
	})
	if w != nil {
		if ended := w.end(err); err == nil {
			err = ended
		}
	}
	return err
}

// numbersOf reads columns of a kept table, by row; NaN for null.
func numbersOf(cmd *cobra.Command, ws *store.Workspace, digest string, columns []string) ([][]float64, error) {
	path, err := ws.Check(digest)
	if err != nil {
		return nil, wrong("run this in the workspace of the run, or name it with --workspace", "the scores of the record: %w", err)
	}
	out, err := readScoreTable(cmd.Context(), path, columns)
	if err != nil {
		return nil, fmt.Errorf("read the scores of the record: %w", err)
	}
	return out, nil
}

// stored takes the labels that the run had.
func (j *judgedRun) stored(cmd *cobra.Command, ws *store.Workspace, facts engine.Scored) error {
	if facts.Labels == nil {
		return nil
	}
	j.drawn = j.scorer.Labels.Drawn
	for m, model := range j.setup.Models {
		x, err := numbersOf(cmd, ws, facts.Labels.Digest, []string{engine.GivenColumn(summary.LabelWeight, model.Key), engine.GivenColumn(summary.HumanLabel, model.Key), engine.GivenColumn(secondLabel, model.Key)})
		if err != nil {
			return err
		}
		for i, row := range j.rows {
			a := &j.answers[m][i]
			a.Label, a.Second = x[1][row-1], x[2][row-1]
			if w := x[0][row-1]; j.drawn == string(metric.Uneven) && !math.IsNaN(w) {
				a.Chance = 1 / w
			}
		}
	}
	return nil
}

// label takes the labels of a file.
func (j *judgedRun) label(e *Env, cmd *cobra.Command, file string) error {
	p := *j.setup.Plan
	p.Scorers = []plan.Scorer{j.scorer}
	x := plan.Labels{Source: e.path(file)}
	if have := j.scorer.Labels; have != nil {
		x.Columns, x.TunedOn = have.Columns, have.TunedOn
		if have.Drawn == string(metric.ByTruth) {
			x.Drawn = have.Drawn
		}
	}
	p.Scorers[0].Labels = &x
	if _, err := e.readLabels(cmd.Context(), &p, &p.Scorers[0]); err != nil {
		return err
	}
	s := *j.setup
	s.Plan = &p
	joined, _, err := e.joinedLabels(cmd.Context(), &s)
	if err != nil {
		return err
	}
	j.drawn = x.Drawn
	for m := range j.answers {
		for i, row := range j.rows {
			joined[j.scorer.As].Give(&j.answers[m][i], m, row)
		}
	}
	return nil
}

// model is the index of a model by its key; empty: the candidate.
func (j *judgedRun) model(key string) (int, error) {
	if key == "" {
		key = "candidate"
	}
	var names []string
	for m, x := range j.setup.Models {
		if x.Key == key {
			return m, nil
		}
		names = append(names, x.Key)
	}
	return 0, wrong("its models are "+strings.Join(names, ", "), "the record has no model %q", key)
}

// of says whose card is made.
func (j *judgedRun) of(m int) (cardOf, error) {
	made := j.record.Run.Finished.UTC()
	c := cardOf{Judge: j.setup.Plan.ScorerIdentity(j.scorer), Scorer: j.scorer.As, Model: j.setup.Models[m].Key, Run: j.record.Run.ID, Made: &made, Drawn: j.drawn}
	for _, x := range j.setup.Plan.Models {
		if x.Key == c.Model {
			var err error
			if c.System, err = record.Digest(x); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}

// graded reports whether every model's answer to a case is.
func (j *judgedRun) graded(i int) bool {
	for m := range j.answers {
		if math.IsNaN(j.answers[m][i].Judge) {
			return false
		}
	}
	return true
}

// question are the columns that whoever labels should see, where none are named.
func (j *judgedRun) question() []string {
	c := j.setup.Plan.Data.Columns
	var out []string
	for _, name := range []string{c.Question, c.Reference} {
		if name != "" {
			out = append(out, name)
		}
	}
	return out
}
