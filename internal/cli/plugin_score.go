package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/plugin"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/store"
)

// largestScore keeps squares and sums of scores finite.
const largestScore = 1e100

// scoring is what the scorers of a plan gave.
type scoring struct {
	facts  []engine.Scored
	runs   []record.PluginRun
	judges []record.Judging
	cases  *answers.Picker
}

// earlierScores are what a run kept, and need not be made again.
type earlierScores struct {
	scorers []engine.Scored
	judges  []record.Judging
	fresh   bool             // judges are asked anew
	earlier []record.Judging // what was asked of judges in an earlier stage of this run
}

// stage is what one of those whom a scorer asks took in an earlier stage of this run.
func (was earlierScores) stage(sc plan.Scorer, key string) (again bool, took record.Account) {
	for _, x := range was.earlier {
		if x.Scorer == sc.As && x.Judge == key {
			again, took = true, x.Account
		}
	}
	return again, took
}

// score has the plan's scorers score every row, or takes the scores that a record's run
// kept, and adds them to the engine's request.
func (e *Env) score(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, from outputs, was earlierScores) (*scoring, error) {
	out := &scoring{}
	kept, own := map[string]engine.Scored{}, []plan.Scorer{}
	for _, sc := range s.Plan.Scorers {
		for _, x := range was.scorers {
			if x.Scorer == sc.As {
				if _, err := ws.Check(x.Digest); err == nil {
					kept[sc.As] = x
				}
			}
		}
		if _, ok := kept[sc.As]; !ok && !sc.Plugged() {
			own = append(own, sc)
		}
	}
	own = withOthers(s.Plan.Scorers, own, kept)
	plugged := map[string]rowScores{}
	for _, sc := range s.Plan.Scorers {
		if _, ok := kept[sc.As]; ok || !sc.Plugged() {
			continue
		}
		facts, table, run, err := e.scoreWith(cmd, ws, s, from, sc)
		if err != nil {
			return nil, err
		}
		kept[sc.As], plugged[sc.As], out.runs = facts, table, append(out.runs, run)
	}
	judged, err := e.judge(cmd, ws, s, from, own, was)
	if err != nil {
		return nil, err
	}
	graded, shown, err := e.grade(cmd, ws, s, from, own, judged, plugged)
	if err != nil {
		return nil, err
	}
	out.judges = judged.runs
	maps.Copy(kept, graded)
	out.cases = shown
	for _, sc := range s.Plan.Scorers {
		facts := kept[sc.As]
		path, err := ws.Path(facts.Digest)
		if err != nil {
			return nil, err
		}
		facts.Labels = nil // those of now
		out.facts = append(out.facts, facts)
		s.Request.Given = append(s.Request.Given, engine.Given{Scorer: sc.As, Source: path, Columns: facts.Columns, Control: facts.Control})
	}
	return out, e.giveLabels(cmd, ws, s, out.facts, was.scorers)
}

// withOthers adds the scorers that those of own build on, though their scores were kept.
func withOthers(all, own []plan.Scorer, kept map[string]engine.Scored) []plan.Scorer {
	for _, sc := range own {
		other := sc.BuildsOn()
		if _, ok := kept[other]; !ok {
			continue
		}
		delete(kept, other)
		own = append(own, all[slices.IndexFunc(all, func(x plan.Scorer) bool { return x.As == other })])
	}
	return own
}

// scoreWith asks one scorer about each row and model and keeps its scores.
func (e *Env) scoreWith(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, from outputs, sc plan.Scorer) (engine.Scored, rowScores, record.PluginRun, error) {
	p, facts := s.Plan, engine.Scored{Scorer: sc.As, Ungraded: []engine.Ungraded{}}
	t, column := newRowScores(s), map[string]int{}
	for m, model := range s.Models {
		column[model.Key] = m
	}
	c, err := e.converse(cmd, p, sc.Type, plugin.Scorer, sc.As, func(r plugin.Row, v json.RawMessage) error {
		x, err := scoreOf(sc, v)
		if err == nil {
			t.add(column[r.Model], r.Row, x)
		}
		return err
	})
	if err != nil {
		return facts, t, record.PluginRun{}, err
	}
	early := e.storedBaseline(s)
	written, err := newWritten(s, from)
	var total int64
	if err == nil {
		total, err = emitCases(cmd.Context(), s.Request, emission{Fields: c.pr.Offer.Fields, Label: from == nil, Outputs: from == nil}, func(batch []engine.Case) error {
			for _, x := range batch {
				t.extend(x.Row)
				outs, err := written.of(x)
				if err != nil {
					return err
				}
				for m, samples := range outs {
					if early != nil && m == early.model {
						early.take(c, &t, sc, x)
						continue
					}
					row := plugin.Row{ID: x.ID, Row: x.Row, Model: s.Models[m].Key, Label: raw(x.Label), Fields: json.RawMessage(x.Fields)}
					if samples.missing != "" {
						c.unasked++
						c.lacks(row, samples.missing, "")
						continue
					}
					t.expect(m, x.Row, len(samples.texts))
					for _, o := range samples.texts {
						row.Output = json.RawMessage(o)
						if err := c.ask(row); err != nil {
							return err
						}
					}
				}
			}
			return nil
		})
		err = errors.Join(err, written.end(err))
	}
	if err == nil {
		err = c.flush()
	}
	run, ended := c.end()
	if err == nil {
		err = ended
	}
	if err != nil {
		return facts, t, run, err
	}
	t.extend(total)
	t.finish()
	facts.Rows = run.Rows
	facts.Ungraded = append(facts.Ungraded, c.failed.list...)
	facts.Digest, err = e.keepTable(cmd.Context(), ws, t.scoreTable, int(total))
	return facts, t, run, err
}

func (e *Env) keepTable(ctx context.Context, ws *store.Workspace, t scoreTable, n int) (string, error) {
	tmp := ws.TempPath(newID(e.Now()) + ".given.parquet")
	defer os.Remove(tmp)
	if err := writeScoreTable(ctx, tmp, t, n); err != nil {
		return "", err
	}
	return ws.PutFile(ctx, tmp)
}

func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// scoreOf reads a score and checks that it is what the plan promises.
func scoreOf(sc plan.Scorer, v json.RawMessage) (float64, error) {
	var x float64
	if err := json.Unmarshal(v, &x); err != nil {
		var yes bool
		if json.Unmarshal(v, &yes) != nil {
			return 0, fmt.Errorf("a score is a number, this is %s", clip(string(v), 60))
		}
		if yes {
			x = 1
		}
	}
	lo, hi := sc.Range()
	switch {
	case math.Abs(x) > largestScore:
		return 0, fmt.Errorf("the score %g is too large to be squared and summed", x)
	case sc.PassFail && x != 0 && x != 1:
		return 0, fmt.Errorf("the score %g is neither 0 nor 1, as pass_fail says", x)
	case x < lo || x > hi:
		return 0, fmt.Errorf("the score %g lies outside the range from %g to %g", x, lo, hi)
	}
	return x, nil
}

// tryAside is try for commands that keep no run: with the answers and scores that a
// record's run kept, or, without a record, with those that are asked for now.
func (e *Env) tryAside(cmd *cobra.Command, s *eval.Setup, r *record.Record) (*trial, error) {
	had := held{baseline: e.baseline(s.Plan)}
	if r != nil {
		had = held{earlierScores{scorers: r.Data.Scorers, judges: r.Run.Judges}, r.Baseline}
	}
	if len(s.Plan.Scorers) == 0 {
		return e.stage(cmd, nil, s, nil, had, nil, 0)
	}
	ws, err := e.openWorkspace(cmd, s.Plan.Dir)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	if r != nil {
		from, err := e.stored(ws, r)
		if err != nil {
			return nil, err
		}
		return e.try(cmd, ws, s, keptBy(r, from), had)
	}
	from, err := e.askAll(cmd.Context(), ws, s, false)
	if err != nil {
		return nil, err
	}
	defer from.close()
	return e.try(cmd, ws, s, from, had)
}
