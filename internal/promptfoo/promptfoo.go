// Package promptfoo reads a promptfoo configuration, and the results of its run, into
// cases with checks, prompts and models of a plan. It refuses to run code (JavaScript,
// Python), to fetch anything, and to drop anything silently: what cannot be carried over
// is listed by name with its file and line.
package promptfoo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fairtrial/fairtrial/internal/plan"
)

// Import is what a configuration holds, as far as a plan can hold it.
type Import struct {
	Name    string
	Prompts []Prompt
	Models  []Model // a provider with a prompt each, as promptfoo's columns
	Cases   []Case
	Left    []Left
	Judged  []Judged // assertions that a model grades
	Samples int      // answers a case; evaluateOptions.repeat
	AtOnce  int      // evaluateOptions.maxConcurrency, 0 when not given
	Metrics []string // names that checks are gathered under, in order
	Types   []string // of checks, in order
	Partial int      // cases of which a check could not be carried
	Filled  []string // variables that some cases lack: empty there, as promptfoo renders them
}

// Case is one test with one combination of its variables.
type Case struct {
	ID          string
	Description string
	Vars        map[string]any
	Checks      []any
	Threshold   *float64
	Left        []string // types of assertions that could not be carried
	Places      []int    // promptfoo's numbers of this case, by repeat
	file        string
	names       []string
	line        int
}

// Left is something that was not carried over.
type Left struct {
	File string
	Line int
	What string
	Why  string
	Done int // how often
}

func (l Left) String() string {
	out := fmt.Sprintf("%s:%d: %s: %s", l.File, l.Line, l.What, l.Why)
	if l.Done > 1 {
		out += fmt.Sprintf(" (%d times)", l.Done)
	}
	return out
}

// Judged is an assertion that asks a model for a grade.
type Judged struct {
	Type, Rubric, File string
	Line               int
}

// IsConfig reports whether a name is that of a promptfoo configuration.
func IsConfig(path string) bool {
	base := strings.ToLower(filepath.Base(path))
	return strings.HasPrefix(base, "promptfooconfig.")
}

const largest = 64 << 20 // bytes of a file

// reader reads one configuration.
type reader struct {
	dir       string // of the configuration: where its paths start
	file      string // the configuration, as it was named
	root      plan.Tree
	out       *Import
	templates map[string]plan.Tree // assertionTemplates
	seen      map[string]int       // index in Left
	next      int                  // promptfoo's number of the next test
}

// Read reads the configuration at a path. shown is how its files are called in messages.
func Read(path, shown string) (*Import, error) {
	r := &reader{dir: filepath.Dir(path), file: shown, out: &Import{Samples: 1}, templates: map[string]plan.Tree{}, seen: map[string]int{}}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".yaml", ".yml", ".json":
	default:
		return nil, fmt.Errorf("%s: a promptfoo configuration in %s is a program; write it as YAML: promptfoo runs programs, fairtrial does not", shown, ext)
	}
	var err error
	if r.root, err = r.tree(path, shown); err != nil {
		return nil, err
	}
	if !r.root.Map() || r.root.Get("prompts").Null() && r.root.Get("tests").Null() && r.root.Get("scenarios").Null() && r.root.Get("providers").Null() && r.root.Get("targets").Null() {
		return nil, fmt.Errorf("%s: not a promptfoo configuration: it has none of the keys prompts, providers, tests and scenarios", shown)
	}
	if s, ok := r.root.Get("description").Text(); ok {
		r.out.Name = s
	}
	for _, key := range r.root.Get("assertionTemplates").Keys() {
		r.templates[key] = r.root.Get("assertionTemplates").Get(key)
	}
	for _, key := range r.root.Keys() {
		if why := unread()[key]; why != "" {
			r.left(r.file, r.root.Get(key).Line(), key, why)
		} else if !readKeys()[key] {
			r.left(r.file, r.root.Get(key).Line(), key, "is not read")
		}
	}
	r.options()
	for _, step := range []func() error{r.readPrompts, r.readModels, r.readTests} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.fill()
	r.summarise()
	return r.out, nil
}

func readKeys() map[string]bool {
	out := map[string]bool{}
	for _, k := range []string{"description", "prompts", "providers", "targets", "tests", "scenarios", "defaultTest", "assertionTemplates", "evaluateOptions", "outputPath", "sharing", "$schema", "env", "commandLineOptions", "tags", "writeLatestResults", "metadata"} {
		out[k] = true
	}
	return out
}

func unread() map[string]string {
	return map[string]string{
		"nunjucksFilters": "filters are programs: templates here have none",
		"extensions":      "extensions are programs",
		"derivedMetrics":  "formulas over metrics are not carried: gate the metrics themselves",
		"redteam":         "red teaming is not carried",
		"tracing":         "traces are not carried",
	}
}

// options reads evaluateOptions.
func (r *reader) options() {
	o := r.root.Get("evaluateOptions")
	if x, ok := o.Get("repeat").Number(); ok && x >= 1 && x <= 1000 {
		r.out.Samples = int(x)
	}
	if x, ok := o.Get("maxConcurrency").Number(); ok && x >= 1 {
		r.out.AtOnce = int(x)
	}
}

// left notes what is not carried over, once for each place.
func (r *reader) left(file string, line int, what, why string) {
	key := fmt.Sprint(file, line, what, why)
	if i, ok := r.seen[key]; ok {
		r.out.Left[i].Done++
		return
	}
	r.seen[key] = len(r.out.Left)
	r.out.Left = append(r.out.Left, Left{file, line, what, why, 1})
}

// path of a file that the configuration names; shown is how messages call it.
func (r *reader) path(ref string) (path, shown string) {
	ref = strings.TrimPrefix(ref, "file://")
	if filepath.IsAbs(ref) {
		return ref, ref
	}
	return filepath.Join(r.dir, ref), filepath.ToSlash(filepath.Join(filepath.Dir(r.file), ref))
}

func (r *reader) bytes(path, shown string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	if info.Size() > largest {
		return nil, fmt.Errorf("%s: larger than %d MiB", shown, largest>>20)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", shown, err)
	}
	return b, nil
}

func (r *reader) tree(path, shown string) (plan.Tree, error) {
	b, err := r.bytes(path, shown)
	if err != nil {
		return plan.Tree{}, err
	}
	t, err := plan.ReadTree(b, largest)
	if err != nil {
		return t, fmt.Errorf("%s: %w", shown, err)
	}
	return t, nil
}

// globbed are the files of a pattern, sorted; a name without a wildcard is itself.
func (r *reader) globbed(ref string) (list []string, err error) {
	ref = strings.TrimPrefix(ref, "file://")
	if !strings.ContainsAny(ref, "*?[{") {
		return []string{ref}, nil
	}
	if strings.Contains(ref, "**") || strings.Contains(ref, "{") {
		return nil, fmt.Errorf("%s: the pattern %s has ** or {…}, which are not read: name the files", r.file, ref)
	}
	path, _ := r.path(ref)
	found, err := filepath.Glob(path)
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("%s: no file matches %s", r.file, ref)
	}
	for _, f := range found {
		rel, err := filepath.Rel(r.dir, f)
		if err != nil {
			rel = f
		}
		list = append(list, filepath.ToSlash(rel))
	}
	return list, nil
}

// summarise gathers the names that scorers are made for.
func (r *reader) summarise() {
	metrics, types := map[string]bool{}, map[string]bool{}
	var walk func(list []any)
	walk = func(list []any) {
		for _, x := range list {
			m, _ := x.(map[string]any)
			if as, ok := m["as"].(string); ok && !metrics[as] {
				metrics[as] = true
				r.out.Metrics = append(r.out.Metrics, as)
			}
			if of, ok := m["of"].([]any); ok {
				walk(of)
			} else if t, _ := m["type"].(string); !types[t] {
				types[t] = true
				r.out.Types = append(r.out.Types, t)
			}
		}
	}
	for i := range r.out.Cases {
		walk(r.out.Cases[i].Checks)
		if len(r.out.Cases[i].Left) > 0 {
			r.out.Partial++
		}
	}
}
