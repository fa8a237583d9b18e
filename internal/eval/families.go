package eval

import (
	"fmt"

	"github.com/fairtrial/fairtrial/internal/compare"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/gate"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

func (j *judgement) byName() map[string]*metric.Instance {
	m := map[string]*metric.Instance{}
	for _, in := range j.Metrics {
		m[in.As] = in
	}
	return m
}

func (j *judgement) fits(in *metric.Instance, key string) (bool, string) {
	for _, m := range j.Models {
		if m.Key == key {
			return in.Fits(m)
		}
	}
	return false, "the plan has no such model"
}

// groups are the populations of a column's values.
func (j *judgement) groups(column string) []int {
	var out []int
	for i, p := range j.set.Pops {
		if p.Partition < 0 {
			continue
		}
		e := j.Plan.Slices[p.Partition]
		if e.ByValue() && e.Columns[0] == column {
			out = append(out, i)
		}
	}
	return out
}

// inScope reports whether a sliced gate covers a population.
func inScope(g gate.Rule, name string) bool {
	for _, s := range g.Slices {
		if s == name || s == "all" && name != result.Overall {
			return true
		}
	}
	return false
}

// gatedPops marks the populations where a gate reads a bootstrap interval.
func (j *judgement) gatedPops() map[int]bool {
	out := map[int]bool{}
	by := j.byName()
	for _, g := range j.Plan.Gates {
		in := by[g.Metric]
		if in == nil || !in.Bootstraps() || g.Than != "" || g.Across != "" {
			continue
		}
		out[0] = true
		for i, p := range j.set.Pops {
			if inScope(g, p.Slice) {
				out[i] = true
			}
		}
	}
	return out
}

// readFamily puts the slice comparisons that no blocking sliced gate judges into
// family R and marks the others as G (GATES, "Families").
func (j *judgement) readFamily(cs []result.Comparison) {
	by := j.byName()
	at := map[string]int{}
	for i, in := range j.Metrics {
		at[in.As] = i
	}
	var family []int
	for i := range cs {
		if cs[i].Slice == result.Overall {
			continue
		}
		judged := false
		for _, g := range j.Plan.Gates {
			if g.Severity == result.Block && g.Than == cs[i].Baseline && g.Model == cs[i].Candidate && g.Metric == cs[i].Metric && inScope(g, cs[i].Slice) {
				judged = true
			}
		}
		if judged {
			cs[i].Family = "G"
			continue
		}
		family = append(family, i)
	}
	compare.ReadFamily(cs, family,
		func(i int) float64 { return compare.Good(by[cs[i].Metric].Direction) },
		func(i int) compare.Reading { return j.reading(at[cs[i].Metric], cs[i].Candidate) })
}

// tooMuchMissing is why every blocking gate is an error, or empty (GATES, "Missing").
func tooMuchMissing(p *plan.Plan, f engine.Facts) string {
	if p.Data.Missing != string(engine.MissingError) || f.Rows == 0 {
		return ""
	}
	n := float64(f.Rows)
	for _, m := range p.Models {
		if k := f.Missing[m.Key]; float64(k)/n > p.Data.MaxMissing.Predictions {
			return fmt.Sprintf("%s of %s rows have no usable prediction of %s (%s allowed): choose `missing: exclude` or `worst_case` if that is meant",
				result.Count(k), result.Count(f.Rows), m.Key, result.Percent(p.Data.MaxMissing.Predictions))
		}
	}
	if float64(f.NoLabel)/n > p.Data.MaxMissing.Labels {
		return fmt.Sprintf("%s of %s rows have no label (%s allowed)", result.Count(f.NoLabel), result.Count(f.Rows), result.Percent(p.Data.MaxMissing.Labels))
	}
	return ""
}

func (j *judgement) slices() []record.Slice {
	out := make([]record.Slice, 0, len(j.set.Pops))
	total := float64(j.set.Pops[0].N)
	for _, p := range j.set.Pops {
		s := record.Slice{Name: p.Slice, Entry: p.Partition, Rows: p.Rows, N: p.N, Share: result.None(), Events: result.None()}
		if total > 0 {
			s.Share = result.Number(float64(p.N) / total)
		}
		if n, ok := positives(p, len(j.set.Classes)); ok {
			s.Events = result.Number(n)
		}
		if p.Blocks != nil {
			s.Clusters = p.Blocks.Clusters
		}
		out = append(out, s)
	}
	return out
}
