package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/answers"
	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/score"
	"github.com/fairtrial/fairtrial/internal/store"
)

// wholeCase is one case with all that is known of it.
type wholeCase struct {
	ID     string         `json:"id"`
	Row    int64          `json:"row"`
	Case   map[string]any `json:"case"` // its columns
	Models []caseAnswer   `json:"models"`
}

type caseAnswer struct {
	Model   string       `json:"model"`
	Samples []caseSample `json:"samples"`
	Scores  []caseScore  `json:"scores"`
}

type caseSample struct {
	Sample    int           `json:"sample"`
	Output    *string       `json:"output"`
	NoOutput  string        `json:"no_output,omitempty"`
	Contexts  []string      `json:"contexts,omitempty"`
	LatencyMS result.Number `json:"latency_ms"`
	TokensOut result.Number `json:"tokens_out"`
	USD       result.Number `json:"usd"`
}

type caseScore struct {
	Scorer   string        `json:"scorer"`
	Value    result.Number `json:"value"`
	Ungraded string        `json:"ungraded,omitempty"`
	Evidence string        `json:"evidence,omitempty"`
	// Verdicts are what judges said about the first sample.
	Verdicts []record.CaseVerdict `json:"verdicts,omitempty"`
}

// generative opens what a record of a generative task was made of.
func (e *Env) generative(cmd *cobra.Command, name string) (*record.Record, *eval.Setup, outputs, func(), error) {
	none := func() {}
	r, dir, err := e.soundRecord(cmd, name)
	if err != nil {
		return nil, nil, nil, none, err
	}
	if !r.Plan.Task.Generative() {
		return nil, nil, nil, none, wrong("", "%s is of task %s: it keeps no answers", name, r.Plan.Task)
	}
	p, err := clonePlan(r.Plan)
	if err != nil {
		return nil, nil, nil, none, err
	}
	p.Dir = e.planDir(r, dir)
	if err := e.refetch(cmd, p, r); err != nil {
		return nil, nil, nil, none, err
	}
	s, err := eval.Prepare(p, catalogue())
	if err != nil {
		return nil, nil, nil, none, err
	}
	ws, err := e.openWorkspace(cmd, p.Dir)
	if err != nil {
		return nil, nil, nil, none, err
	}
	from, err := e.stored(ws, r)
	if err != nil {
		_ = ws.Close()
		return nil, nil, nil, none, err
	}
	return r, s, from, func() { _ = ws.Close() }, nil
}

// showCase prints one case whole: its columns, each model's answers, each scorer's score.
func (e *Env) showCase(cmd *cobra.Command, name, id string, asJSON bool) error {
	r, s, from, done, err := e.generative(cmd, name)
	if err != nil {
		return err
	}
	defer done()
	found, err := findCase(cmd.Context(), s, id)
	if err != nil {
		return err
	}
	if found == nil {
		return wrong("", "%s has no case %q", s.Plan.Data.Source, id)
	}
	runs := newWorld(cmd.Context(), nil, s.Plan.Dir)
	defer runs.Close()
	w := wholeCase{ID: id, Row: found.Row, Case: found.Vars, Models: []caseAnswer{}}
	var all []answers.Answer
	for _, m := range s.Plan.Answering() {
		a, err := collect.Open(from[m.Key])
		if err != nil {
			return err
		}
		entries, err := a.Case(id)
		_ = a.Close()
		if err != nil && !errors.Is(err, collect.ErrNoCase) {
			return err
		}
		all = append(all, answers.Given(found, entries, m.Answers.Samples))
		x, err := e.caseAnswer(s, runs, m.Key, all[len(all)-1])
		if err != nil {
			return err
		}
		w.Models = append(w.Models, x)
	}
	ws, err := e.openWorkspace(cmd, s.Plan.Dir)
	if err != nil {
		return err
	}
	defer ws.Close()
	if err := w.judged(ws, s, r, found, all); err != nil {
		return err
	}
	if err := w.builtOn(s.Plan.Scorers, all); err != nil {
		return err
	}
	if err := w.inGroups(cmd.Context(), ws, s.Plan.Scorers, r.Data.Scorers); err != nil {
		return err
	}
	if asJSON {
		return writeJSON(e.Stdout, w)
	}
	return w.print(e)
}

// findCase reads one case; of the others it looks at the id alone. nil where there is none.
func findCase(ctx context.Context, s *eval.Setup, id string) (found *answers.Case, err error) {
	_, err = emitCases(ctx, s.Request, emission{Fields: []string{"*"}}, func(batch []engine.Case) error {
		for _, x := range batch {
			if x.ID != id {
				continue
			}
			var err error
			if found, err = answers.NewReader(s.Plan.Data.Columns).Read(x); err != nil {
				return inCases(s.Plan, err)
			}
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}

// caseAnswer is what a model gave for a case. Built-in scorers say it again, with their
// evidence; plug-ins are not asked again.
func (e *Env) caseAnswer(s *eval.Setup, runs *world, key string, given answers.Answer) (caseAnswer, error) {
	out := caseAnswer{Model: key, Samples: []caseSample{}, Scores: []caseScore{}}
	number := func(x *float64) result.Number {
		if x == nil {
			return result.None()
		}
		return result.Number(*x)
	}
	for k := range given.Samples {
		g := &given.Samples[k]
		x := caseSample{Sample: k, NoOutput: g.NoOutput, LatencyMS: number(g.Latency), TokensOut: number(g.TokensOut), USD: number(g.CostUSD)}
		if g.NoOutput == "" {
			x.Output = &g.Output
			for _, c := range g.Contexts {
				x.Contexts = append(x.Contexts, strings.TrimSpace(c.ID+" "+c.Text))
			}
		}
		out.Samples = append(out.Samples, x)
	}
	for _, sc := range s.Plan.Scorers {
		if !sc.BuiltIn() || sc.BuildsOn() != "" {
			continue
		}
		g, err := answers.NewGrader(sc)
		if err != nil {
			return out, err
		}
		if g.Groups() {
			continue // see inGroups
		}
		v := score.Score{}
		if err := g.Connect(runs); err != nil {
			v.Reason = err.Error()
		} else {
			v = g.Grade(given)
		}
		out.Scores = append(out.Scores, shownScore(sc.As, v))
	}
	return out, nil
}

// judged adds what judges, embedding models and classifiers said.
func (w *wholeCase) judged(ws *store.Workspace, s *eval.Setup, r *record.Record, c *answers.Case, given []answers.Answer) error {
	said := &judged{runs: r.Run.Judges}
	var keys []string
	for _, m := range s.Plan.Answering() {
		keys = append(keys, m.Key)
	}
	for _, sc := range s.Plan.Scorers {
		if sc.Asks() == nil {
			continue
		}
		read, done, err := said.byID(ws, sc)
		if err != nil {
			done()
			return err
		}
		var g saidGrader
		words := func(int) []record.CaseVerdict { return nil }
		if sc.AsksAboutTexts() {
			g, err = textsGrader(sc, read)
		} else {
			j := answers.NewJudgeGrader(s.Plan, sc, keys, read)
			g, words = j, j.Words
		}
		var scores []score.Score
		if err == nil {
			scores, err = g.Grade(c, given)
		}
		done()
		if err != nil {
			return err
		}
		for m, x := range scores {
			out := shownScore(sc.As, x)
			out.Verdicts = words(m)
			w.Models[m].Scores = append(w.Models[m].Scores, out)
		}
	}
	return nil
}

func (w wholeCase) print(e *Env) error {
	out := func(format string, args ...any) { fmt.Fprintf(e.Stdout, format, args...) }
	out("case %s (row %d)\n", w.ID, w.Row)
	for _, k := range sortedNames(w.Case) {
		out("  %s: %s\n", k, oneLine(w.Case[k]))
	}
	for _, m := range w.Models {
		for _, x := range m.Samples {
			what := "models." + m.Model
			if len(m.Samples) > 1 {
				what += fmt.Sprintf(", sample %d", x.Sample)
			}
			var facts []string
			if x.LatencyMS.Known() {
				facts = append(facts, x.LatencyMS.Short()+" ms")
			}
			if x.TokensOut.Known() {
				facts = append(facts, x.TokensOut.Short()+" tokens")
			}
			if x.USD.Known() {
				facts = append(facts, x.USD.Short()+" USD")
			}
			if len(facts) > 0 {
				what += " (" + strings.Join(facts, ", ") + ")"
			}
			out("\n%s\n", what)
			if x.Output == nil {
				out("  no output: %s\n", x.NoOutput)
				continue
			}
			for line := range strings.SplitSeq(*x.Output, "\n") {
				out("  | %s\n", strings.Map(visible, line))
			}
		}
		if len(m.Scores) == 0 { // none that can be said again without asking a plug-in or a judge
			continue
		}
		rows := [][]string{{"  SCORER", "SCORE", "EVIDENCE"}}
		for _, s := range m.Scores {
			value, why := s.Value.Short(), s.Evidence
			if s.Ungraded != "" {
				value, why = "ungraded", s.Ungraded
			}
			rows = append(rows, []string{"  " + s.Scorer, value, oneLine(why)})
		}
		if err := writeTable(e.Stdout, rows); err != nil {
			return err
		}
		for _, s := range m.Scores {
			for _, v := range s.Verdicts {
				printVerdict(out, s.Scorer, v)
			}
		}
	}
	return nil
}

// printVerdict prints a judge's level, evidence and reasoning.
func printVerdict(out func(string, ...any), scorer string, v record.CaseVerdict) {
	head := fmt.Sprintf("  %s, judges.%s, repeat %d: ", scorer, v.Judge, v.Repeat)
	if v.Ungraded != "" {
		head += "ungraded: " + oneLine(v.Ungraded)
	} else {
		head += oneLine(v.Level) + " (" + v.Value.Short() + ")"
	}
	out("%s\n", head)
	said := func(evidence []string, reasoning string) {
		for _, x := range evidence {
			out("    > %s\n", oneLine(x))
		}
		if reasoning != "" {
			out("    %s\n", oneLine(reasoning))
		}
	}
	if v.Steps == nil {
		said(v.Evidence, v.Reasoning)
	}
	for _, s := range v.Steps {
		mark := ":"
		if strings.HasSuffix(s.Ask, "?") {
			mark = ""
		}
		out("    %s%s %s\n", oneLine(s.Ask), mark, oneLine(s.Choice))
		said(s.Evidence, s.Reasoning)
	}
}

// visible keeps an answer from steering the terminal.
func visible(r rune) rune {
	if r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 {
		return '\ufffd'
	}
	return r
}
