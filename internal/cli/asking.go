package cli

import (
	"context"
	"errors"
	"sync"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/store"
)

// consulted is one of those whom a scorer asks.
type consulted struct {
	sc  plan.Scorer
	key string
	at  int // its place in the result
}

// judge has judges read the stored answers, each once for a scorer, and keeps what they
// say; embedding models and classifiers likewise. What is kept is not asked for. Those who
// do not wait for the same server are asked at the same time. When one ends early, the others
// ask nothing new.
func (e *Env) judge(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, from outputs, scorers []plan.Scorer, was earlierScores) (*judged, error) {
	out, queues := &judged{}, inQueues{plan: s.Plan}
	for _, sc := range scorers {
		for _, key := range sc.Asks() {
			x := consulted{sc, key, len(out.runs)}
			if k, ok := keptVerdicts(was.judges, sc, key); ok && !was.fresh {
				if _, err := ws.Check(k.Digest); err == nil {
					out.runs = append(out.runs, k)
					if k.Provider != "recorded" {
						e.spent.book(askedBy(sc, key), k.Account)
					}
					continue
				}
			}
			out.runs = append(out.runs, record.Judging{})
			if err := e.remembered(ws, s.Plan, x, was); err != nil {
				return nil, err
			}
			queues.add(x)
		}
	}
	halt, errs := make(chan struct{}), make([]error, len(out.runs))
	var all sync.WaitGroup
	var once sync.Once
	for _, queue := range queues.list {
		all.Go(func() {
			for _, x := range queue {
				select {
				case <-halt:
					return
				default:
				}
				if out.runs[x.at], errs[x.at] = e.askOne(cmd, ws, s, from, x, was, halt); errs[x.at] != nil {
					once.Do(func() { close(halt) })
					return
				}
			}
		})
	}
	all.Wait()
	var halted error
	for _, err := range errs {
		switch {
		case errors.Is(err, errHalted):
			halted = err
		case err != nil:
			return nil, err
		}
	}
	return out, halted
}

// errHalted ends a collection because of another one, whose error is told.
var errHalted = errors.New("another collection ended early")

// remembered books what earlier sessions spent on one that will be asked, before others that
// are asked at the same time spend what is left.
func (e *Env) remembered(ws *store.Workspace, p *plan.Plan, x consulted, was earlierScores) error {
	again, _ := was.stage(x.sc, x.key)
	if p.Limits.Total == (plan.Budget{}) || again || was.fresh || p.Asked(x.sc, x.key).Recorded() {
		return nil
	}
	folder, err := answersFolder(ws, p, folderOf(x))
	if err != nil {
		return err
	}
	spent, err := collect.Remembered(folder)
	if err == nil {
		e.spent.remember(askedBy(x.sc, x.key), spent)
	}
	return err
}

// inQueues puts those who are asked into queues that go on at the same time.
type inQueues struct {
	plan *plan.Plan
	of   map[string]int
	list [][]consulted
}

// add puts one in the queue of its server and model: one model asked twice would be asked
// faster than its limits say, and would be paid twice for what two scorers ask alike. All
// models of a server are in one queue where it has one at a time in memory (ollama), and where
// the plan bounds requests a minute. Files wait for nobody.
func (q *inQueues) add(x consulted) {
	a := q.plan.Asked(x.sc, x.key)
	name := []string{a.Provider, a.BaseURL, a.Model, a.Source}
	switch {
	case a.Provider == "command":
		name = append(name, a.Command...)
	case a.Recorded():
		name = append(name, x.sc.As, x.key)
	case a.Provider == "ollama" || q.plan.Limits.RequestsPerMinute > 0:
		name[2] = ""
	}
	id, _ := record.Digest(name) // of strings: it cannot fail
	if q.of == nil {
		q.of = map[string]int{}
	}
	at, ok := q.of[id]
	if !ok {
		at = len(q.list)
		q.of[id], q.list = at, append(q.list, nil)
	}
	q.list[at] = append(q.list[at], x)
}

// folderOf names the folder of what one says for a scorer.
func folderOf(x consulted) []string {
	return []string{map[bool]string{true: "texts", false: "judges"}[x.sc.AsksAboutTexts()], x.sc.As, x.key}
}

// askedBy names what is asked for a scorer: "judges.strict for helpful".
func askedBy(sc plan.Scorer, key string) string {
	if !sc.AsksAboutTexts() {
		key = "judges." + key
	}
	return key + " for " + sc.As
}

// askOne has one judge, embedding model or classifier read the stored answers.
func (e *Env) askOne(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, from outputs, who consulted, was earlierScores, halt <-chan struct{}) (record.Judging, error) {
	sc, key, of := who.sc, who.key, s.Plan.Asked(who.sc, who.key)
	run := record.Judging{Scorer: sc.As, Judge: key, Identity: sc.Identity()}
	x := collection{what: askedBy(sc, key), key: sc.As + " by " + key, folder: folderOf(who), of: of, options: answers.Options(s.Plan, of)}
	x.again, x.took = was.stage(sc, key)
	x.noCache = was.fresh && x.again
	x.options.Fresh, x.options.Halt = was.fresh && !x.again, halt
	open := e.openJudge
	if sc.AsksAboutTexts() {
		open = e.openReader
	}
	closed, err := open(cmd.Context(), s, from, who, &x)
	if err != nil {
		return run, &plan.Errors{List: []plan.Problem{e.askedProblem(s.Plan, sc, key, err)}}
	}
	defer closed()
	run.Account, err = e.collectOne(cmd, ws, s.Plan, x)
	return run, err
}

func (e *Env) openJudge(ctx context.Context, s *eval.Setup, from outputs, who consulted, x *collection) (closed func(), err error) {
	a, err := answers.NewJudgeAsker(s.Plan, who.sc.Judge, who.key, e.Getenv)
	if err != nil {
		return nil, err
	}
	x.provider, x.questions = a.Provider, e.items(ctx, s, from, who.sc, a, x.of.Recorded())
	x.options.Samples, x.options.Next = who.sc.Judge.Repeats, a.Next
	return func() { a.Close() }, nil
}

// openReader opens an embedding model or a classifier: it reads what answers are compared
// with, too.
func (e *Env) openReader(ctx context.Context, s *eval.Setup, from outputs, who consulted, x *collection) (closed func(), err error) {
	a, err := answers.NewTextAsker(s.Plan, who.sc, who.key, e.Getenv)
	if err != nil {
		return nil, err
	}
	x.provider, x.questions = a.Provider, e.texts(ctx, s, from, a)
	if x.of.API != "" {
		x.options.MaxTokens = 1 // for the budget: vectors and categories are no tokens
	}
	return func() { a.Close() }, nil
}
