package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"github.com/spf13/cobra"

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
	facts []engine.Scored
	runs  []record.PluginRun
}

// score has the plan's scorers score every row, or takes the scores that a record's run
// kept (stored), and adds them to the engine's request.
func (e *Env) score(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, stored []engine.Scored) (*scoring, error) {
	out := &scoring{}
	for _, sc := range s.Plan.Scorers {
		facts, path := engine.Scored{}, ""
		for _, x := range stored {
			if x.Scorer == sc.As {
				if found, err := ws.Check(x.Digest); err == nil {
					facts, path = x, found
				}
			}
		}
		if path == "" {
			var run record.PluginRun
			var err error
			if facts, run, err = e.scoreWith(cmd, ws, s, sc); err != nil {
				return nil, err
			}
			out.runs = append(out.runs, run)
			if path, err = ws.Path(facts.Digest); err != nil {
				return nil, err
			}
		}
		out.facts = append(out.facts, facts)
		s.Request.Given = append(s.Request.Given, engine.Given{Scorer: sc.As, Source: path})
	}
	return out, nil
}

// scoreWith asks one scorer about each row and model and keeps its scores.
func (e *Env) scoreWith(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, sc plan.Scorer) (engine.Scored, record.PluginRun, error) {
	p, facts := s.Plan, engine.Scored{Scorer: sc.As, Ungraded: []engine.Ungraded{}}
	t := scoreTable{Texts: make([][]*string, len(s.Models))}
	column := map[string]int{}
	for m, model := range s.Models {
		t.Names, t.Numbers, column[model.Key] = append(t.Names, model.Key), append(t.Numbers, []float64{}), m
	}
	extend := func(n int64) {
		for m := range t.Numbers {
			for int64(len(t.Numbers[m])) < n {
				t.Numbers[m] = append(t.Numbers[m], math.NaN())
			}
		}
	}
	c, err := e.converse(cmd, p, sc.Type, plugin.Scorer, sc.As, func(r plugin.Row, v json.RawMessage) error {
		x, err := scoreOf(sc, v)
		if err == nil {
			t.Numbers[column[r.Model]][r.Row-1] = x
		}
		return err
	})
	if err != nil {
		return facts, record.PluginRun{}, err
	}
	total, err := emitCases(cmd.Context(), s.Request, emission{Fields: c.pr.Offer.Fields, Label: true, Outputs: true}, func(batch []engine.Case) error {
		for _, x := range batch {
			extend(x.Row)
			for m, o := range x.Outputs {
				if o == "" {
					continue // a missing prediction: the row is not used
				}
				if err := c.ask(plugin.Row{ID: x.ID, Row: x.Row, Model: s.Models[m].Key, Output: json.RawMessage(o), Label: raw(x.Label), Fields: json.RawMessage(x.Fields)}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		err = c.flush()
	}
	run, ended := c.end()
	if err == nil {
		err = ended
	}
	if err != nil {
		return facts, run, err
	}
	extend(total)
	facts.Rows = run.Rows
	facts.Ungraded = append(facts.Ungraded, c.failed.list...)
	facts.Digest, err = e.keepTable(cmd.Context(), ws, t, int(total))
	return facts, run, err
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

// scoreAside is score for commands that keep no run.
func (e *Env) scoreAside(cmd *cobra.Command, s *eval.Setup, stored []engine.Scored) (*scoring, error) {
	if len(s.Plan.Scorers) == 0 {
		return &scoring{}, nil
	}
	ws, err := e.openWorkspace(cmd, s.Plan.Dir)
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	return e.score(cmd, ws, s, stored)
}
