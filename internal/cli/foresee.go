package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/stat/sequential"
)

// foresee says what a plan that stops when decided is going to do: when it looks, and how
// many cases it may be expected to ask, by what the truth is.
func foresee(ctx context.Context, s *eval.Setup) ([]string, error) {
	o, err := caseOrder(ctx, s)
	if err != nil {
		return nil, err
	}
	q := &eval.Sequence{Order: o.words, Cases: o.looks(s.Plan.Stop)}
	all := q.Cases[len(q.Cases)-1]
	if len(q.Cases) == 1 {
		return []string{fmt.Sprintf("stop: %s cases are no more than the first look needs: all are asked", result.Count(all))}, nil
	}
	var at []string
	for _, n := range q.Cases {
		at = append(at, result.Count(n))
	}
	out := []string{fmt.Sprintf("stop: looks after %s cases, in the order of %s", strings.Join(at, ", "), o.words)}
	var seen []float64
	for _, g := range s.Plan.Gates {
		if g.Severity != result.Block || !g.Sequential() || slices.Contains(seen, g.Confidence) {
			continue
		}
		seen = append(seen, g.Confidence)
		d, err := q.Schedule(s.Plan).Design(g.Confidence)
		if err != nil {
			return nil, err
		}
		out = append(out, asksOf(d, g.Confidence, s.Plan.Stop.Futility, all))
	}
	return out, nil
}

// asksOf words what a gate of its own would ask, by where the truth lies.
func asksOf(d sequential.Design, confidence, futility float64, all int64) string {
	drift := d.Drift(0.9)
	ask := func(at float64) string {
		x := d.At(at, futility > 0)
		return fmt.Sprintf("%s (%s)", result.Count(int64(x.Fraction*float64(all)+0.5)), result.Percent(float64(int(x.Fraction*100+0.5))/100))
	}
	s := fmt.Sprintf("stop: a gate by itself at %s asks on average %s cases where the candidate is as good as all cases would show with 90 %%, %s half as far from the bound, %s on it, %s as far beyond it",
		result.Percent(confidence), ask(drift), ask(drift/2), ask(0), ask(-drift))
	if harm := d.At(-drift, futility > 0).Harm; harm > 0 {
		s += fmt.Sprintf(" (it fails in %s, else it is given up)", result.Percent(float64(int(harm*100+0.5))/100))
	}
	if futility > 0 {
		s += fmt.Sprintf("; giving up costs %s of those 90 %%", result.Percent(float64(int((0.9-d.At(drift, true).Pass)*1000+0.5))/1000))
	}
	return s
}
