package cli

import (
	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
)

// planCatalogue tells the plan about metrics.
type planCatalogue struct{ *metric.Catalogue }

func (c planCatalogue) Lookup(t cases.Task, name string) (plan.MetricInfo, bool) {
	m, ok := c.Catalogue.Lookup(t, name)
	if !ok {
		return plan.MetricInfo{}, false
	}
	info := plan.MetricInfo{Name: m.Name, Direction: string(m.Direction), NeedsDecision: m.NeedsDecision, NeedsProbability: m.NeedsProbability, NeedsInterval: m.NeedsInterval,
		NoInterval: m.NoInterval, NoWeights: m.NoWeights, NoClusters: m.NoClusters, Averages: m.Averages, PerClass: m.PerClass}
	for _, p := range m.Params {
		info.Params = append(info.Params, plan.Param(p))
	}
	return info, true
}
