package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/sandbox"
	"github.com/fairtrial/fairtrial/internal/score"
	"github.com/fairtrial/fairtrial/internal/sqlrun"
	"github.com/fairtrial/fairtrial/internal/store"
)

// world runs what answers wrote, for the scorers that need it.
type world struct {
	dir   string // where relative paths of the plan start
	cache string // folder of outcomes; empty: none are kept
	run   func(s *sandbox.Sandbox, code, tests string) (sandbox.Outcome, error)
	start func(o sandbox.Options) (*sandbox.Sandbox, error)
	rows  func(path string, q score.Query) ([][]any, error)
	boxes map[score.Program]*sandbox.Sandbox // by their settings
	db    sqlrun.Databases
}

// newWorld is for one pass over the answers; ctx ends what runs. Close it.
func newWorld(ctx context.Context, ws *store.Workspace, dir string) *world {
	w := &world{dir: dir, boxes: map[score.Program]*sandbox.Sandbox{}}
	if ws != nil {
		w.cache = filepath.Join(ws.AnswersPath(), "programs")
	}
	w.run = func(s *sandbox.Sandbox, code, tests string) (sandbox.Outcome, error) { return s.Run(ctx, code, tests) }
	w.start = func(o sandbox.Options) (*sandbox.Sandbox, error) { return sandbox.New(ctx, o) }
	w.rows = func(path string, q score.Query) ([][]any, error) {
		return w.db.Rows(ctx, path, q.SQL, q.Timeout, q.MaxRows)
	}
	return w
}

func (w *world) Close() { w.db.Close() }

func settings(p score.Program) score.Program {
	p.Code, p.Tests = "", ""
	return p
}

// Ready finds the interpreter and tries its sandbox.
func (w *world) Ready(p score.Program) error {
	if _, ok := w.boxes[settings(p)]; ok {
		return nil
	}
	s, err := w.start(sandbox.Options{Interpreter: p.Interpreter, Timeout: p.Timeout, Memory: p.Memory, Isolated: p.Isolated, Dir: w.dir})
	if err != nil {
		return err
	}
	w.boxes[settings(p)] = s
	return nil
}

// Run runs a program, unless its outcome is known. That it ran out of time is never kept:
// the machine may have been busy.
func (w *world) Run(p score.Program) score.Ran {
	s := w.boxes[settings(p)]
	key := s.Key(p.Code, p.Tests)
	kept := filepath.Join(w.cache, key[:2], key[2:])
	var o sandbox.Outcome
	if b, err := os.ReadFile(kept); w.cache == "" || err != nil || json.Unmarshal(b, &o) != nil {
		if o, err = w.run(s, p.Code, p.Tests); err != nil {
			return score.Ran{Broken: err.Error()}
		}
		if w.cache != "" && o.Broken == "" && !o.Timed {
			keep(kept, o) // what cannot be kept is run again
		}
	}
	return score.Ran{Passed: o.Passed, Broken: o.Broken, Evidence: o.Evidence}
}

func keep(path string, o sandbox.Outcome) {
	b, err := json.Marshal(o)
	if err != nil || os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(path), "new-")
	if err != nil {
		return
	}
	_, err = f.Write(b)
	if bad := f.Close(); err != nil || bad != nil || os.Rename(f.Name(), path) != nil {
		os.Remove(f.Name())
	}
}

// Rows runs a query.
func (w *world) Rows(q score.Query) ([][]any, error) {
	path := q.Database
	if !filepath.IsAbs(path) {
		path = filepath.Join(w.dir, path)
	}
	rows, err := w.rows(path, q)
	var fe *sqlrun.FileError
	if errors.As(err, &fe) {
		return nil, &score.Unfit{Why: fe.Why}
	}
	return rows, err
}

// Parses says what is wrong with a text as SQL.
func (w *world) Parses(dialect, sql string) string { return w.db.Parses(dialect, sql) }

// grader is a built-in scorer, connected.
func (w *world) grader(sc plan.Scorer) (*answers.Grader, error) {
	g, err := answers.NewGrader(sc)
	if err != nil {
		return nil, err
	}
	if err := g.Connect(w); err != nil {
		return nil, wrong("no program of a model is run without a sandbox, unless the scorer says sandbox: none", "scorer %s: %w", sc.As, err)
	}
	return g, nil
}

// checkScorers looks for what would leave every model ungraded: before any is asked.
func checkScorers(ctx context.Context, s *eval.Setup) (check func(c *answers.Case) error, done func(), err error) {
	w := newWorld(ctx, nil, s.Plan.Dir)
	var list []*answers.Grader
	var groups []*answers.GroupGrader
	for _, sc := range s.Plan.Scorers {
		if sc.BuiltIn() {
			g, err := w.grader(sc)
			if err != nil {
				return nil, w.Close, err
			}
			if list = append(list, g); g.Groups() {
				groups = append(groups, answers.NewGroupGrader(g, s.Plan.Data.Columns, 0))
			}
		}
	}
	return func(c *answers.Case) error {
		for _, g := range groups {
			if err := g.Count(c); err != nil {
				return inCases(s.Plan, err)
			}
		}
		for _, g := range list {
			if err := g.Check(c); err != nil {
				return inCases(s.Plan, err)
			}
		}
		return nil
	}, w.Close, nil
}

var _ score.World = (*world)(nil)
