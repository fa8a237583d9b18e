package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/inspect"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
)

// importInspect writes a plan, cases and recorded answers of logs of Inspect AI: a model for
// each log. One sample at a time is in memory, and a few words of each case.
func (e *Env) importInspect(cmd *cobra.Command, files []string, w *draftFiles) error {
	x := &inspected{e: e, w: w, seen: map[string]uint64{}, seed: maphash.MakeSeed(), scores: map[string]*scoreSeen{}, values: map[string]map[string]bool{}, columns: map[string]string{}, epochs: 1}
	defer w.drop()
	for _, name := range []string{"cases.jsonl", w.plan} {
		if err := w.free(name); err != nil {
			return err
		}
	}
	out, err := w.create("cases.jsonl")
	if err != nil {
		return err
	}
	x.cases = out
	for i, file := range files {
		if err := x.log(i, file); err != nil {
			return wrong("", "%w", err)
		}
	}
	if len(x.seen) == 0 {
		return wrong("run Inspect with log_samples", "%s holds no samples", strings.Join(files, ", "))
	}
	d := x.draft(files)
	w.put(w.plan, []byte(plan.WriteTexts(d)))
	if err := w.write(); err != nil {
		return err
	}
	fmt.Fprintf(e.Stdout, "wrote %s: %s cases, %d model(s), %d epoch(s), %d score(s)\n", strings.Join(w.shown(), ", "), result.Count(int64(len(x.seen))), len(files), x.epochs, len(x.scores))
	for _, n := range x.notes {
		e.info(cmd, "note: %s", n)
	}
	e.info(cmd, "next: read %s, then `fairtrial run %s`", w.out, w.out)
	return nil
}

type inspected struct {
	e       *Env
	w       *draftFiles
	cases   *bufio.Writer
	seed    maphash.Seed
	seen    map[string]uint64 // case → what was asked
	scores  map[string]*scoreSeen
	names   []string                   // of scores, sorted at the end
	values  map[string]map[string]bool // of metadata, up to 21 a field
	columns map[string]string          // metadata field → column
	epochs  int
	models  []plan.TextModel
	names2  []string
	cluster string
	notes   []string
	said    []string // by Inspect
}

// scoreSeen is what a score was seen to be.
type scoreSeen struct {
	n, none       int64
	binary, share bool
	strange       string
}

func (x *inspected) log(i int, file string) error {
	l, err := inspect.Open(x.e.path(file), file)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	name := fmt.Sprintf("answers-%d.jsonl", i+1)
	if err := x.w.free(name); err != nil {
		return err
	}
	out, err := x.w.create(name)
	if err != nil {
		return err
	}
	type sample struct {
		id    string
		epoch int
	}
	had := map[sample]bool{}
	errors, limits := 0, 0
	err = l.Each(func(s *inspect.Sample) error {
		if had[sample{s.ID, s.Epoch}] {
			return fmt.Errorf("%s: sample %s, epoch %d, stands there twice", file, s.ID, s.Epoch)
		}
		had[sample{s.ID, s.Epoch}] = true
		x.epochs = max(x.epochs, s.Epoch)
		if err := x.caseOf(file, s); err != nil {
			return err
		}
		if s.Output == nil {
			errors++
		} else if s.Limit != "" {
			limits++
		}
		return x.answer(out, s)
	})
	if err != nil {
		return err
	}
	if l.Status != "success" {
		x.notes = append(x.notes, fmt.Sprintf("%s: the run's status is %q: samples that it did not reach are ungraded", file, l.Status))
	}
	if errors > 0 {
		x.notes = append(x.notes, fmt.Sprintf("%s: %d samples ended in an error or at a limit without an answer: their cases are ungraded (Inspect leaves them out of its mean)", file, errors))
	}
	if limits > 0 {
		x.notes = append(x.notes, fmt.Sprintf("%s: %d samples reached a limit; their scores count, as in Inspect", file, limits))
	}
	if c := l.Cluster(); c != "" {
		x.cluster = c
	}
	x.model(i, name, l)
	return nil
}

func (x *inspected) model(i int, source string, l *inspect.Log) {
	name := l.Eval.Model
	if slices.Contains(x.names2, name) {
		name = fmt.Sprintf("%s (%s)", name, l.Eval.Created)
	}
	x.names2 = append(x.names2, name)
	m := plan.TextModel{Key: modelKey(i), Keys: [][2]string{{"name", plan.Quote(name)}, {"provider", "recorded"}, {"source", source}}}
	x.models = append(x.models, m)
	for _, s := range l.Results.Scores {
		for _, k := range []string{"accuracy", "mean"} {
			v, ok := s.Metrics[k]
			if !ok || v.Value == nil {
				continue
			}
			line := fmt.Sprintf("%s: Inspect's %s of %s is %.6g", m.Key, k, s.Score(), *v.Value)
			if se := s.Metrics["stderr"].Value; se != nil {
				line += fmt.Sprintf(", stderr %.4g", *se)
			}
			x.said = append(x.said, fmt.Sprintf("%s, of %d samples.", line, s.Scored))
		}
	}
}

// caseOf writes the case of a sample that is seen first, and refuses logs of other data.
func (x *inspected) caseOf(file string, s *inspect.Sample) error {
	asked := maphash.String(x.seed, s.Input+"\x00"+strings.Join(s.Targets, "\x00"))
	if before, ok := x.seen[s.ID]; ok {
		if before != asked {
			return fmt.Errorf("%s: sample %s, epoch %d, asks something else than before: logs of one data set belong together", file, s.ID, s.Epoch)
		}
		return nil
	}
	x.seen[s.ID] = asked
	var b bytes.Buffer
	rest := map[string]any{}
	for k, v := range s.Metadata {
		rest[x.column(k)] = v
		x.value(x.column(k), v)
	}
	if len(s.Choices) > 0 {
		rest["choices"] = s.Choices
	}
	writeRow(&b, [][2]any{{"id", s.ID}, {"input", s.Input}, {"target", s.Targets}}, rest, nil)
	_, err := x.cases.Write(b.Bytes())
	return err
}

// column is the name of a metadata field beside the case's own columns.
func (x *inspected) column(field string) string {
	name, ok := x.columns[field]
	if !ok {
		name = field
		if slices.Contains([]string{"id", "input", "target", "choices"}, field) {
			name = "metadata_" + field
		}
		x.columns[field] = name
	}
	return name
}

const mostSliceValues = 20

func (x *inspected) value(column string, v any) {
	if x.values[column] == nil {
		x.values[column] = map[string]bool{}
	}
	switch v.(type) {
	case string, bool:
		if len(x.values[column]) <= mostSliceValues {
			x.values[column][fmt.Sprint(v)] = true
		}
	default:
		for i := range mostSliceValues + 1 { // no slices of numbers, lists and objects
			x.values[column][fmt.Sprint(i)] = true
		}
	}
}

func (x *inspected) answer(out *bufio.Writer, s *inspect.Sample) error {
	line := map[string]any{}
	if s.Output == nil {
		line["error"] = s.Error
		if s.Error == "" {
			line["error"] = "the sample ended in an error"
		}
	} else {
		line["output"], line["scores"] = *s.Output, s.Scores
		if s.Limit != "" {
			line["finish"] = s.Limit + " limit"
		}
		if s.Seconds != nil {
			line["latency_ms"] = *s.Seconds * 1000
		}
		for k, v := range map[string]*int64{"tokens_in": s.In, "tokens_out": s.Out} {
			if v != nil {
				line[k] = *v
			}
		}
		for name, v := range s.Scores {
			x.score(name, v, s.Strange[name])
		}
	}
	var b bytes.Buffer
	writeRow(&b, [][2]any{{"id", s.ID}, {"sample", s.Epoch - 1}}, line, nil)
	_, err := out.Write(b.Bytes())
	return err
}

func (x *inspected) score(name string, v *float64, strange string) {
	s := x.scores[name]
	if s == nil {
		s = &scoreSeen{binary: true, share: true}
		x.scores[name] = s
	}
	if v == nil {
		if s.none++; strange != "" && s.strange == "" {
			s.strange = strange
		}
		return
	}
	s.n++
	s.binary = s.binary && (*v == 0 || *v == 1)
	s.share = s.share && *v >= 0 && *v <= 1
}

func (x *inspected) draft(files []string) plan.TextDraft {
	d := plan.TextDraft{Name: "from-inspect", Task: "generation", Source: "cases.jsonl", Models: x.models,
		Columns: [][2]string{{"id", "id"}, {"question", "input"}, {"reference", "target"}}}
	d.Notes = append(d.Notes, "Made by `fairtrial init` from "+strings.Join(files, ", ")+".", "The scores are those that Inspect recorded; the answers can be scored anew by any scorer.")
	d.Notes = append(d.Notes, x.said...)
	d.Notes = append(d.Notes, x.notes...)
	if c, ok := x.columns[x.cluster]; ok && x.cluster != "" {
		d.Columns = append(d.Columns, [2]string{"cluster", c})
	} else {
		d.Hints = append(d.Hints, "cluster: a column of samples that belong together, if there is one: intervals respect it")
	}
	for i := range d.Models {
		d.Models[i].Keys = append(d.Models[i].Keys, [2]string{"samples", fmt.Sprint(x.epochs)})
	}
	if len(d.Models) > 1 {
		d.Models[0].Comment = "A CHOICE TO MAKE: the first log is the candidate here, the second the baseline."
	}
	taken := map[string]bool{}
	for name := range x.scores {
		x.names = append(x.names, name)
	}
	slices.Sort(x.names)
	for _, name := range x.names {
		s := x.scores[name]
		as := strings.Trim(notAName.ReplaceAllString(name, "_"), "_.-")
		if as == "" || as[0] >= '0' && as[0] <= '9' || taken[as] || slices.Contains([]string{"latency", "cost", "tokens_in", "tokens_out"}, as) {
			as = fmt.Sprintf("score_%d", len(taken)+1)
		}
		taken[as] = true
		kind := ""
		switch {
		case s.n == 0:
		case s.binary && x.epochs == 1:
			kind = ", pass_fail: true"
		case s.share:
			kind = ", min: 0, max: 1"
		}
		if s.strange != "" {
			d.Scorers = append(d.Scorers, fmt.Sprintf("# %s: %s values are no numbers, such as %s: ungraded (Inspect takes 0).", name, result.Count(s.none), s.strange))
		}
		if s.n == 0 {
			d.Scorers = append(d.Scorers, fmt.Sprintf("# - {type: recorded, score: %s}    # never a number", plan.Quote(name)))
			continue
		}
		d.Scorers = append(d.Scorers, fmt.Sprintf("{type: recorded, score: %s%s, as: %s}", plan.Quote(name), kind, plan.Quote(as)))
	}
	if len(taken) == 0 || len(x.names) == 0 {
		d.Scorers = append(d.Scorers, "# No scores were recorded: FILL IN what makes an answer good.", "{type: exact, normalize: squad, as: exact_match}")
	} else {
		d.Scorers = append(d.Scorers, "# - {type: exact, normalize: squad, as: exact_match}    # the answers, scored here")
	}
	for _, c := range sortedKeysOf(x.values) {
		if n := len(x.values[c]); n > 1 && n <= mostSliceValues && (x.cluster == "" || c != x.columns[x.cluster]) {
			d.Slices = append(d.Slices, c)
		}
	}
	d.Gates = []string{"# No gate yet, so nothing is decided. For example:", "# gates:", "#   - {metric: NAME, no_worse_than: baseline, margin: 0.02, why: the harm this guards against}"}
	return d
}

func sortedKeysOf(m map[string]map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
