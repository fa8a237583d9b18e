package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"path/filepath"
	"strings"

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

// judged is what those said whom a plan's scorers ask: judges, embedding models and classifiers.
type judged struct {
	runs []record.Judging
}

func modelKeys(s *eval.Setup) []string {
	var out []string
	for _, m := range s.Models {
		out = append(out, m.Key)
	}
	return out
}

// judgesReady opens the judges of a plan, so that what cannot be asked is told before
// anything is. Those whose verdicts are kept are not opened.
func (e *Env) judgesReady(ctx context.Context, s *eval.Setup, kept ...record.Judging) error {
	var bad []plan.Problem
	var known map[string]bool
	ids := func() (map[string]bool, error) {
		var err error
		if known == nil {
			known, err = e.caseIDs(ctx, s)
		}
		return known, err
	}
	for _, sc := range s.Plan.Scorers {
		for _, key := range sc.Asks() {
			if _, ok := keptVerdicts(kept, sc, key); ok {
				continue
			}
			err := e.canAsk(s.Plan, sc, key, ids)
			var de *engine.DataError
			switch {
			case errors.As(err, &de):
				return err
			case err != nil:
				bad = append(bad, e.askedProblem(s.Plan, sc, key, err))
			}
		}
	}
	if len(bad) > 0 {
		return &plan.Errors{List: bad}
	}
	return nil
}

// canAsk opens one of those whom a scorer asks, and makes a whole request.
func (e *Env) canAsk(p *plan.Plan, sc plan.Scorer, key string, ids func() (map[string]bool, error)) error {
	if sc.AsksAboutTexts() {
		a, err := answers.NewTextAsker(p, sc, key, e.Getenv)
		if err == nil {
			a.Close()
		}
		return err
	}
	a, err := answers.NewJudgeAsker(p, sc.Judge, key, e.Getenv)
	if err == nil {
		err = a.Check(ids)
		a.Close()
	}
	return err
}

// caseIDs are the ids of all cases, those that the filter drops too: recorded verdicts may
// be on them.
func (e *Env) caseIDs(ctx context.Context, s *eval.Setup) (map[string]bool, error) {
	out := map[string]bool{}
	req := s.Request
	req.Where = nil
	_, err := emitCases(ctx, req, emission{}, func(batch []engine.Case) error {
		for _, x := range batch {
			out[x.ID] = true
		}
		return nil
	})
	return out, err
}

// askedProblem tells of a judge as the plan names its file, and of an embedding model or a classifier.
func (e *Env) askedProblem(p *plan.Plan, sc plan.Scorer, key string, err error) plan.Problem {
	words := err.Error()
	if a := p.Asked(sc, key); a != nil && a.Recorded() && !filepath.IsAbs(a.Source) {
		words = strings.ReplaceAll(words, filepath.Join(p.Dir, a.Source), a.Source)
	}
	return p.AskedProblem(sc, key, "%s", words)
}

// keptVerdicts finds what a judge said for a scorer in an earlier run. A judge that is
// another by any part is asked, and so is one whose calls failed in a way that may pass.
func keptVerdicts(kept []record.Judging, sc plan.Scorer, key string) (record.Judging, bool) {
	for _, k := range kept {
		if k.Judge != key || k.Identity != sc.Identity() {
			continue
		}
		for _, x := range k.Errors {
			if !collect.Lasting(provider.Kind(x.Kind)) {
				return k, false
			}
		}
		k.Scorer = sc.As
		return k, true
	}
	return record.Judging{}, false
}

// items are the answers that a judge has to read, in the order of the cases.
func (e *Env) items(ctx context.Context, s *eval.Setup, from outputs, sc plan.Scorer, a *answers.JudgeAsker, recorded bool) iter.Seq2[collect.Case, error] {
	return func(yield func(collect.Case, error) bool) {
		keys := modelKeys(s)
		_, err := beside(ctx, s, from, func(c *answers.Case, given []answers.Answer) error {
			for _, x := range answers.Items(&sc.Judge.Rubric, c, keys, given, recorded) {
				if x.Known == nil && !yield(a.First(x), nil) {
					return errEnough
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(collect.Case{}, err)
		}
	}
}

// of finds what a judge said for a scorer.
func (j *judged) of(sc plan.Scorer, key string) (record.Judging, error) {
	for _, r := range j.runs {
		if r.Scorer == sc.As && r.Judge == key {
			return r, nil
		}
	}
	return record.Judging{}, fmt.Errorf("nothing is kept of %s for %s", key, sc.As)
}

// inOrder reads what the judges of a scorer said in the order in which it was asked; with
// some, of a part of the cases.
func (j *judged) inOrder(ws *store.Workspace, sc plan.Scorer, some bool) (answers.Lookup, func(), error) {
	files, done, err := j.open(ws, sc)
	if err != nil {
		return nil, done, err
	}
	var readers []*answers.Beside
	for _, f := range files {
		readers = append(readers, answers.NewBeside(f, some))
	}
	return func(judge int, id string) ([]*collect.Entry, error) { return readers[judge].Of(id) }, func() {
		for _, r := range readers {
			_ = r.End()
		}
		done()
	}, nil
}

// byID reads what the judges of a scorer said about single items.
func (j *judged) byID(ws *store.Workspace, sc plan.Scorer) (answers.Lookup, func(), error) {
	files, done, err := j.open(ws, sc)
	return func(judge int, id string) ([]*collect.Entry, error) {
		entries, err := files[judge].Case(id)
		if errors.Is(err, collect.ErrNoCase) {
			return nil, nil
		}
		return entries, err
	}, done, err
}

func (j *judged) open(ws *store.Workspace, sc plan.Scorer) (files []*collect.Artifact, done func(), err error) {
	done = func() {
		for _, f := range files {
			_ = f.Close()
		}
	}
	for _, key := range sc.Asks() {
		r, err := j.of(sc, key)
		if err != nil {
			return nil, done, err
		}
		path, err := ws.Path(r.Digest)
		if err != nil {
			return nil, done, err
		}
		f, err := collect.Open(path)
		if err != nil {
			return nil, done, err
		}
		files = append(files, f)
	}
	return files, done, nil
}

// seedOf is where intervals by resampling start: the plan's seed, else 0.
func seedOf(p *plan.Plan) uint64 {
	if p.Seed != nil {
		return *p.Seed
	}
	return 0
}

// judgeFindings are what a reader of the result should know of its judges.
func judgeFindings(scorers []engine.Scored) []engine.Finding {
	var out []engine.Finding
	for _, sc := range scorers {
		j := sc.Judge
		if j == nil {
			continue
		}
		for _, f := range j.SameFamily {
			out = append(out, engine.Finding{Code: "judge_of_same_family", Text: fmt.Sprintf("%s: %s: a judge may favour its own family", sc.Scorer, f)})
		}
		if f := j.Flips; f != nil && f.N > 0 {
			text := fmt.Sprintf("%s: the judge turns with the order of the answers in %s of %s comparisons (%s to %s); they count as ties", sc.Scorer, f.Value.Short(), result.Count(f.N), f.Lower.Short(), f.Upper.Short())
			if p := j.FirstPlace; p != nil && p.N > 0 {
				text += fmt.Sprintf("; in %s of %s it prefers the first place both times", result.Count(int64(math.Round(float64(p.Value)*float64(p.N)))), result.Count(p.N))
			}
			out = append(out, engine.Finding{Code: "judge_flips", Text: text})
		}
		graded := int64(0)
		for _, x := range j.Judges {
			graded += x.Verdicts - x.Ungraded
		}
		if j.Weighted > 0 && j.Weighted < graded {
			out = append(out, engine.Finding{Code: "judge_partly_weighted", Text: fmt.Sprintf("%s: %s of %s verdicts are weighted by probabilities, the others are levels: the judge did not always give them", sc.Scorer, result.Count(j.Weighted), result.Count(graded))})
		}
	}
	return out
}

// listedJudge is a judge as programs read it before the plan is run.
type listedJudge struct {
	Scorer   string   `json:"scorer"`
	Judges   []string `json:"judges"`
	Repeats  int      `json:"repeats"`
	Identity string   `json:"identity"`
}

func judgeList(p *plan.Plan) []listedJudge {
	out := []listedJudge{}
	for _, sc := range p.Scorers {
		if sc.IsJudge() {
			out = append(out, listedJudge{sc.As, sc.Judge.Judges, sc.Judge.Repeats, sc.Judge.Identity})
		}
	}
	return out
}

// judgeLines say who will judge, and how many verdicts that makes at the most.
func judgeLines(p *plan.Plan, rows int64) []string {
	var out []string
	for _, sc := range p.Scorers {
		if sc.Asks() == nil {
			continue
		}
		perCase := int64(0)
		for _, m := range p.Answering() {
			perCase += int64(m.Answers.Samples)
		}
		if sc.AsksAboutTexts() {
			out = append(out, textsLine(sc, rows, perCase))
			continue
		}
		line := fmt.Sprintf("judge %s: %s, %s", sc.As, strings.Join(sc.Judge.Judges, " + "), sc.Judge.Identity)
		if rows > 0 {
			line += fmt.Sprintf(", up to %s verdicts", result.Count(rows*perCase*int64(sc.Judge.Repeats)*int64(len(sc.Judge.Judges))))
			if n := sc.Judge.Rubric.Questions(); n > 1 {
				line += fmt.Sprintf(", each of up to %d questions", n)
			}
		}
		out = append(out, line)
	}
	return out
}
