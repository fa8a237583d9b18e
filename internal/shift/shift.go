// Package shift says why a metric changed between two data sets: other shares of slices,
// other shares of labels, another model, another threshold. It refuses metrics that are no
// function of counts or means, such as ranks.
package shift

import (
	"fmt"
	"math"
	"sort"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/infer"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// AllRows is the By of a split without slices.
const AllRows = "all rows"

// Part is one part of a change, with its interval (null where the errors are unknown).
type Part struct {
	Value result.Number `json:"value"`
	Lower result.Number `json:"lower"`
	Upper result.Number `json:"upper"`
}

// Shift splits the change of a metric between two data sets. Mix and Within sum to Total,
// Label and Model (and Threshold) to Within; a part that cannot be told from the next is
// null and belongs to it.
type Shift struct {
	Metric string `json:"metric"`
	By     string `json:"by"` // the slice entry, or "all rows"
	Total  Part   `json:"total"`
	// Mix is what other shares of the slices do at the same values within.
	Mix *Part `json:"mix,omitempty"`
	// Within is what changed within the slices.
	Within Part `json:"within"`
	// Label is what other shares of the labels within the slices do at the same rates.
	Label *Part `json:"label,omitempty"`
	// Model is what other decisions on the same labels do: the model, or its inputs. It
	// holds the threshold where that is null.
	Model *Part `json:"model,omitempty"`
	// Threshold is what another threshold does on the same scores.
	Threshold *Part   `json:"threshold,omitempty"`
	Groups    []Group `json:"groups,omitempty"` // largest part first
	Method    string  `json:"method"`
}

// Group is one slice's part of a change: against the metric's value on the whole, so that
// a larger share of a slice that is better than the rest adds.
type Group struct {
	Name        string        `json:"name"`
	ShareBefore result.Number `json:"share_before"` // of the usable rows, by weight
	ShareAfter  result.Number `json:"share_after"`
	Before      result.Number `json:"before"` // the metric there; null: no rows, or undefined
	After       result.Number `json:"after"`
	Mix         result.Number `json:"mix"`
	Within      result.Number `json:"within"`
	// Within by what changed there, as in Shift: null where the split does not tell it.
	Label     *result.Number `json:"label,omitempty"`
	Model     *result.Number `json:"model,omitempty"`
	Threshold *result.Number `json:"threshold,omitempty"`
}

// Data is one of the two data sets.
type Data struct {
	Set   *summary.Set
	Whole *summary.Population
	// Slices are the populations of one slice entry, which do not overlap; none: no split
	// by slices. Rows in none of them are a slice of their own.
	Slices []*summary.Population
	Model  int // whose change it is
	// Other is a model of Set with the same scores and the threshold of the other data
	// set; −1: the thresholds are the same, or not told apart.
	Other int
}

// Split splits the change of a metric from before to after. Errors follow by the delta
// method from the rows, or the clusters, of both data sets; clusters that are in both are
// counted with what they have in common. The error says why a metric cannot be split.
func Split(in *metric.Instance, before, after Data, by string, level float64) (Shift, error) {
	for _, n := range in.Needs() {
		if n.Kind != summary.KindCounts && n.Kind != summary.KindMoments {
			return Shift{}, fmt.Errorf("%s is no function of counts or means", in.As)
		}
	}
	s, err := newSplit(in, before, after)
	if err != nil {
		return Shift{}, fmt.Errorf("%s: %w", in.As, err)
	}
	parts, err := s.walk()
	if err != nil {
		return Shift{}, fmt.Errorf("%s: %w", in.As, err)
	}
	out := Shift{Metric: in.As, By: by, Method: "delta method, independent rows"}
	if s.sides[0].blocks != nil {
		out.Method = "delta method, clusters CR1-t"
	}
	part := func(factors ...int) *Part {
		var x effect
		for _, f := range factors {
			x.add(parts[f], 1)
		}
		return s.part(x, level)
	}
	out.Total, out.Within = *part(mix, label, model, threshold), *part(label, model, threshold)
	if len(s.names) > 1 {
		out.Mix = part(mix)
		out.Groups = s.groups(parts)
	}
	if s.counts {
		out.Label = part(label)
		if out.Model = part(model, threshold); s.rescored {
			out.Model, out.Threshold = part(model), part(threshold)
		}
	}
	return out, nil
}

// The factors of a data set, in the order of its description: how large each slice is,
// which labels its rows have, how the model scores them, and where the threshold lies.
const (
	mix = iota
	label
	model
	threshold
	factors
)

// orders are those in which the factors change from before to after. Every part is
// averaged over them, so that neither data set is the reference: mix goes before or after
// all the rest, labels before or after the decisions, the model before or after the
// threshold (Owen's value of nested unions, 1977; Kitagawa 1955 where there is mix alone).
// A part that is split further therefore keeps its value.
func orders() [][factors]int {
	var out [][factors]int
	for k := range 8 {
		decisions := [2]int{model, threshold}
		if k&1 != 0 {
			decisions[0], decisions[1] = threshold, model
		}
		within := [3]int{label, decisions[0], decisions[1]}
		if k&2 != 0 {
			within = [3]int{decisions[0], decisions[1], label}
		}
		if k&4 != 0 {
			out = append(out, [factors]int{within[0], within[1], within[2], mix})
		} else {
			out = append(out, [factors]int{mix, within[0], within[1], within[2]})
		}
	}
	return out
}

// state says for each factor which data set it is of: bit f set, of after.
type state int

func (s state) of(factor int) int { return int(s) >> factor & 1 }

// effect is a part of the change: its value, the influence on it of a unit of weight in
// each feature of both data sets, and each slice's share of it.
type effect struct {
	value     float64
	influence [2][]float64
	bySlice   []float64
}

func (e *effect) add(x effect, times float64) {
	e.value += times * x.value
	for s, from := range x.influence {
		e.influence[s] = plus(e.influence[s], from, times)
	}
	e.bySlice = plus(e.bySlice, x.bySlice, times)
}

func plus(to, from []float64, times float64) []float64 {
	if to == nil {
		to = make([]float64, len(from))
	}
	for i, x := range from {
		to[i] += times * x
	}
	return to
}

// split is one metric's change on its way.
type split struct {
	in       *metric.Instance
	names    []string // slices
	counts   bool     // of labels and decisions; else of means
	rescored bool     // both data sets know the other's threshold
	dim      int      // numbers that the metric is a function of
	classes  int
	sides    [2]*side
	view     *metric.View      // a population to fill and ask
	size     float64           // of the metric's values, for what is rounding
	fill     func(q []float64) // writes the numbers into it
}

// at is the metric's value where the numbers are q, with its derivative.
func (s *split) at(q []float64) (float64, []float64, error) {
	s.fill(q)
	v, d, ok := s.in.Derivative(&metric.View{Set: s.view.Set, Pop: s.view.Pop}, 0)
	if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, nil, fmt.Errorf("the metric is undefined with the shares of one data set and the values of the other")
	}
	return v, d, nil
}

// walk goes from before to after in every order and gives each factor's mean effect.
func (s *split) walk() ([factors]effect, error) {
	var parts [factors]effect
	points := map[state]effect{}
	s.size = 0
	point := func(x state) (effect, error) {
		if e, ok := points[x]; ok {
			return e, nil
		}
		e, err := s.point(x)
		points[x], s.size = e, math.Max(s.size, math.Abs(e.value))
		return e, err
	}
	edges := map[[2]state][]float64{}
	list := orders()
	for _, order := range list {
		var x state
		from, err := point(x)
		if err != nil {
			return parts, err
		}
		for _, f := range order {
			y := x | 1<<f
			to, err := point(y)
			if err != nil {
				return parts, err
			}
			shares, ok := edges[[2]state{x, y}]
			if !ok {
				if shares, err = s.along(x, y, to.value-from.value); err != nil {
					return parts, err
				}
				edges[[2]state{x, y}] = shares
			}
			parts[f].add(to, 1/float64(len(list)))
			parts[f].add(from, -1/float64(len(list)))
			parts[f].bySlice = plus(parts[f].bySlice, shares, 1/float64(len(list)))
			x, from = y, to
		}
	}
	return parts, nil
}

// quadrature gives nodes and weights of the five-point Gauss–Legendre rule on [0, 1].
func quadrature() [5][2]float64 {
	return [5][2]float64{{0.5, 0.28444444444444444}, {0.23076534494715845, 0.23931433524968324}, {0.7692346550528415, 0.23931433524968324},
		{0.04691007703066802, 0.11846344252809454}, {0.9530899229693319, 0.11846344252809454}}
}

// along is each slice's share of the step from x to y: what its own move adds while all
// move together (Aumann & Shapley 1974), scaled so that the slices sum to the step.
func (s *split) along(x, y state, step float64) ([]float64, error) {
	from, to := s.bySlice(x), s.bySlice(y)
	out := make([]float64, len(s.names))
	q := make([]float64, s.dim)
	for _, node := range quadrature() {
		for k := range q {
			q[k] = 0
			for g := range out {
				q[k] += (1-node[0])*from[g][k] + node[0]*to[g][k]
			}
		}
		_, d, err := s.at(q)
		if err != nil {
			return nil, err
		}
		for g := range out {
			for k := range q {
				out[g] += node[1] * d[k] * (to[g][k] - from[g][k])
			}
		}
	}
	sum := 0.0
	for _, v := range out {
		sum += v
	}
	if math.Abs(sum) > 1e-9 {
		for g := range out {
			out[g] *= step / sum
		}
	}
	return out, nil
}

// part draws the interval.
func (s *split) part(x effect, level float64) *Part {
	p := &Part{Value: result.Number(x.value), Lower: result.None(), Upper: result.None()}
	variance, df := s.variance(x.influence)
	i := infer.Inference{Value: x.value, SE: math.Sqrt(variance), DF: df, Shape: infer.NewSymmetric()}
	if tiny := 1e-12 * s.size; math.Abs(x.value) <= tiny && i.SE <= tiny { // rounding is no change
		p.Value, i.Value, i.SE = 0, 0, 0
	}
	if lo, hi, ok := i.Interval(level); ok {
		p.Lower, p.Upper = result.Number(lo), result.Number(hi)
	}
	return p
}

// groups are the slices' parts, the largest first.
func (s *split) groups(parts [factors]effect) []Group {
	out := make([]Group, len(s.names))
	for g, name := range s.names {
		within := 0.0
		for f := label; f < factors; f++ {
			within += parts[f].bySlice[g]
		}
		out[g] = Group{Name: name, ShareBefore: result.Number(s.sides[0].share[g]), ShareAfter: result.Number(s.sides[1].share[g]),
			Before: s.value(0, g), After: s.value(1, g), Mix: result.Number(parts[mix].bySlice[g]), Within: result.Number(within)}
		if s.counts {
			s.apart(&out[g], parts, g)
		}
	}
	size := func(g Group) float64 { return math.Abs(float64(g.Within)) + math.Abs(float64(g.Mix)) }
	sort.SliceStable(out, func(i, k int) bool { return size(out[i]) > size(out[k]) })
	return out
}

// apart tells a slice's part within by labels, model and threshold.
func (s *split) apart(to *Group, parts [factors]effect, g int) {
	of := func(f int) *result.Number { x := result.Number(parts[f].bySlice[g]); return &x }
	to.Label, to.Model = of(label), of(model)
	if s.rescored {
		to.Threshold = of(threshold)
	} else {
		*to.Model += *of(threshold)
	}
}

// value is the metric on one slice of one data set.
func (s *split) value(k, g int) result.Number {
	if s.sides[k].share[g] == 0 {
		return result.None()
	}
	q := s.within(g, state(k*(1<<factors-1)))
	v, _, err := s.at(q)
	if err != nil {
		return result.None()
	}
	return result.Number(v)
}
