package answers

import (
	"fmt"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/score"
)

// GroupGrader grades groups of cases by a scorer that looks at a whole group. The cases pass
// three times: Count finds how large groups are, Add grades a group when its last case is
// there and lets go of its answers, and Grade tells each case's score. One goroutine at a time.
type GroupGrader struct {
	own     *Grader
	columns plan.Columns
	column  string
	sizes   map[string]groupOf
	open    map[string]*openGroup
	scores  []map[int64]groupScore // by model and row
}

// groupOf is what is known of a group before anything is answered.
type groupOf struct {
	cases   int
	cluster string
}

// openGroup is a group of which not all cases came yet.
type openGroup struct {
	cases []*Case
	given [][]Answer // by case and model
}

// groupScore is a Score without what it can be made of again.
type groupScore struct {
	value, raw float64
	stats      [2]float64
	reason     string
}

// NewGroupGrader grades with own the cases whose columns have these roles.
func NewGroupGrader(own *Grader, columns plan.Columns, models int) *GroupGrader {
	g := &GroupGrader{own: own, columns: columns, sizes: map[string]groupOf{}, open: map[string]*openGroup{}}
	g.column, _ = own.s.GroupBy()
	if g.column == "" {
		g.column = columns.Cluster
	}
	for range models {
		g.scores = append(g.scores, map[int64]groupScore{})
	}
	return g
}

// Groups reports whether the scorer looks at a group of cases.
func (g *Grader) Groups() bool {
	_, ok := g.s.GroupBy()
	return ok
}

func (g *GroupGrader) of(c *Case) (name string, err error) {
	name, why := text(c.Vars[g.column])
	if why != "" {
		return "", g.wrong(c, why)
	}
	return name, nil
}

func (g *GroupGrader) wrong(c *Case, why string) error {
	return &engine.DataError{Where: fmt.Sprintf("row %d (id %s)", c.Row, c.ID), Msg: fmt.Sprintf("%s: %s: %s", g.own.Scorer.As, g.column, why)}
}

// Count takes a case into account. A group that lies in two clusters is an error: its cases
// would pass for independent ones.
func (g *GroupGrader) Count(c *Case) error {
	name, err := g.of(c)
	if err != nil || name == "" {
		return err
	}
	cluster, _ := text(c.Vars[g.columns.Cluster])
	x, seen := g.sizes[name]
	if seen && x.cluster != cluster {
		return g.wrong(c, fmt.Sprintf("the group %q lies in the clusters %q and %q of %s: the cases of a group belong into one", name, x.cluster, cluster, g.columns.Cluster))
	}
	g.sizes[name] = groupOf{x.cases + 1, cluster}
	return nil
}

// Add takes the answers to a case, by model.
func (g *GroupGrader) Add(c *Case, given []Answer) error {
	name, err := g.of(c)
	if err != nil {
		return err
	}
	if name == "" {
		for m := range given {
			g.scores[m][c.Row] = groupScore{reason: "it is in no group: " + g.column + " is empty"}
		}
		return nil
	}
	o := g.open[name]
	if o == nil {
		o = &openGroup{}
		g.open[name] = o
	}
	o.cases, o.given = append(o.cases, c), append(o.given, append([]Answer(nil), given...))
	if len(o.cases) < g.sizes[name].cases {
		return nil
	}
	delete(g.open, name)
	for m := range given {
		g.grade(m, o)
	}
	return nil
}

// grade is the mean over samples: a group is graded once with the first of each case, once
// with the second, and so on.
func (g *GroupGrader) grade(m int, o *openGroup) {
	samples := len(o.given[0][m].Samples)
	sums := make([]groupScore, len(o.cases))
	group := make([]score.Case, len(o.cases))
	for k := range samples {
		for i := range o.cases {
			group[i] = o.given[i][m].Samples[k]
		}
		for i, x := range g.own.s.ScoreGroup(group) {
			if x = g.own.check(x); !x.Graded {
				if sums[i].reason == "" {
					sums[i].reason = nth(k, samples) + x.Reason
				}
				continue
			}
			sums[i].value += x.Value / float64(samples)
			sums[i].raw += x.Raw / float64(samples)
			for j, v := range x.Stats {
				sums[i].stats[j] += v / float64(samples)
			}
		}
	}
	for i, c := range o.cases {
		g.scores[m][c.Row] = sums[i]
	}
}

// Grade gives the scores of a case, by model.
func (g *GroupGrader) Grade(c *Case, given []Answer) ([]score.Score, error) {
	out := make([]score.Score, len(given))
	for m := range given {
		switch x, ok := g.scores[m][c.Row]; {
		case !ok:
			return nil, g.wrong(c, "its group is not whole")
		case x.reason != "":
			out[m] = score.Score{Reason: x.reason}
		default:
			out[m] = score.Score{Graded: true, Value: x.value, Raw: x.raw, Stats: x.stats[:]}
		}
	}
	return out, nil
}
