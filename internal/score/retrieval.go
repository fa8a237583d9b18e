package score

import (
	"math"
	"sort"
	"strconv"
)

func retrievalEntries() []*Entry {
	k := Param{Name: "k", Kind: Whole, Default: 10, Min: 1, Doc: "so many of the first contexts"}
	all := Param{Name: "k", Kind: Whole, Default: 0, Min: 0, Doc: "so many of the first contexts; 0 is all"}
	make1 := func(name, meaning, oracle string, aliases []string, cut Param, f func([]float64, *relevant, int) float64) *Entry {
		e := &Entry{Name: name, Aliases: aliases, Group: "Retrieval", Meaning: meaning, Lo: 0, Hi: 1, Direction: Up, Oracle: oracle,
			Needs: "ranked contexts and relevant ids", Params: []Param{cut}}
		e.build = func(a *args) (kernel, error) {
			return &retrieval{k: a.whole("k"), f: f}, nil
		}
		return e
	}
	out := []*Entry{
		make1("precision_at_k", "relevant among the first k / k", "pytrec_eval P", nil, k, func(g []float64, _ *relevant, k int) float64 {
			return float64(hits(g, k)) / float64(k)
		}),
		make1("recall_at_k", "relevant among the first k / relevant", "pytrec_eval recall", nil, k, func(g []float64, r *relevant, k int) float64 {
			return float64(hits(g, k)) / float64(len(r.gains))
		}),
		make1("hit_at_k", "1 if one of the first k is relevant", "pytrec_eval success", []string{"success_at_k"}, k, func(g []float64, _ *relevant, k int) float64 {
			return bit(hits(g, k) > 0)
		}),
		make1("mrr", "1 / rank of the first relevant context, 0 without", "pytrec_eval recip_rank", []string{"reciprocal_rank"}, all, func(g []float64, _ *relevant, k int) float64 {
			for i, x := range g[:limit(g, k)] {
				if x > 0 {
					return 1 / float64(i+1)
				}
			}
			return 0
		}),
		make1("average_precision", "mean over the relevant of the precision at their rank, 0 for those not found; its mean over cases is MAP", "pytrec_eval map, map_cut", []string{"map"}, all, func(g []float64, r *relevant, k int) float64 {
			found, sum := 0, 0.0
			for i, x := range g[:limit(g, k)] {
				if x > 0 {
					found++
					sum += float64(found) / float64(i+1)
				}
			}
			return sum / float64(len(r.gains))
		}),
		make1("ndcg_at_k", "discounted gain of the first k / that of the best order, gains as they are, discount 1/log2(rank + 1)", "pytrec_eval ndcg_cut; scikit-learn ndcg_score", []string{"ndcg"}, k, func(g []float64, r *relevant, k int) float64 {
			return dcg(g, k) / dcg(r.best, k)
		}),
	}
	for _, e := range out {
		e.Binary = e.Name == "hit_at_k"
	}
	return out
}

func limit(g []float64, k int) int {
	if k == 0 || k > len(g) {
		return len(g)
	}
	return k
}

func hits(g []float64, k int) int {
	n := 0
	for _, x := range g[:limit(g, k)] {
		n += bitInt(x > 0)
	}
	return n
}

func dcg(g []float64, k int) float64 {
	sum := 0.0
	for i, x := range g[:limit(g, k)] {
		sum += x / math.Log2(float64(i+2))
	}
	return sum
}

// relevant is what should be found.
type relevant struct {
	gains map[string]float64
	best  []float64 // gains from large to small
}

type retrieval struct {
	k    int
	f    func(gains []float64, r *relevant, k int) float64
	gain []float64
	rel  relevant
	seen map[string]bool
}

// score takes a context that comes twice as two ranks of which the first alone can be
// relevant. A gain of 0 or less is not relevant.
func (s *retrieval) score(c *Case) Score {
	s.rel.best = s.rel.best[:0]
	s.rel.gains = c.Relevant
	for _, g := range c.Relevant {
		if g > 0 {
			s.rel.best = append(s.rel.best, g)
		}
	}
	if len(s.rel.best) == 0 {
		return ungraded("the case names no relevant context")
	}
	if len(s.rel.best) < len(c.Relevant) {
		s.rel.gains = map[string]float64{}
		for id, g := range c.Relevant {
			if g > 0 {
				s.rel.gains[id] = g
			}
		}
	}
	sort.Sort(sort.Reverse(sort.Float64Slice(s.rel.best)))
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	clear(s.seen)
	s.gain = s.gain[:0]
	found := 0
	for _, x := range c.Contexts {
		key := x.Key()
		g := s.rel.gains[key]
		if s.seen[key] {
			g = 0
		}
		s.seen[key] = true
		s.gain = append(s.gain, g)
		found += bitInt(g > 0)
	}
	v := s.f(s.gain, &s.rel, s.k)
	return graded(v, strconv.Itoa(found)+" of "+strconv.Itoa(len(s.rel.best))+" found in "+strconv.Itoa(len(s.gain)))
}
