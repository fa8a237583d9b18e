package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/promptfoo"
	"github.com/fairtrial/fairtrial/internal/result"
)

// importPromptfoo writes a plan, cases and prompts of a promptfoo configuration; with the
// results of its run the models are what they answered then.
func (e *Env) importPromptfoo(cmd *cobra.Command, file, results string, w *draftFiles) error {
	m, err := promptfoo.Read(e.path(file), file)
	if err != nil {
		return wrong("", "%w", err)
	}
	columns := caseColumnNames(m)
	d := plan.TextDraft{Name: m.Name, Task: "generation", Source: "cases.jsonl", Columns: [][2]string{{"id", columns.id}, {"checks", columns.checks}}}
	if d.Name == "" {
		d.Name = "from-promptfoo"
	}
	d.Notes = append(d.Notes, "Made by `fairtrial init` from "+file+".")
	if results == "" {
		err = e.promptfooModels(m, &d, w)
	} else {
		err = e.promptfooAnswers(m, &d, w, results)
	}
	if err != nil {
		return err
	}
	bare := e.promptfooCases(m, columns, w)
	if m.Partial > 0 {
		d.Hints = append(d.Hints, fmt.Sprintf("%s of %s cases miss a check that could not be carried (column %s): their totals are of the others.", result.Count(int64(m.Partial)), result.Count(int64(len(m.Cases))), columns.left),
			fmt.Sprintf("where: %q   # those with all their checks", columns.left+" = 0"))
	}
	if bare > 0 {
		d.Hints = append(d.Hints, fmt.Sprintf("%s cases have no checks: they are ungraded (promptfoo passes them).", result.Count(int64(bare))))
	}
	if len(m.Filled) > 0 {
		d.Hints = append(d.Hints, "Cases without "+strings.Join(m.Filled, ", ")+" hold an empty text there, as promptfoo renders it.")
	}
	if m.AtOnce > 0 && results == "" {
		d.Limits = fmt.Sprintf("{concurrency: %d}", m.AtOnce)
	}
	promptfooScorers(m, &d, w, results != "")
	for _, l := range m.Left {
		d.Notes = append(d.Notes, "NOT CARRIED "+l.String())
	}
	w.put(w.plan, []byte(plan.WriteTexts(d)))
	if err := w.write(); err != nil {
		return err
	}
	checks := 0
	for _, c := range m.Cases {
		checks += len(c.Checks)
	}
	fmt.Fprintf(e.Stdout, "wrote %s: %s cases, %s checks, %d model(s)\n", strings.Join(w.shown(), ", "), result.Count(int64(len(m.Cases))), result.Count(int64(checks)), len(m.Models))
	for _, l := range m.Left {
		e.info(cmd, "not carried: %s", l)
	}
	e.info(cmd, "next: read %s, then `fairtrial run %s`", w.out, w.out)
	return nil
}

type importedColumns struct{ id, checks, left, description string }

// caseColumnNames are names that no variable of the configuration has.
func caseColumnNames(m *promptfoo.Import) importedColumns {
	free := func(name string) string {
		for slices.ContainsFunc(m.Cases, func(c promptfoo.Case) bool { _, taken := c.Vars[name]; return taken }) {
			name += "_"
		}
		return name
	}
	return importedColumns{free("case"), free("checks"), free("not_carried"), free("description")}
}

// promptfooCases writes a line a case and counts those without checks.
func (e *Env) promptfooCases(m *promptfoo.Import, columns importedColumns, w *draftFiles) (bare int) {
	var out bytes.Buffer
	for _, c := range m.Cases {
		row := map[string]any{}
		for k, v := range c.Vars {
			row[k] = v
		}
		row[columns.left] = len(c.Left)
		if c.Description != "" {
			row[columns.description] = c.Description
		}
		var checks any = c.Checks
		if len(c.Checks) == 0 {
			bare++
			checks = []any{}
		} else if c.Threshold != nil {
			checks = map[string]any{"of": c.Checks, "threshold": *c.Threshold}
		}
		writeRow(&out, [][2]any{{columns.id, c.ID}}, row, [][2]any{{columns.checks, checks}})
	}
	w.put("cases.jsonl", out.Bytes())
	return bare
}

// writeRow writes one JSON object: first, the rest by name, last.
func writeRow(out *bytes.Buffer, first [][2]any, rest map[string]any, last [][2]any) {
	fields := append([][2]any{}, first...)
	for _, k := range sortedNames(rest) {
		fields = append(fields, [2]any{k, rest[k]})
	}
	out.WriteByte('{')
	for i, f := range append(fields, last...) {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(jsonOf(f[0]))
		out.WriteByte(':')
		out.Write(jsonOf(f[1]))
	}
	out.WriteString("}\n")
}

// jsonOf writes plain values, with < and & as they are.
func jsonOf(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte("null") // plain values alone come here
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

var notAName = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// modelKey is the key of the i-th model of a plan.
func modelKey(i int) string {
	switch i {
	case 0:
		return "candidate"
	case 1:
		return "baseline"
	}
	return fmt.Sprintf("model_%d", i+1)
}

func modelName(m *promptfoo.Import, i int) string {
	name := m.Models[i].Provider
	if len(m.Prompts) > 1 {
		name += fmt.Sprintf(", prompt %d", m.Models[i].Prompt+1)
	}
	return name
}

const choiceOfBaseline = "A CHOICE TO MAKE: promptfoo has no baseline; the first column is the candidate here, the second the baseline."

func (e *Env) promptfooModels(m *promptfoo.Import, d *plan.TextDraft, w *draftFiles) error {
	for i, p := range m.Prompts {
		if p.Messages == nil {
			continue
		}
		var b strings.Builder
		fmt.Fprintf(&b, "# Prompt %d, for `prompt` of a model in the plan.\nmessages:\n", i+1)
		for _, t := range p.Messages {
			fmt.Fprintf(&b, "  - role: %s\n    content: %s\n", t.Role, jsonOf(t.Content))
		}
		w.put(fmt.Sprintf("prompts/prompt-%d.yaml", i+1), []byte(b.String()))
	}
	for i, x := range m.Models {
		t := plan.TextModel{Key: modelKey(i), Keys: [][2]string{{"name", plan.Quote(modelName(m, i))}}}
		if i == 0 && len(m.Models) > 1 {
			t.Comment = choiceOfBaseline
		}
		if x.Keys == nil {
			t.Comment = strings.TrimSpace(t.Comment + "\nFILL IN who answers: this provider or its prompt could not be carried. Or record its answers as lines {id, output}.")
			t.Keys = append(t.Keys, [2]string{"provider", "recorded"}, [2]string{"source", fmt.Sprintf("answers-%d.jsonl", i+1)})
		} else {
			t.Keys = append(t.Keys, x.Keys...)
			t.Keys = append(t.Keys, [2]string{"prompt", fmt.Sprintf("prompts/prompt-%d.yaml", x.Prompt+1)})
		}
		if m.Samples > 1 {
			t.Keys = append(t.Keys, [2]string{"samples", fmt.Sprint(m.Samples)})
		}
		d.Models = append(d.Models, t)
	}
	return nil
}

// promptfooAnswers takes the models' answers from the results of promptfoo's own run.
func (e *Env) promptfooAnswers(m *promptfoo.Import, d *plan.TextDraft, w *draftFiles, results string) error {
	files := make([]bytes.Buffer, len(m.Models))
	err := m.Results(e.path(results), results, func(a promptfoo.Answer) error {
		line := map[string]any{}
		for k, v := range map[string]*float64{"latency_ms": a.LatencyMS, "cost_usd": a.CostUSD} {
			if v != nil && *v >= 0 {
				line[k] = *v
			}
		}
		for k, v := range map[string]*int64{"tokens_in": a.In, "tokens_out": a.Out} {
			if v != nil {
				line[k] = *v
			}
		}
		if a.Output == nil {
			line = map[string]any{"error": a.Error}
		} else {
			line["output"], line["scores"] = *a.Output, a.Scores
		}
		first := [][2]any{{"id", m.Cases[a.Case].ID}}
		if m.Samples > 1 {
			first = append(first, [2]any{"sample", a.Sample})
		}
		writeRow(&files[a.Model], first, line, nil)
		return nil
	})
	if err != nil {
		return wrong("", "%w", err)
	}
	d.Notes = append(d.Notes, "The answers are those of "+results+"; promptfoo's own verdicts stand beside them (type recorded).")
	for i := range m.Models {
		name := fmt.Sprintf("answers-%d.jsonl", i+1)
		w.put(name, files[i].Bytes())
		t := plan.TextModel{Key: modelKey(i), Keys: [][2]string{{"name", plan.Quote(modelName(m, i))}, {"provider", "recorded"}, {"source", name}}}
		if i == 0 && len(m.Models) > 1 {
			t.Comment = choiceOfBaseline
		}
		if m.Samples > 1 {
			t.Keys = append(t.Keys, [2]string{"samples", fmt.Sprint(m.Samples)})
		}
		d.Models = append(d.Models, t)
	}
	return nil
}

// promptfooScorers are the test's verdict and score, its named scores, and the share of
// each type that passes.
func promptfooScorers(m *promptfoo.Import, d *plan.TextDraft, w *draftFiles, recorded bool) {
	add := func(format string, args ...any) { d.Scorers = append(d.Scorers, fmt.Sprintf(format, args...)) }
	if len(m.Types) > 0 {
		add("{type: checks, as: passed}                 # the test passes, as in promptfoo")
		add("{type: checks, give: score, as: score}     # its score: the mean of the checks by weight")
	} else {
		add("# No check could be carried: FILL IN what makes an answer good.")
		add("{type: length, as: characters}")
	}
	taken := map[string]bool{"passed": true, "score": true, "latency": true, "cost": true, "tokens_in": true, "tokens_out": true}
	name := func(s string) string {
		s = strings.Trim(notAName.ReplaceAllString(s, "_"), "_.-")
		if s == "" || s[0] >= '0' && s[0] <= '9' {
			s = "metric_" + s
		}
		for taken[s] {
			s += "_2"
		}
		taken[s] = true
		return s
	}
	for _, x := range m.Metrics {
		add("{type: checks, metric: %s, as: %s}%s", plan.Quote(x), plan.Quote(name(x)), notAll(m, func(c map[string]any) bool { return c["as"] == x }))
	}
	for _, x := range m.Types {
		if len(m.Types) > 1 {
			line := fmt.Sprintf("{type: checks, of: %s, as: %s}", x, name(strings.ReplaceAll(x, "-", "_")+"_passed"))
			if some := notAll(m, func(c map[string]any) bool { return c["type"] == x }); some != "" {
				line = "# - " + line + some
			}
			add("%s", line)
		}
	}
	if recorded {
		add("{type: recorded, score: promptfoo_pass, pass_fail: true, as: promptfoo_pass}    # what promptfoo said")
		add("{type: recorded, score: promptfoo_score, min: 0, max: 1, as: promptfoo_score}")
	}
	promptfooJudges(m, d, w, add, name)
	d.Gates = []string{"# No gate yet, so nothing is decided. For example:"}
	if len(m.Models) > 1 {
		d.Gates = append(d.Gates, "# gates:", "#   - {metric: passed, no_worse_than: baseline, margin: 0.02, why: the harm this guards against}")
	} else {
		d.Gates = append(d.Gates, "# gates:", "#   - {metric: passed, at_least: 0.9, why: the harm this guards against}")
	}
}

// promptfooJudges writes a rubric for each assertion that a model grades by one, and the
// scorers that would ask a judge, as comments: who judges must be said first.
func promptfooJudges(m *promptfoo.Import, d *plan.TextDraft, w *draftFiles, add func(string, ...any), name func(string) string) {
	seen := map[string]bool{}
	for _, j := range m.Judged {
		kind := strings.TrimPrefix(j.Type, "not-")
		if seen[kind+j.Rubric] {
			continue
		}
		seen[kind+j.Rubric] = true
		as := name(strings.ReplaceAll(kind, "-", "_"))
		if j.Rubric == "" || kind != "llm-rubric" && kind != "g-eval" && kind != "model-graded-closedqa" && kind != "search-rubric" && kind != "agent-rubric" {
			add("# %s of %s:%d needs a judge with a rubric of your own (docs/judges.md)", j.Type, j.File, j.Line)
			continue
		}
		file := "rubrics/" + as + ".yaml"
		w.put(file, fmt.Appendf(nil, "# %s of %s:%d. Anchor the levels: say what makes each of them.\ncriterion: %s\nlevels:\n  - {value: 1, name: \"met\", means: The criterion is met.}\n  - {value: 0, name: \"unmet\", means: It is not met.}\nshows: [answer]\n",
			j.Type, j.File, j.Line, jsonOf(j.Rubric)))
		if len(d.Judges) == 0 {
			d.Judges = []string{"Who grades, for the scorers of type judge below (docs/judges.md):", "judges:", "  grader: {provider: openai, base_url: http://127.0.0.1:8080/v1, model: FILL-IN, params: {temperature: 0, max_tokens: 400}}"}
		}
		add("# - {type: judge, judge: grader, rubric: %s, as: %s}   # %s of %s:%d; it judges every case", file, as, j.Type, j.File, j.Line)
	}
}

// notAll says that some cases have no such check, or nothing.
func notAll(m *promptfoo.Import, is func(map[string]any) bool) string {
	var has func(list []any) bool
	has = func(list []any) bool {
		for _, x := range list {
			c, _ := x.(map[string]any)
			of, _ := c["of"].([]any)
			if is(c) || has(of) {
				return true
			}
		}
		return false
	}
	n := 0
	for _, c := range m.Cases {
		if has(c.Checks) {
			n++
		}
	}
	if n == len(m.Cases) {
		return ""
	}
	return fmt.Sprintf("    # %s of %s cases have it; the others are ungraded", result.Count(int64(n)), result.Count(int64(len(m.Cases))))
}
