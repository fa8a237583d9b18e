package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/judge"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/store"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// secondLabel is the column of another person's labels in what a run keeps.
const secondLabel = "second_label"

// pinLabels reads the labels of a plan's scorers, and pins what is read: their digests, and
// how they were drawn.
func (e *Env) pinLabels(ctx context.Context, p *plan.Plan) error {
	for i := range p.Scorers {
		if s := &p.Scorers[i]; s.Labels != nil {
			if _, err := e.readLabels(ctx, p, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// readLabels reads the labels of a scorer. Files that changed since they were first read
// are an error.
func (e *Env) readLabels(ctx context.Context, p *plan.Plan, s *plan.Scorer) ([]judge.Label, error) {
	x := s.Labels
	pin := func(was *string, file string) error {
		digest, err := fileDigest(inFolder(p, file))
		if err != nil {
			return p.LabelsProblem(s.As, "a file beside the plan", "%s: %s", file, plainly(err))
		}
		if *was != "" && *was != digest {
			return p.LabelsProblem(s.As, "run the plan again", "%s has changed", file)
		}
		*was = digest
		return nil
	}
	if err := pin(&x.Digest, x.Source); err != nil {
		return nil, err
	}
	labels, err := e.labelsOf(ctx, inFolder(p, x.Source), x.Columns)
	if err == nil && x.TunedOn != "" {
		if err := pin(&x.TunedDigest, x.TunedOn); err != nil {
			return nil, err
		}
		var tuned []string
		if tuned, err = tunedIDs(inFolder(p, x.TunedOn)); err == nil {
			for i := range labels {
				if _, found := slices.BinarySearch(tuned, labels[i].ID); found {
					labels[i].Tuned = true
				}
			}
		}
	}
	if err == nil {
		var even bool
		if even, err = judge.CheckLabels(labels, scaleOf(*s)); err == nil && x.Drawn != string(metric.ByTruth) {
			if x.Drawn = string(metric.Uneven); even {
				x.Drawn = string(metric.Even)
			}
		}
	}
	return labels, e.aboutLabels(p, s, err)
}

// aboutLabels is an error of a scorer's labels at its place in the plan.
func (e *Env) aboutLabels(p *plan.Plan, s *plan.Scorer, err error) error {
	var bad *judge.LabelError
	var data *engine.DataError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return p.LabelsProblem(s.As, bad.Hint, "%s, row %d: %s", s.Labels.Source, bad.Row, bad.Msg)
	case errors.As(err, &data):
		return p.LabelsProblem(s.As, data.Hint, "%s", strings.ReplaceAll(data.Error(), inFolder(p, s.Labels.Source), s.Labels.Source))
	}
	return err
}

func scaleOf(s plan.Scorer) judge.Scale {
	lo, hi := s.Range()
	return judge.Scale{Lo: lo, Hi: hi, PassFail: s.PassFail}
}

func inFolder(p *plan.Plan, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(p.Dir, file)
}

// plainly is what is wrong with a file, without its path.
func plainly(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// tunedIDs are the ids of a file, sorted: words between blanks and ends of lines.
func tunedIDs(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read ids: %w", err)
	}
	ids := strings.Fields(string(text))
	slices.Sort(ids)
	return ids, nil
}

// labelsOf reads a file of labels: CSV, JSONL or Parquet.
func (e *Env) labelsOf(ctx context.Context, path string, c plan.LabelColumns) ([]judge.Label, error) {
	have, err := newEngine().Columns(ctx, path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, x := range have {
		names = append(names, x.Name)
	}
	missing := func(column, hint string) error {
		return &engine.DataError{Where: path, Msg: fmt.Sprintf("there is no column %q", column), Hint: hint}
	}
	for _, x := range []struct {
		to       *string
		name     string
		required bool
	}{{&c.ID, "id", true}, {&c.Model, "model", false}, {&c.Sample, "sample", false}, {&c.Label, "label", true}, {&c.Chance, "chance", false}, {&c.Rater, "rater", false},
		{&c.Second, "second_label", false}, {&c.Tuned, "tuned", false}} {
		named := *x.to != ""
		if !named {
			*x.to = x.name
		}
		if slices.Contains(names, *x.to) {
			continue
		}
		if named || x.required {
			return nil, missing(*x.to, "its columns are "+strings.Join(names, ", "))
		}
		*x.to = ""
	}
	var fields []string
	for _, f := range []string{c.ID, c.Model, c.Sample, c.Label, c.Chance, c.Rater, c.Second, c.Tuned} {
		if f != "" {
			fields = append(fields, f)
		}
	}
	var out []judge.Label
	_, err = emitCases(ctx, engine.Request{Source: path, ID: c.ID, Label: c.Label}, emission{Fields: fields}, func(batch []engine.Case) error {
		for _, x := range batch {
			var row map[string]json.RawMessage
			if err := json.Unmarshal([]byte(x.Fields), &row); err != nil {
				return fmt.Errorf("read row %d: %w", x.Row, err)
			}
			l, err := labelOf(x, row, c)
			if err != nil {
				return err
			}
			out = append(out, l)
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = &engine.DataError{Where: path, Msg: "there are no labels"}
	}
	return out, err
}

// labelOf reads one row of a file of labels.
func labelOf(x engine.Case, v map[string]json.RawMessage, c plan.LabelColumns) (judge.Label, error) {
	row := x.Row
	l := judge.Label{Row: row, ID: x.ID, Model: plainText(v[c.Model]), Rater: plainText(v[c.Rater])}
	wrong := func(column, hint string) error {
		return &judge.LabelError{Row: row, Msg: fmt.Sprintf("column %q holds %s", column, clip(string(v[column]), 60)), Hint: hint}
	}
	if l.ID == "" {
		return l, &judge.LabelError{Row: row, Msg: "there is no id", Hint: "labels are joined by the id of the case"}
	}
	for _, x := range []struct {
		column string
		to     *float64
	}{{c.Label, &l.Value}, {c.Second, &l.Second}} {
		var ok bool
		if *x.to, ok = rating(v[x.column]); !ok {
			return l, wrong(x.column, "a number, or pass and fail (yes and no, true and false), is expected; empty where there is none")
		}
	}
	if x, ok := rating(v[c.Chance]); !ok || x <= 0 {
		return l, wrong(c.Chance, "the chance that `fairtrial judge sample` wrote is expected, above 0 and up to 1; empty where all are alike")
	} else if !math.IsNaN(x) {
		l.Chance = x
	}
	switch x, ok := rating(v[c.Sample]); {
	case ok && math.IsNaN(x):
	case !ok || x < 1 || x != math.Trunc(x) || x > 1e6:
		return l, wrong(c.Sample, "the number of the answer to the case, from 1, is expected")
	default:
		l.Sample = int(x)
	}
	tuned, ok := rating(v[c.Tuned])
	if !ok || tuned != 0 && tuned != 1 && !math.IsNaN(tuned) {
		return l, wrong(c.Tuned, "yes or no is expected: whether the judge was tuned on this label")
	}
	l.Tuned = tuned == 1
	return l, nil
}

// rowsByID is where each case stands, those too that the plan's filter drops.
func rowsByID(ctx context.Context, s *eval.Setup) (map[string]int64, int64, error) {
	req, at := s.Request, map[string]int64{}
	req.Where, req.Models = nil, nil
	total, err := emitCases(ctx, req, emission{}, func(batch []engine.Case) error {
		for _, x := range batch {
			if _, twice := at[x.ID]; twice {
				at[x.ID] = -1
				continue
			}
			at[x.ID] = x.Row
		}
		return nil
	})
	return at, total, err
}

// joinedLabels joins the labels of a plan's scorers with the cases, by scorer; nothing is kept.
func (e *Env) joinedLabels(ctx context.Context, s *eval.Setup) (map[string]*judge.Joined, int64, error) {
	if !slices.ContainsFunc(s.Plan.Scorers, func(x plan.Scorer) bool { return x.Labels != nil }) {
		return nil, 0, nil
	}
	rows, total, err := rowsByID(ctx, s)
	if err != nil {
		return nil, 0, err
	}
	of := judge.Answers{Rows: total, Find: func(id string) (int64, bool) { row, ok := rows[id]; return row, ok && row > 0 }}
	for _, m := range s.Plan.Models {
		if !slices.ContainsFunc(s.Models, func(x cases.Model) bool { return x.Key == m.Key }) {
			continue
		}
		samples := 1
		if m.Answers != nil {
			samples = m.Answers.Samples
		}
		of.Models, of.Samples = append(of.Models, m.Key), append(of.Samples, samples)
	}
	out := map[string]*judge.Joined{}
	for i := range s.Plan.Scorers {
		sc := &s.Plan.Scorers[i]
		if sc.Labels == nil {
			continue
		}
		labels, err := e.readLabels(ctx, s.Plan, sc)
		if err != nil {
			return nil, 0, err
		}
		for _, l := range labels {
			if rows[l.ID] < 0 {
				return nil, 0, e.aboutLabels(s.Plan, sc, &judge.LabelError{Row: l.Row, Msg: fmt.Sprintf("several cases have the id %q", clip(l.ID, 60)), Hint: "each case needs its own id"})
			}
		}
		j, err := judge.Join(labels, of, scaleOf(*sc), sc.Labels.Drawn == string(metric.Uneven))
		if err != nil {
			return nil, 0, e.aboutLabels(s.Plan, sc, err)
		}
		out[sc.As] = j
	}
	return out, total, nil
}

// giveLabels adds the labels of scorers to the engine's request and to the facts: those
// that a record's run kept, or joined anew.
func (e *Env) giveLabels(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, facts []engine.Scored, stored []engine.Scored) error {
	var joined map[string]*judge.Joined
	var total int64
	for i := range facts {
		f := &facts[i]
		at := slices.IndexFunc(s.Plan.Scorers, func(x plan.Scorer) bool { return x.As == f.Scorer })
		if s.Plan.Scorers[at].Labels == nil {
			continue
		}
		for _, x := range stored {
			if x.Scorer == f.Scorer && x.Labels != nil {
				if _, err := ws.Check(x.Labels.Digest); err == nil {
					f.Labels = x.Labels
				}
			}
		}
		if f.Labels == nil {
			var err error
			if joined == nil {
				if joined, total, err = e.joinedLabels(cmd.Context(), s); err != nil {
					return err
				}
			}
			if f.Labels, err = e.keepLabels(cmd.Context(), ws, s, s.Plan.Scorers[at], joined[f.Scorer], int(total)); err != nil {
				return err
			}
		}
		path, err := ws.Path(f.Labels.Digest)
		if err != nil {
			return err
		}
		s.Request.Given = append(s.Request.Given, engine.Given{Scorer: f.Scorer, Source: path, Columns: []string{summary.LabelWeight, summary.HumanLabel}, NoScores: true})
	}
	return nil
}

func (e *Env) keepLabels(ctx context.Context, ws *store.Workspace, s *eval.Setup, sc plan.Scorer, j *judge.Joined, rows int) (*engine.Labelled, error) {
	var t scoreTable
	out := &engine.Labelled{}
	e.storedBaseline(s).labels(sc, j)
	for m, model := range s.Models {
		t.Names = append(t.Names, engine.GivenColumn(summary.LabelWeight, model.Key), engine.GivenColumn(summary.HumanLabel, model.Key), engine.GivenColumn(secondLabel, model.Key))
		t.Numbers, t.Texts = append(t.Numbers, j.Weight[m], j.Value[m], j.Second[m]), append(t.Texts, nil, nil, nil)
		out.Models = append(out.Models, engine.LabelCount{Model: model.Key, Labels: j.Labels[m], Tuned: j.Tuned[m]})
	}
	if j.Raters.N > 0 {
		out.Raters = &result.Measure{Value: result.Number(j.Raters.Value), Lower: result.Number(j.Raters.Lower), Upper: result.Number(j.Raters.Upper), N: int64(j.Raters.N),
			Method: "Krippendorff's α of people among themselves; answers resampled"}
	}
	var err error
	out.Digest, err = e.keepTable(ctx, ws, t, rows)
	return out, err
}
