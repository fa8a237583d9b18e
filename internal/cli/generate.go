package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/provider"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/store"
)

// fileDigest is the SHA-256 of a file.
func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read answers: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read answers: %w", err)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// outputs are the stored answers of a plan's models, by key.
type outputs map[string]string // path of the artifact

var errEnough = errors.New("enough cases")

// eachCase are the cases of a plan that its filter lets through, in reading order.
func eachCase(ctx context.Context, s *eval.Setup) iter.Seq2[*answers.Case, error] {
	return func(yield func(*answers.Case, error) bool) {
		r := answers.NewReader(s.Plan.Data.Columns)
		_, err := emitCases(ctx, s.Request, emission{Fields: []string{"*"}}, func(batch []engine.Case) error {
			for _, x := range batch {
				c, err := r.Read(x)
				if !yield(c, inCases(s.Plan, err)) || err != nil {
					return errEnough
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// inCases puts the name of the cases' file before what is wrong with one of its rows.
func inCases(p *plan.Plan, err error) error {
	var de *engine.DataError
	if errors.As(err, &de) {
		c := *de
		c.Where = p.Data.Source.String() + ", " + de.Where
		return &c
	}
	return err
}

// askers opens the providers of a plan's models and checks every case against them:
// ids, columns, whole requests. Nothing is asked. The caller closes them.
func (e *Env) askers(ctx context.Context, s *eval.Setup) (map[string]*answers.Asker, int64, error) {
	p, out := s.Plan, map[string]*answers.Asker{}
	closed := func(err error) (map[string]*answers.Asker, int64, error) {
		for _, a := range out {
			a.Close()
		}
		return nil, 0, err
	}
	var bad []plan.Problem
	models := p.Answering()
	for _, m := range models {
		a, err := answers.NewAsker(p, m.Answers, e.Getenv)
		if err != nil {
			bad = append(bad, e.modelProblem(p, m, err))
			continue
		}
		out[m.Key] = a
	}
	if len(bad) > 0 {
		return closed(&plan.Errors{List: bad})
	}
	check, done, err := checkScorers(ctx, s)
	defer done()
	if err != nil {
		return closed(err)
	}
	seen, n := map[string]int64{}, int64(0)
	for c, err := range eachCase(ctx, s) {
		if err != nil {
			return closed(err)
		}
		n++
		if first, twice := seen[c.ID]; twice {
			return closed(inCases(p, &engine.DataError{Where: fmt.Sprintf("row %d", c.Row), Msg: fmt.Sprintf("the id %q stands in row %d too", c.ID, first), Hint: "each case needs its own id"}))
		}
		seen[c.ID] = c.Row
		if err := check(c); err != nil {
			return closed(err)
		}
		for _, m := range models {
			if !m.Answers.Recorded() {
				if err := out[m.Key].Check(c); err != nil {
					return closed(inCases(p, fmt.Errorf("models.%s: %w", m.Key, err)))
				}
			}
		}
	}
	if s.Request.Where != nil { // recorded answers may be of cases that the filter drops
		req := s.Request
		req.Where = nil
		_, err := emitCases(ctx, req, emission{}, func(batch []engine.Case) error {
			for _, x := range batch {
				seen[x.ID] = x.Row
			}
			return nil
		})
		if err != nil {
			return closed(err)
		}
	}
	for _, m := range models {
		ids := func(yield func(string) bool) {
			for id := range seen {
				if !yield(id) {
					return
				}
			}
		}
		if err := provider.Strange(out[m.Key].Provider, ids, m.Answers.Samples); err != nil {
			bad = append(bad, e.modelProblem(p, m, err))
		}
	}
	if len(bad) > 0 {
		return closed(&plan.Errors{List: bad})
	}
	return out, n, nil
}

// modelProblem tells of a model's answers as the plan names their file.
func (e *Env) modelProblem(p *plan.Plan, m plan.Model, err error) plan.Problem {
	words := err.Error()
	if m.Answers.Recorded() && !filepath.IsAbs(m.Answers.Source) {
		words = strings.ReplaceAll(words, filepath.Join(p.Dir, m.Answers.Source), m.Answers.Source)
	}
	return p.ModelProblem(m.Key, "%s", words)
}

// asking has the models of a plan answer its cases. close lets go of the providers.
type asking struct {
	e     *Env
	ws    *store.Workspace
	s     *eval.Setup
	ask   map[string]*answers.Asker
	all   int64 // cases of the plan
	fresh bool  // nothing that was kept is used; only until it is asked again
	took  map[string]record.Account
}

// askAll opens the models of a plan; nil where it asks none.
func (e *Env) askAll(ctx context.Context, ws *store.Workspace, s *eval.Setup, fresh bool) (*asking, error) {
	if !s.Plan.Task.Generative() {
		return nil, nil
	}
	a := &asking{e: e, ws: ws, s: s, fresh: fresh, took: map[string]record.Account{}}
	var err error
	if a.ask, a.all, err = e.askers(ctx, s); err != nil {
		return nil, err
	}
	if err := e.judgesReady(ctx, s); err != nil { // before models are paid
		a.close()
		return nil, err
	}
	for _, m := range s.Plan.Answering() {
		if m.Answers.Recorded() {
			if m.Answers.Digest, err = fileDigest(a.ask[m.Key].Source); err != nil {
				a.close()
				return nil, err
			}
		}
	}
	return a, nil
}

func (a *asking) close() {
	if a != nil {
		for _, x := range a.ask {
			x.Close()
		}
	}
}

func (a *asking) most() int64 { return a.all }

// answers has every model answer every case that the setup lets through, cases of them (0:
// all), and keeps the answers.
func (a *asking) answers(cmd *cobra.Command, cases int64) (outputs, []record.Answers, error) {
	if a == nil {
		return nil, nil, nil
	}
	if cases == 0 {
		cases = a.all
	}
	out, runs := outputs{}, []record.Answers{}
	for _, m := range a.s.Plan.Answering() {
		x := a.ask[m.Key]
		took, again := a.took[m.Key]
		o := answers.Options(a.s.Plan, m.Answers)
		o.Total, o.Fresh = int(cases), a.fresh && !again
		run, err := a.e.collectOne(cmd, a.ws, a.s.Plan, collection{what: "models." + m.Key, key: m.Key, folder: []string{m.Key}, of: m.Answers, provider: x.Provider,
			questions: x.Questions(eachCase(cmd.Context(), a.s)), options: o, answers: cases * int64(o.Samples), again: again, took: took, noCache: a.fresh && again})
		if err != nil {
			return nil, nil, err
		}
		a.took[m.Key] = run
		runs = append(runs, record.Answers{Model: m.Key, Account: run})
		if out[m.Key], err = a.ws.Path(run.Digest); err != nil {
			return nil, nil, err
		}
	}
	return out, runs, nil
}

// collection is what is asked of one model or one judge.
type collection struct {
	what      string   // "models.candidate"
	key       string   // for progress
	folder    []string // names the folder of its answers, beside the plan's name
	of        *plan.Answers
	provider  provider.Provider
	questions iter.Seq2[collect.Case, error]
	options   collect.Options
	answers   int64 // that are expected, 0 if unknown
	// again: this run asked before, in an earlier stage, and knows what that took.
	again   bool
	took    record.Account
	noCache bool // what earlier runs kept is not used
}

func (e *Env) collectOne(cmd *cobra.Command, ws *store.Workspace, p *plan.Plan, x collection) (record.Account, error) {
	run := record.Account{Provider: x.of.Provider, Started: e.Now().UTC()}
	o := x.options
	o.Settle = p.Stop != nil
	if x.again {
		run.Started = x.took.Started
		if t := o.Limits.Budget.Time; t > 0 {
			o.Limits.Budget.Time = max(t-time.Duration(x.took.Seconds*float64(time.Second)), time.Nanosecond)
		}
	}
	if x.of.Recorded() { // nothing to resume
		o.Folder = ws.TempPath(newID(e.Now()) + ".answers")
		defer os.RemoveAll(o.Folder)
	} else {
		var err error
		if o.Folder, err = answersFolder(ws, p, x.folder); err != nil {
			return run, err
		}
		o.Cache = filepath.Join(ws.AnswersPath(), "cache")
		if x.noCache {
			o.Cache = ""
		}
		if err := os.MkdirAll(filepath.Join(ws.AnswersPath(), "cache"), 0o755); err != nil {
			return run, fmt.Errorf("keep answers: %w", err)
		}
		var end func()
		o.Progress, end = e.progress(cmd, x.key)
		defer end()
		e.spent.bound(&o.Limits, x.what, e.Now())
	}
	r, err := collect.Run(cmd.Context(), x.questions, x.provider, o)
	if err != nil {
		return run, err
	}
	for _, w := range r.Warnings {
		if x.of.Recorded() {
			break // they speak of calls and their price
		}
		e.info(cmd, "warning: %s: %s", x.what, w)
	}
	if r.Damage != "" {
		e.info(cmd, "warning: %s: %s", x.what, r.Damage)
	}
	run.Calls, run.TokensIn, run.TokensOut, run.USD = r.Spent.Calls, r.Spent.In, r.Spent.Out, result.Number(float64(r.Spent.Pico)/1e12)
	if !x.of.Recorded() { // reading a file costs nothing
		e.spent.book(x.what, run)
	}
	if !r.Complete {
		if r.Reason == collect.CancelledByUser {
			of := ""
			if x.answers > 0 {
				of = " of " + result.Count(x.answers)
			}
			return run, &interrupted{fmt.Sprintf("interrupted: %s: %s%s answers are kept; the same command goes on from there", x.what, result.Count(r.Answered), of)}
		}
		if r.Reason == collect.Halted {
			return run, errHalted
		}
		return run, &failure{exitUnavailable, &fellShort{x.what, r, &e.spent},
			fmt.Sprintf("%s answers are kept; the same command goes on from there", result.Count(r.Answered))}
	}
	run.Cases, run.Answered, run.Seconds = r.Cases, r.Answered, x.took.Seconds+r.Took.Seconds()
	for k, n := range r.Errors {
		run.Errors = append(run.Errors, record.AnswerErrors{Kind: string(k), Samples: n})
	}
	sort.Slice(run.Errors, func(i, j int) bool { return run.Errors[i].Kind < run.Errors[j].Kind })
	run.Digest, err = ws.PutFile(cmd.Context(), r.Artifact)
	return run, err
}

// answersFolder is where the answers of a collection are kept.
func answersFolder(ws *store.Workspace, p *plan.Plan, names []string) (string, error) {
	name, err := record.Digest(append([]string{p.Name}, names...))
	if err != nil {
		return "", err
	}
	return filepath.Join(ws.AnswersPath(), name[len("sha256:"):][:16]), nil
}

// fellShort says why a collection ended early. Who else spent the total budget is known when
// those who are asked at the same time have ended, too.
type fellShort struct {
	what   string
	result collect.Result
	spent  *ledger
}

func (f *fellShort) Error() string {
	why := f.result.Detail
	if others := f.spent.others(f.what); strings.HasPrefix(why, "of limits.total_budget") && others != "" {
		why += " (" + others + ")"
	}
	return fmt.Sprintf("%s: %s: %s", f.what, f.result.Reason, why)
}

// stored are the answers that a record's run kept.
func (e *Env) stored(ws *store.Workspace, r *record.Record) (outputs, error) {
	out := outputs{}
	for _, x := range r.Run.Answers {
		path, err := ws.Check(x.Digest)
		if err != nil {
			return nil, wrong("run this in the workspace of the run, or name it with --workspace", "the answers of models.%s: %w", x.Model, err)
		}
		out[x.Model] = path
	}
	return out, nil
}

// beside walks the cases together with the answers of the models, in the setup's order.
// Where the setup lets through only some of the cases that were asked, the others' answers
// are passed over.
func beside(ctx context.Context, s *eval.Setup, from outputs, f func(c *answers.Case, given []answers.Answer) error) (last int64, err error) {
	var readers []*answers.Beside // nil of a model whose scores an earlier record has
	for _, m := range s.Models {
		if from[m.Key] == "" {
			readers = append(readers, nil)
			continue
		}
		a, err := collect.Open(from[m.Key])
		if err != nil {
			return 0, err
		}
		defer func() { _ = a.Close() }()
		readers = append(readers, answers.NewBeside(a, s.Request.Only != nil))
	}
	samples := map[string]int{}
	for _, m := range s.Plan.Answering() {
		samples[m.Key] = m.Answers.Samples
	}
	given := make([]answers.Answer, len(readers))
	for c, err := range eachCase(ctx, s) {
		if err != nil {
			return 0, err
		}
		for m, r := range readers {
			if r == nil {
				given[m] = answers.WithoutOutput(c, noAnswers)
				continue
			}
			entries, err := r.Of(c.ID)
			if err != nil {
				return 0, changedCases(s, err)
			}
			given[m] = answers.Given(c, entries, samples[s.Models[m].Key])
		}
		if err := f(c, given); err != nil {
			return 0, err
		}
		last = c.Row
	}
	for _, r := range readers {
		if r == nil {
			continue
		}
		if err := r.End(); err != nil {
			return 0, changedCases(s, err)
		}
	}
	return last, nil
}

func changedCases(s *eval.Setup, err error) error {
	return wrong("run the plan again", "%s has changed since the models answered: %w", s.Plan.Data.Source, err)
}
