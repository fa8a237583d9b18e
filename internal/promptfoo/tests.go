package promptfoo

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/score"
)

// test is one test as it was written, with where.
type test struct {
	t    plan.Tree
	file string
	row  *csvRow // of a CSV file, instead of t
}

const mostCases = 200_000

// readTests gathers the tests, the default test put under each, and those of scenarios.
func (r *reader) readTests() error {
	fallback, err := r.defaultTest()
	if err != nil {
		return err
	}
	list, err := r.testsOf(r.root.Get("tests"), r.file)
	if err != nil {
		return err
	}
	if len(list) == 0 && r.root.Get("scenarios").Null() {
		list = []test{{file: r.file}} // promptfoo asks once, without variables
	}
	for _, t := range list {
		if err := r.addTest(fallback, nil, t); err != nil {
			return err
		}
	}
	scenarios, err := r.listOf(r.root.Get("scenarios"), r.file)
	if err != nil {
		return err
	}
	for _, s := range scenarios {
		own, err := r.testsOf(s.t.Get("tests"), s.file)
		if err != nil {
			return err
		}
		if len(own) == 0 {
			own = []test{{file: s.file}}
		}
		configs, err := r.listOf(s.t.Get("config"), s.file)
		if err != nil {
			return err
		}
		for _, data := range configs {
			for _, t := range own {
				if err := r.addTest(fallback, &data, t); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r *reader) defaultTest() (test, error) {
	d := r.root.Get("defaultTest")
	if s, ok := d.Text(); ok {
		path, shown := r.path(s)
		t, err := r.tree(path, shown)
		return test{t: t, file: shown}, err
	}
	return test{t: d, file: r.file}, nil
}

// listOf is a list, or the lists of the files that it names.
func (r *reader) listOf(v plan.Tree, file string) (out []test, err error) {
	if _, ok := v.Text(); ok {
		return r.testsOf(v, file)
	}
	for _, x := range v.Items() {
		if _, ok := x.Text(); ok {
			more, err := r.testsOf(x, file)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
			continue
		}
		out = append(out, test{t: x, file: file})
	}
	return out, nil
}

// testsOf reads tests that stand here or in files.
func (r *reader) testsOf(v plan.Tree, file string) (out []test, err error) {
	if s, ok := v.Text(); ok {
		return r.testFiles(s, file, v.Line())
	}
	if v.Map() { // a generator
		r.left(file, v.Line(), "tests", "come from a program or a service: write them to a file")
		return nil, nil
	}
	for _, x := range v.Items() {
		if s, ok := x.Text(); ok {
			more, err := r.testFiles(s, file, x.Line())
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
			continue
		}
		if !x.Map() {
			return nil, fmt.Errorf("%s:%d: a test is a mapping of vars and assert, this is %s", file, x.Line(), x.Kind())
		}
		if path, ok := x.Get("path").Text(); ok && x.Get("vars").Null() {
			r.left(file, x.Line(), "tests "+path, "come from a program: write them to a file")
			continue
		}
		out = append(out, test{t: x, file: file})
	}
	return out, nil
}

func (r *reader) testFiles(ref, file string, line int) (out []test, err error) {
	for _, prefix := range []string{"https://", "http://", "huggingface://", "az://", "s3://"} {
		if strings.HasPrefix(ref, prefix) {
			r.left(file, line, "tests "+ref, "are fetched from the network: save them as a file")
			return nil, nil
		}
	}
	names, err := r.globbed(ref)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		path, shown := r.path(name)
		ext := strings.ToLower(filepath.Ext(path))
		switch ext {
		case ".csv":
			rows, err := r.csv(path, shown)
			if err != nil {
				return nil, err
			}
			out = append(out, rows...)
		case ".jsonl":
			lines, err := r.jsonLines(path, shown)
			if err != nil {
				return nil, err
			}
			out = append(out, lines...)
		case ".yaml", ".yml", ".json":
			t, err := r.tree(path, shown)
			if err != nil {
				return nil, err
			}
			if t.Map() {
				out = append(out, test{t: t, file: shown})
				continue
			}
			more, err := r.testsOf(t, shown)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		default:
			r.left(file, line, "tests "+ref, "are a program or of a kind that is not read ("+ext+"): CSV, JSON, JSONL and YAML are")
		}
	}
	return out, nil
}

func (r *reader) jsonLines(path, shown string) (out []test, err error) {
	b, err := r.bytes(path, shown)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, largest)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		t, err := plan.ReadJSONTree(lines.Bytes(), n)
		if err == nil && !t.Map() {
			err = fmt.Errorf("line %d: a test is an object, this is %s", n, t.Kind())
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", shown, err)
		}
		out = append(out, test{t: t, file: shown})
	}
	return out, lines.Err()
}

// addTest makes the cases of one test: defaults under it, data of its scenario between.
func (r *reader) addTest(fallback test, data *test, t test) error {
	layers := []test{fallback}
	if data != nil {
		layers = append(layers, *data)
	}
	layers = append(layers, t)
	a := &asserted{r: r}
	vars := newVars()
	c := Case{file: t.file, line: t.t.Line()}
	disabled := t.t.Get("options").Get("disableDefaultAsserts").True()
	expand := true
	repeat := r.out.Samples
	var broken string // a transform of the whole test that is a program
	for _, l := range layers {
		for _, key := range l.t.Keys() {
			switch key {
			case "vars", "assert", "threshold", "description", "options", "metadata":
			default:
				r.left(l.file, l.t.Get(key).Line(), "tests."+key, "is not carried")
				if key == "assertScoringFunction" {
					c.Left = append(c.Left, key)
				}
			}
		}
		if err := r.varsOf(l, vars); err != nil {
			return err
		}
		if l.row != nil {
			c.line = l.row.line
			for _, k := range l.row.names {
				vars.put(k, l.row.vars[k])
			}
			c.Description = l.row.description
			if l.row.threshold != nil {
				c.Threshold = l.row.threshold
			}
			continue
		}
		if x, ok := l.t.Get("threshold").Number(); ok {
			c.Threshold = &x
		}
		if s, ok := l.t.Get("description").Text(); ok {
			c.Description = s
		}
		o := l.t.Get("options")
		if o.Get("disableVarExpansion").True() {
			expand = false
		}
		for _, key := range o.Keys() {
			switch key {
			case "disableVarExpansion", "disableDefaultAsserts", "provider", "rubricPrompt":
			case "transform", "postprocess":
				s, _ := o.Get(key).Text()
				steps, ok := transform(s)
				if a.transform, broken = steps, ""; !ok {
					broken = s
				}
			default:
				r.left(l.file, o.Get(key).Line(), "options."+key, "is not carried")
			}
		}
	}
	for i, l := range layers {
		a.file = l.file
		if i == 0 && disabled {
			continue
		}
		list := l.t.Get("assert")
		if l.row != nil {
			for _, x := range l.row.asserts {
				a.add(x)
			}
		}
		if broken != "" && !list.Null() {
			a.drop(list, "assert", fmt.Sprintf("the output goes through the program %q first", broken))
			continue
		}
		for _, x := range list.Items() {
			if s, ok := x.Text(); ok && strings.HasPrefix(s, "file://") {
				path, shown := r.path(s)
				more, err := r.tree(path, shown)
				if err != nil {
					return err
				}
				a.file = shown
				for _, y := range more.Items() {
					a.add(y)
				}
				a.file = l.file
				continue
			}
			a.add(x)
		}
	}
	c.Checks, c.Left = a.checks, append(c.Left, a.left...)
	base := 0
	if n := len(r.out.Cases); n > 0 {
		base = r.next
	}
	combos := vars.combinations(expand)
	if len(r.out.Cases)+len(combos) > mostCases {
		return fmt.Errorf("%s:%d: the variables make more than %d cases", t.file, t.t.Line(), mostCases)
	}
	for i, v := range combos {
		one := c
		one.Vars = v
		r.resolve(one.Vars, &one)
		one.ID = fmt.Sprintf("test-%d", len(r.out.Cases)+1)
		for k := range repeat {
			one.Places = append(one.Places, base+k*len(combos)+i)
		}
		one.names = slices.Clone(a.names)
		r.out.Cases = append(r.out.Cases, one)
	}
	r.next = base + repeat*len(combos)
	return nil
}

// varsOf puts a layer's variables above what stands there.
func (r *reader) varsOf(l test, into *vars) error {
	v := l.t.Get("vars")
	if s, ok := v.Text(); ok { // a file of variables
		path, shown := r.path(s)
		t, err := r.tree(path, shown)
		if err != nil {
			return err
		}
		v = t
	}
	for _, key := range v.Keys() {
		x := v.Get(key)
		if s, ok := x.Text(); ok && strings.HasPrefix(s, "file://") {
			values, err := r.fileVar(s, key, l.file, x.Line())
			if err != nil {
				return err
			}
			into.put(key, values)
			continue
		}
		into.put(key, x.Plain())
	}
	return nil
}

// fileVar is the text of each file that a variable names.
func (r *reader) fileVar(ref, name, file string, line int) (any, error) {
	files, err := r.globbed(ref)
	if err != nil {
		return nil, err
	}
	var out []any
	for _, f := range files {
		path, shown := r.path(f)
		switch ext := strings.ToLower(filepath.Ext(path)); ext {
		case ".js", ".ts", ".mjs", ".cjs", ".py", ".pdf", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".mp3", ".wav", ".mp4":
			r.left(file, line, "vars."+name, "comes from "+ref+", a program or no text")
			out = append(out, "")
			continue
		case ".yaml", ".yml":
			t, err := r.tree(path, shown)
			if err != nil {
				return nil, err
			}
			b, err := json.Marshal(t.Plain())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", shown, err)
			}
			out = append(out, string(b))
			continue
		}
		b, err := r.bytes(path, shown)
		if err != nil {
			return nil, err
		}
		out = append(out, strings.TrimSpace(string(b)))
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

// resolve fills variables that name variables, as promptfoo does before it asks.
func (r *reader) resolve(v map[string]any, c *Case) {
	for range 5 {
		again := false
		for _, k := range sorted(v) {
			s, ok := v[k].(string)
			if !ok {
				continue
			}
			s = strings.TrimSuffix(s, "\n")
			v[k] = s
			if !strings.Contains(s, "{{") {
				continue
			}
			if _, why := variables(s); why != "" {
				r.left(c.file, c.line, "vars."+k, why)
				if what := "vars." + k; !slices.Contains(c.Left, what) {
					c.Left = append(slices.Clone(c.Left), what)
				}
				continue
			}
			t, err := score.ParseTemplate(s)
			if err != nil {
				continue
			}
			filled, err := t.Fill(&score.Case{Vars: v})
			if err == nil && filled != s {
				v[k], again = filled, true
			}
		}
		if !again {
			return
		}
	}
}

// fill gives cases an empty text for variables that a prompt or a check names and they
// lack: promptfoo renders nothing there, and a template here would be an error.
func (r *reader) fill() {
	var asked []string
	for _, m := range r.out.Models {
		asked = append(asked, m.names...)
	}
	filled := map[string]bool{}
	for i := range r.out.Cases {
		c := &r.out.Cases[i]
		for _, name := range append(slices.Clone(asked), c.names...) {
			if v, ok := c.Vars[name]; !ok || v == nil {
				c.Vars[name], filled[name] = "", true
			}
		}
	}
	r.out.Filled = sorted(filled)
}
