package variance

import (
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

// Share is a part of the squared standard error of a mean, from 0 to 1. Its bounds are NaN
// where there is no interval, all of it where it cannot be told from other parts.
type Share struct{ Value, Lower, Upper float64 }

// Parts are what the squared standard error of a mean over questions consists of. They add
// up to 1; the part of questions holds what cannot be told from it.
type Parts struct {
	N, Units                     int64   // questions, and clusters of them (or questions again)
	SE                           float64 // linearised, over units
	Questions, Sampling, Judging Share
	// Stays is the share, within that of judging, which more answers to a question leave.
	Stays float64
	// Cut says that the parts that can be told came out larger than the whole, or below 0:
	// few questions, or none that matter.
	Cut bool
}

// Parts are undefined, with ok false, below two units or where no mean differs from another.
func (s *Sums) Parts(level float64) (p Parts, ok bool) {
	keys := make([]string, 0, len(s.clusters))
	for k := range s.clusters {
		keys = append(keys, k)
	}
	slices.Sort(keys) // the same sum whatever the map's order
	for _, k := range keys {
		s.close(*s.clusters[k])
	}
	s.clusters = nil
	c, w := float64(s.units), s.total[weights]
	p.N, p.Units = s.n, s.units
	if s.units < 2 || !(w > 0) {
		return p, false
	}
	mu, more := s.total[scores]/w, c/(c-1)
	var all [terms]float64 // makes a unit's squared residual
	all[weights2], all[cross], all[scores2] = mu*mu*more, -2*mu*more, more
	whole := all[weights2]*s.total[weights2] + all[cross]*s.total[cross] + all[scores2]*s.total[scores2]
	if !(whole > 1e-24*(s.total[scores2]+mu*mu*s.total[weights2])) {
		return p, false
	}
	p.SE = math.Sqrt(whole) / w
	// share is that of the terms' sum, with an interval on the logarithm's scale.
	share := func(of ...int) Share {
		part := 0.0
		for _, i := range of {
			part += s.total[i]
		}
		none := Share{math.NaN(), math.NaN(), math.NaN()}
		if math.IsNaN(part) {
			return none
		}
		if part <= 0 {
			p.Cut = p.Cut || part < 0
			none.Value = 0
			return none
		}
		var h [terms]float64
		for i := range all {
			h[i] = -all[i] / whole
		}
		for _, i := range of {
			h[i] += 1 / part
		}
		se := math.Sqrt(more * s.quadratic(h))
		r, t := part/whole, dist.TQuantile(0.5+level/2, c-1)
		p.Cut = p.Cut || r > 1
		return Share{math.Min(1, r), math.Min(1, r*math.Exp(-t*se)), math.Min(1, r*math.Exp(t*se))}
	}
	p.Sampling, p.Judging = share(sampling), share(judging)
	p.Stays = math.Max(0, s.total[stays]/whole)
	var known []int
	for i, x := range map[int]Share{sampling: p.Sampling, judging: p.Judging} {
		if !math.IsNaN(x.Value) {
			known = append(known, i)
		}
	}
	slices.Sort(known)
	rest := share(known...)
	p.Questions = Share{1 - rest.Value, 1 - rest.Upper, 1 - rest.Lower}
	if len(known) == 0 {
		p.Questions = Share{1, math.NaN(), math.NaN()}
	}
	if s, j := zero(p.Sampling.Value), zero(p.Judging.Value); s+j > 1 { // cut alike
		p.Sampling.Value, p.Judging.Value = s/(s+j), j/(s+j)
	}
	p.Stays = math.Min(p.Stays, zero(p.Judging.Value))
	return p, true
}

func zero(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

// Width is by what factor the interval changes with so many times the questions, answers to
// each and verdicts on each.
func (p Parts) Width(questions, answers, verdicts float64) float64 {
	s, j := zero(p.Sampling.Value), zero(p.Judging.Value)
	return math.Sqrt((1 - s - j + s/answers + (p.Stays+(j-p.Stays)/answers)/verdicts) / questions)
}

// Answers is how many times the answers to each question shrink the interval to the factor
// width; +Inf where no number does.
func (p Parts) Answers(width float64) float64 {
	s, j := zero(p.Sampling.Value), zero(p.Judging.Value)
	room := width*width - (1 - s - j + p.Stays)
	if room <= 0 {
		return math.Inf(1)
	}
	return math.Max(1, (s+j-p.Stays)/room)
}
