// Command promptfoo compares what our checks say of answers with what promptfoo itself said
// of them, from a configuration and the results of `promptfoo eval -o results.json`, per
// test and per assertion (scripts/promptfoo.sh). It refuses to run promptfoo.
//
// usage: promptfoo [-different TYPE,…] CONFIG RESULTS …
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/promptfoo"
	"github.com/fairtrial/fairtrial/internal/score"
)

// line counts comparisons of one kind.
type line struct {
	name                  string
	compared, pass        int // how many, and how many that promptfoo passes
	verdicts, scores      int // differences
	largest               float64
	ungraded, unexplained int
	example               string
}

type table struct {
	lines     map[string]*line
	different map[string]bool // kinds whose definitions differ, as documented
	partial   int
	verbose   bool
}

func main() {
	different := flag.String("different", "", "configurations (base names) whose differences are explained in docs/importers.md")
	verbose := flag.Bool("v", false, "print each difference")
	flag.Parse()
	args := flag.Args()
	t := &table{lines: map[string]*line{}, different: map[string]bool{}, verbose: *verbose}
	for _, d := range strings.Split(*different, ",") {
		t.different[d] = true
	}
	if len(args) == 0 || len(args)%2 != 0 {
		fmt.Fprintln(os.Stderr, "usage: promptfoo [-different NAMES] CONFIG RESULTS …")
		os.Exit(2)
	}
	for i := 0; i < len(args); i += 2 {
		if err := t.compare(args[i], args[i+1]); err != nil {
			fmt.Fprintln(os.Stderr, "promptfoo:", err)
			os.Exit(1)
		}
	}
	if !t.write() {
		os.Exit(1)
	}
}

func (t *table) compare(config, results string) error {
	m, err := promptfoo.Read(config, config)
	if err != nil {
		return err
	}
	for _, l := range m.Left {
		fmt.Fprintln(os.Stderr, "not carried:", l)
	}
	suffix := ""
	base := filepath.Base(filepath.Dir(config))
	if t.different[base] {
		suffix = " (" + base + ")"
	}
	return m.Results(results, results, func(a promptfoo.Answer) error {
		c := m.Cases[a.Case]
		if a.Output == nil {
			t.count("no output"+suffix, suffix != "", true, 0, score.Score{Reason: "no output"}, score.Score{})
			return nil
		}
		if len(c.Left) > 0 {
			t.partial++
			return nil
		}
		in := score.Case{Output: *a.Output, Latency: a.LatencyMS, CostUSD: a.CostUSD, Vars: c.Vars}
		whole := any(c.Checks)
		if c.Threshold != nil {
			whole = map[string]any{"of": c.Checks, "threshold": *c.Threshold}
		}
		pass, total, err := grade(whole, in)
		if err != nil {
			return fmt.Errorf("%s: %w", c.ID, err)
		}
		t.count("a whole test"+suffix, suffix != "", *a.Scores["promptfoo_pass"] == 1, *a.Scores["promptfoo_score"], pass, total)
		flat := flatten(c.Checks)
		if len(flat) != len(a.Asserts) {
			return fmt.Errorf("%s: %d checks, and promptfoo graded %d assertions", c.ID, len(flat), len(a.Asserts))
		}
		for i, g := range a.Asserts {
			check := flat[i]
			pass, total, err := grade([]any{alone(check)}, in)
			if m, ok := check.(map[string]any); ok && m["weight"] == 0.0 && m["type"] != "set" {
				pass.Value = 1 // of no weight, it passes
			}
			if err != nil {
				return fmt.Errorf("%s: %w", c.ID, err)
			}
			if t.verbose && (pass.Value == 1 != g.Pass || math.Abs(total.Value-g.Score) > 1e-9) {
				b, _ := json.Marshal(flat[i])
				fmt.Fprintf(os.Stderr, "%s %s on %q: promptfoo %v %g, here %g %g %s\n", g.Type, b, in.Output, g.Pass, g.Score, pass.Value, total.Value, pass.Reason)
			}
			t.count(g.Type+suffix, suffix != "", g.Pass, g.Score, pass, total)
		}
		return nil
	})
}

// alone is a check with a weight of its own.
func alone(check any) any {
	m, ok := check.(map[string]any)
	if !ok || m["weight"] == nil {
		return check
	}
	m = maps.Clone(m)
	delete(m, "weight")
	return m
}

// flatten puts the checks of a set behind the set, as promptfoo lists them.
func flatten(list []any) (out []any) {
	for _, x := range list {
		out = append(out, x)
		if m, ok := x.(map[string]any); ok {
			if of, ok := m["of"].([]any); ok {
				out = append(out, of...)
			}
		}
	}
	return out
}

func grade(checks any, c score.Case) (pass, total score.Score, err error) {
	b, err := json.Marshal(checks) // as it is read from a file
	if err != nil {
		return pass, total, err
	}
	if c.Checks, err = score.NewChecksReader().Read(string(b)); err != nil {
		return pass, total, err
	}
	one := func(spec map[string]any) score.Score {
		s, e := score.Parse(spec)
		if e != nil {
			err = e
			return score.Score{}
		}
		return s.Score(&c)
	}
	return one(map[string]any{"type": "checks"}), one(map[string]any{"type": "checks", "give": "score"}), err
}

func (t *table) count(name string, explained, theirPass bool, theirScore float64, pass, total score.Score) {
	l := t.lines[name]
	if l == nil {
		l = &line{name: name}
		t.lines[name] = l
	}
	l.compared++
	if theirPass {
		l.pass++
	}
	bad := false
	switch {
	case !pass.Graded || !total.Graded:
		l.ungraded++
		bad = true
	default:
		if pass.Value == 1 != theirPass {
			l.verdicts++
			bad = true
		}
		d := math.Abs(total.Value - theirScore)
		l.largest = max(l.largest, d)
		if d > 1e-9 {
			l.scores++
			bad = true
		}
	}
	if bad {
		if !explained {
			l.unexplained++
		}
		if l.example == "" {
			l.example = fmt.Sprintf("promptfoo %v %g, here %v %g %s", theirPass, theirScore, pass.Value == 1, total.Value, pass.Reason)
		}
	}
}

// write prints the table, and says whether every difference is an explained one.
func (t *table) write() bool {
	var names []string
	for n := range t.lines {
		names = append(names, n)
	}
	slices.Sort(names)
	fmt.Println("| assertion | compared | of them promptfoo passes | verdict differs | score differs | largest difference | ungraded |")
	fmt.Println("|---|---|---|---|---|---|---|")
	ok, all := true, 0
	for _, n := range names {
		l := t.lines[n]
		fmt.Printf("| %s | %d | %d | %d | %d | %.0e | %d |\n", l.name, l.compared, l.pass, l.verdicts, l.scores, l.largest, l.ungraded)
		all += l.compared
		if l.unexplained > 0 {
			ok = false
			fmt.Fprintf(os.Stderr, "DIFFERENT: %s: %s\n", l.name, l.example)
		}
	}
	fmt.Fprintf(os.Stderr, "%d comparisons; %d tests with a check that is not carried were not compared\n", all, t.partial)
	return ok
}
