// Package rubric says what a judge is asked about an answer, and reads what it says. It
// refuses to guess: a reply that names none of the offered levels is no verdict, and a
// judge is never told whose answer it reads.
package rubric

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Rubric is a criterion with either levels, of which a judge chooses one, or a tree of
// questions whose leaves are values.
type Rubric struct {
	Criterion string    `json:"criterion,omitempty"`
	Levels    []Level   `json:"levels,omitempty"`
	Tree      *Node     `json:"tree,omitempty"`
	Shows     []string  `json:"shows"`              // of Parts, in their order; the answer is always one
	Evidence  bool      `json:"evidence"`           // quotations and reasons are asked for before the verdict
	Examples  []Example `json:"examples,omitempty"` // verdicts that a judge is shown beforehand; levels only
}

// Level is one answer that a judge may give.
type Level struct {
	Value float64 `json:"value"`
	Name  string  `json:"name"`
	Means string  `json:"means"`
}

// Node is a question of a tree.
type Node struct {
	Ask     string   `json:"ask"`
	Options []Option `json:"options"`
}

// Option of a question leads to a value or to another question.
type Option struct {
	Name  string   `json:"name"`
	Value *float64 `json:"value,omitempty"`
	Then  *Node    `json:"then,omitempty"`
}

// Example is a judged answer.
type Example struct {
	Question  string   `json:"question,omitempty"`
	Contexts  []string `json:"contexts,omitempty"`
	Reference string   `json:"reference,omitempty"`
	Answer    string   `json:"answer"`
	Evidence  []string `json:"evidence,omitempty"`
	Reasoning string   `json:"reasoning,omitempty"`
	Level     string   `json:"level"`
}

// Parts are what a judge can be shown.
func Parts() []string { return []string{"question", "contexts", "reference", "answer"} }

// Bounds of a rubric.
const (
	MaxLevels = 20
	MaxDepth  = 20  // questions from the root of a tree to a leaf
	MaxNodes  = 500 // questions of a tree
	largest   = 1e100
)

// Check says what is wrong with a rubric as a whole. A rubric that passes has procedures
// that end.
func (r *Rubric) Check() error {
	switch {
	case len(r.Levels) == 0 && r.Tree == nil:
		return errors.New("a rubric needs levels, or a tree of questions")
	case len(r.Levels) > 0 && r.Tree != nil:
		return errors.New("a rubric has either levels or a tree, this has both")
	case len(r.Levels) > 0 && strings.TrimSpace(r.Criterion) == "":
		return errors.New("a rubric with levels needs a criterion: what is judged")
	case len(r.Levels) == 1 || len(r.Levels) > MaxLevels:
		return fmt.Errorf("2 to %d levels are expected, these are %d", MaxLevels, len(r.Levels))
	case r.Tree != nil && len(r.Examples) > 0:
		return errors.New("examples go with levels: a tree asks one question at a time")
	case !slices.Contains(r.Shows, "answer"):
		return errors.New("a judge must be shown the answer")
	}
	names := map[string]bool{}
	for _, l := range r.Levels {
		if err := named(names, l.Name); err != nil {
			return fmt.Errorf("levels: %w", err)
		}
	}
	if r.Tree != nil {
		n := 0
		if err := r.Tree.check(1, &n); err != nil {
			return err
		}
	}
	values := r.Values()
	for _, v := range values {
		if math.IsNaN(v) || math.Abs(v) > largest {
			return fmt.Errorf("the value %g cannot be averaged", v)
		}
	}
	if slices.Min(values) == slices.Max(values) {
		return errors.New("all values are alike: such a rubric says nothing")
	}
	for i, x := range r.Examples {
		if _, ok := r.level(x.Level); !ok {
			return fmt.Errorf("examples[%d]: %q is none of the levels %s", i, x.Level, quoted(r.names()))
		}
	}
	return nil
}

func named(seen map[string]bool, name string) error {
	key := fold(name)
	switch {
	case key == "":
		return errors.New("a name is empty")
	case strings.ContainsAny(name, "\"\\\n\r\t"):
		return fmt.Errorf("the name %q holds a quotation mark, a backslash or a line break", name)
	case seen[key]:
		return fmt.Errorf("two are called %q", name)
	}
	seen[key] = true
	return nil
}

func (n *Node) check(depth int, count *int) error {
	*count++
	switch {
	case depth > MaxDepth:
		return fmt.Errorf("tree: more than %d questions one after the other", MaxDepth)
	case *count > MaxNodes:
		return fmt.Errorf("tree: more than %d questions", MaxNodes)
	case strings.TrimSpace(n.Ask) == "":
		return errors.New("tree: a question is empty")
	case len(n.Options) < 2 || len(n.Options) > MaxLevels:
		return fmt.Errorf("tree: %q needs 2 to %d options, these are %d", n.Ask, MaxLevels, len(n.Options))
	}
	names := map[string]bool{}
	for _, o := range n.Options {
		if err := named(names, o.Name); err != nil {
			return fmt.Errorf("tree: options of %q: %w", n.Ask, err)
		}
		switch {
		case (o.Value == nil) == (o.Then == nil):
			return fmt.Errorf("tree: the option %q of %q leads to a value or to another question", o.Name, n.Ask)
		case o.Then != nil:
			if err := o.Then.check(depth+1, count); err != nil {
				return err
			}
		}
	}
	return nil
}

// Values are all that a verdict can be.
func (r *Rubric) Values() []float64 {
	var out []float64
	for _, l := range r.Levels {
		out = append(out, l.Value)
	}
	var walk func(*Node)
	walk = func(n *Node) {
		for _, o := range n.Options {
			if o.Then != nil {
				walk(o.Then)
			} else if o.Value != nil {
				out = append(out, *o.Value)
			}
		}
	}
	if r.Tree != nil {
		walk(r.Tree)
	}
	return out
}

// Questions is how many a verdict takes at the most.
func (r *Rubric) Questions() int {
	if r.Tree == nil {
		return 1
	}
	return r.Tree.depth()
}

func (n *Node) depth() int {
	out := 1
	for _, o := range n.Options {
		if o.Then != nil {
			out = max(out, 1+o.Then.depth())
		}
	}
	return out
}

// PassFail reports whether every verdict is 0 or 1.
func (r *Rubric) PassFail() bool {
	return !slices.ContainsFunc(r.Values(), func(v float64) bool { return v != 0 && v != 1 })
}

// Tokens says why a level's probability cannot be read off its first token: "" when it can.
func (r *Rubric) Tokens() string {
	if r.Tree != nil {
		return "the leaves of a tree are reached by several answers"
	}
	first := map[rune]string{}
	for _, l := range r.Levels {
		c := []rune(fold(l.Name))[0]
		if other, twice := first[c]; twice {
			return fmt.Sprintf("the levels %q and %q begin alike, and a level is known by its first token", other, l.Name)
		}
		first[c] = l.Name
	}
	return ""
}

func (r *Rubric) names() []string {
	out := make([]string, len(r.Levels))
	for i, l := range r.Levels {
		out[i] = l.Name
	}
	return out
}

func (r *Rubric) level(name string) (Level, bool) {
	for _, l := range r.Levels {
		if fold(l.Name) == fold(name) {
			return l, true
		}
	}
	return Level{}, false
}

// fold is a name as replies are compared with it: Good, good and " GOOD " are one level.
func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = `"` + n + `"`
	}
	return strings.Join(out, ", ")
}
