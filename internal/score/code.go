package score

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

func codeEntries() []*Entry {
	e := &Entry{Name: "code_tests", Aliases: []string{"unit_tests"}, Group: "Execution", Lo: 0, Hi: 1, Direction: Up, Binary: true,
		Meaning: "1 if the answer's code passes the tests of its case. The code is the first fenced block of the language, else the whole answer; it runs isolated (Linux), with bounds, and the tests after it in the same interpreter: plain asserts, functions test…, unittest classes. Code that is slow, fails or ends early is 0; broken tests, or a sandbox that fails, leave the case ungraded",
		Oracle:  "own vectors; real CPython",
		Params: []Param{
			{Name: "tests", Kind: List, Filled: true, Required: true, Doc: "the tests, such as {{tests}}; a column that is a list is joined by lines"},
			{Name: "setup", Kind: List, Filled: true, Default: "", Doc: "put before the answer's code, such as {{prompt}} where the answer goes on from it"},
			{Name: "language", Kind: Text, Default: "python", OneOf: []string{"python"}, Doc: "of the code"},
			{Name: "interpreter", Kind: Text, Default: "python3", Doc: "on the PATH, or a path from the plan's folder"},
			{Name: "timeout", Kind: Text, Default: "5s", Doc: "CPU time; on the clock twice as long and a second"},
			{Name: "memory", Kind: Text, Default: "256MB", Doc: "address space, the interpreter included"},
			{Name: "sandbox", Kind: Text, Default: "isolated", OneOf: []string{"isolated", "none"}, Doc: "none: the code may use the network and the files of whoever runs the plan"},
		}}
	e.build = func(a *args) (kernel, error) {
		k := &codeTests{settings: Program{Language: a.text("language"), Interpreter: a.text("interpreter"), Isolated: a.text("sandbox") == "isolated"}}
		var err error
		if k.tests, err = newTree(a.option("tests")); err != nil {
			return nil, keyErr("tests", "", "%v", err)
		}
		if k.setup, err = newTree(a.option("setup")); err != nil {
			return nil, keyErr("setup", "", "%v", err)
		}
		if k.settings.Timeout, err = a.time("timeout", 10*time.Minute); err != nil {
			return nil, err
		}
		if k.settings.Memory, err = size(a.text("memory")); err != nil {
			return nil, keyErr("memory", "", "%v", err)
		}
		return k, nil
	}
	return []*Entry{e}
}

type codeTests struct {
	settings     Program
	tests, setup *tree
	world        World
}

func (k *codeTests) connect(w World) error {
	if err := w.Ready(k.settings); err != nil {
		return err
	}
	k.world = w
	return nil
}

// text is a tree as lines: a list is one a line, also one that a column holds as JSON: as a
// program it would do nothing, and so pass.
func (k *codeTests) text(t *tree, c *Case) (string, error) {
	v, err := t.of(c)
	if err != nil {
		return "", err
	}
	if s, ok := v.(string); ok && strings.HasPrefix(strings.TrimSpace(s), "[") {
		if list, err := parseJSON(s); err == nil {
			v = list
		}
	}
	if list, ok := textList(v); ok {
		return strings.Join(list, "\n"), nil
	}
	return variableText(v)
}

func (k *codeTests) check(c *Case) error {
	tests, err := k.text(k.tests, c)
	if err != nil {
		return err
	}
	if strings.TrimSpace(tests) == "" {
		return errors.New("the case has no tests")
	}
	_, err = k.text(k.setup, c)
	return err
}

func (k *codeTests) score(c *Case) Score {
	if k.world == nil {
		return ungraded(notConnected)
	}
	if err := k.check(c); err != nil {
		return ungraded(err.Error())
	}
	p := k.settings
	p.Tests, _ = k.text(k.tests, c)
	setup, _ := k.text(k.setup, c)
	if p.Code = codeOf(c.Output, "python", "py", "python3"); setup != "" {
		p.Code = setup + "\n" + p.Code
	}
	r := k.world.Run(p)
	if r.Broken != "" {
		return ungraded(r.Broken)
	}
	return yes(r.Passed, r.Evidence)
}

// time reads an option such as 5s.
func (a *args) time(name string, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(a.text(name))
	if err != nil || d <= 0 || d > most {
		return 0, keyErr(name, "", "expected a time such as 5s, at most %s, found %q", most, a.text(name))
	}
	return d, nil
}

// size reads a number of bytes such as 256MB; K, M and G are powers of 1024.
func size(s string) (int64, error) {
	t := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(s)), "B"), "I")
	unit := int64(1)
	for i, u := range "KMG" {
		if rest, ok := strings.CutSuffix(t, string(u)); ok {
			t, unit = rest, 1<<(10*(i+1))
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(t), 10, 64)
	if err != nil || n <= 0 || n > (1<<42)/unit {
		return 0, fmt.Errorf("expected a size such as 256MB, found %q", s)
	}
	return n * unit, nil
}
