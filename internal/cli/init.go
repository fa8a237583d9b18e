package cli

import (
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
	"github.com/fairtrial/fairtrial/internal/inspect"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/promptfoo"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

func initCommand(e *Env) *cobra.Command {
	var out, results string
	var force bool
	c := &cobra.Command{
		Use: "init FILE …", Short: "Look at a file and write a commented plan.yaml: predictions, cases, a promptfoo configuration, logs of Inspect",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 && !slices.ContainsFunc(args, func(a string) bool { return !inspect.IsLog(e.path(a)) }) {
				return nil // a model each
			}
			return exactly(1, "one file, or several logs of Inspect")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			to := e.path(out)
			w := &draftFiles{dir: filepath.Dir(to), plan: filepath.Base(to), out: out, force: force}
			if promptfoo.IsConfig(args[0]) {
				return e.importPromptfoo(cmd, args[0], results, w)
			}
			if inspect.IsLog(e.path(args[0])) {
				return e.importInspect(cmd, args, w)
			}
			if results != "" {
				return wrong("", "--answers goes with a promptfoo configuration")
			}
			if _, err := os.Stat(to); err == nil && !force {
				return wrong("give another name with -o, or --force", "%s exists already", out)
			}
			source, err := filepath.Rel(filepath.Dir(to), e.path(args[0]))
			if err != nil {
				source = e.path(args[0])
			}
			source = filepath.ToSlash(source)
			profile, err := newEngine().Profile(cmd.Context(), e.path(args[0]))
			if err != nil {
				return err
			}
			if d, ok := plan.GuessTexts(source, profile); ok && !predictions(profile) {
				return e.initTexts(cmd, d, w)
			}
			if answersAlone(profile) {
				return wrong("init the file of the cases, and write {provider: recorded, source: "+source+"} under models", "%s holds answers without questions: a plan names the cases that they answer", args[0])
			}
			d := plan.Guess(source, profile)
			d.Name = strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
			if err := e.chooseMargin(cmd, filepath.Dir(to), &d); err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			if err := writeFile(to, []byte(plan.Write(d))); err != nil {
				return err
			}
			fmt.Fprintf(e.Stdout, "wrote %s: task %s, label %s, %d model(s), %d slice column(s)\n", out, d.Task, orUnknown(d.Label), len(d.Models), len(d.Slices))
			for _, n := range d.Notes {
				e.info(cmd, "note: %s", n)
			}
			if d.Label == "" || len(d.Models) == 0 {
				e.info(cmd, "next: put the right columns where it says FILL-IN, then `fairtrial run %s`", out)
				return nil
			}
			e.info(cmd, "next: read it, then `fairtrial run %s`", out)
			return nil
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "plan.yaml", "file to write")
	c.Flags().StringVar(&results, "answers", "", "results of `promptfoo eval -o results.json`: its answers, instead of asking anew")
	c.Flags().BoolVar(&force, "force", false, "replace an existing file")
	return c
}

// predictions reports whether a file holds labels and scores, whatever else it holds.
func predictions(p *engine.Profile) bool {
	d := plan.Guess("", p)
	return d.Label != "" && len(d.Models) > 0
}

// answersAlone reports whether a file is one of recorded answers: {id, output}.
func answersAlone(p *engine.Profile) bool {
	has := map[string]bool{}
	for _, c := range p.Columns {
		has[c.Name] = c.Kind == cases.Text || c.Name == "id"
	}
	return has["id"] && has["output"] && !predictions(p)
}

// initTexts writes the plan of a file of cases.
func (e *Env) initTexts(cmd *cobra.Command, d plan.TextDraft, w *draftFiles) error {
	text := plan.WriteTexts(d)
	w.put(w.plan, []byte(text))
	if err := w.write(); err != nil {
		return err
	}
	var roles []string
	for _, c := range d.Columns {
		roles = append(roles, c[0]+" "+c[1])
	}
	fmt.Fprintf(e.Stdout, "wrote %s: task %s, %s\n", w.out, d.Task, strings.Join(roles, ", "))
	for _, h := range d.Hints {
		e.info(cmd, "note: %s", h)
	}
	if strings.Contains(text, "FILL-IN") {
		e.info(cmd, "next: say who answers where it says FILL IN, then `fairtrial run %s`", w.out)
		return nil
	}
	e.info(cmd, "next: read it, then `fairtrial run %s`", w.out)
	return nil
}

func orUnknown(s string) string {
	if s == "" {
		return "(not recognised)"
	}
	return s
}

// chooseMargin proposes the margin of the one gate: the smallest effect that this
// file can decide, from a first evaluation of the drafted plan without gates.
func (e *Env) chooseMargin(cmd *cobra.Command, dir string, d *plan.Draft) error {
	if len(d.Models) == 0 || d.Label == "" {
		return nil
	}
	probe := *d
	probe.WithGates = false
	probe.Slices = nil
	p, err := plan.Parse([]byte(plan.Write(probe)), "plan.yaml", planCatalogue{catalogue()})
	if err != nil {
		return fmt.Errorf("draft plan: %w", err)
	}
	p.Dir = dir
	s, err := eval.Prepare(p, catalogue())
	if err != nil {
		return err
	}
	s.Request.Exemplars = 0
	found, err := clusterLike(cmd.Context(), s.Request)
	if err != nil {
		return err
	}
	d.Notes = append(d.Notes, found...)
	if len(d.Models) < 2 {
		return nil
	}
	c, err := s.Collect(cmd.Context(), newEngine())
	if err != nil {
		return err
	}
	r, err := s.Judge(c, 0)
	if err != nil {
		return err
	}
	d.GateMetric = map[cases.Task]string{cases.Binary: "roc_auc", cases.Multiclass: "accuracy", cases.Regression: "mean_absolute_error"}[p.Task]
	x, ok := overall(r, d.GateMetric)
	if !ok || !x.SmallestEffect.Known() || x.SmallestEffect == 0 {
		d.WithGates = false
		d.Notes = append(d.Notes, "no margin could be proposed: the models cannot be told apart on this file")
		return nil
	}
	d.Margin = roundUp(float64(x.SmallestEffect))
	d.MarginNote = fmt.Sprintf("%s is the smallest loss that these %s rows can rule out with power 0.8", result.Number(d.Margin).Short(), result.Count(r.Data.RowsUsed))
	return nil
}

func overall(r *record.Record, metric string) (result.Comparison, bool) {
	for _, c := range r.Comparisons {
		if c.Metric == metric && c.Slice == result.Overall && c.Candidate == "candidate" {
			return c, true
		}
	}
	return result.Comparison{}, false
}

// roundUp to two significant digits: a margin should read like a choice.
func roundUp(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x))-1)
	v := math.Ceil(x/unit-1e-9) * unit
	return math.Round(v*1e12) / 1e12
}
