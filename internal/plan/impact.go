package plan

import (
	"github.com/fairtrial/fairtrial/internal/cases"
)

// impact reads what decisions are worth. It is built for decisions of two classes.
func (d *decoder) impact(n *node) {
	if d.plan.Task != cases.Binary {
		d.fail(n, "impact", "remove it, or use task: binary", "impact in business units is built for task binary only")
		return
	}
	if !d.keys(n, "impact", "per", "volume", "values", "unit") {
		return
	}
	for _, key := range []string{"per", "volume", "values", "unit"} {
		d.require(n, "impact", key, map[string]string{"per": ": the period, such as month", "volume": ": decisions in a period",
			"values": ": what each outcome is worth, such as {tp: 0, fp: -1, fn: -8, tn: 0}", "unit": ": what is counted, such as EUR 1 000"}[key])
	}
	x := &Impact{}
	d.with(n, "per", func(v *node) { x.Per = d.name(v, "impact.per") })
	d.with(n, "unit", func(v *node) { x.Unit = d.name(v, "impact.unit") })
	d.with(n, "volume", func(v *node) {
		if f, ok := d.number(v, "impact.volume"); ok {
			if x.Volume = f; f <= 0 || f > 1e15 {
				d.fail(v, "impact.volume", "", "a number of decisions above 0 is expected")
			}
		}
	})
	d.with(n, "values", func(v *node) { d.outcomes(v, &x.Values) })
	for _, key := range []string{"candidate", "baseline"} {
		if i := d.modelAt(key); i >= 0 && d.plan.Models[i].Threshold == nil && d.plan.Models[i].Score != "" {
			d.fail(n, "impact", "add models."+key+".threshold", "impact counts decisions, and model %s has no threshold", key)
		}
	}
	d.plan.Impact = x
}

func (d *decoder) outcomes(v *node, x *OutcomeValues) {
	if !d.keys(v, "impact.values", "tp", "fp", "fn", "tn") {
		return
	}
	some := false
	for key, to := range map[string]*float64{"tp": &x.TP, "fp": &x.FP, "fn": &x.FN, "tn": &x.TN} {
		d.with(v, key, func(n *node) {
			f, ok := d.number(n, "impact.values."+key)
			if ok && (f < -1e15 || f > 1e15) {
				d.fail(n, "impact.values."+key, "choose a larger unit", "values lie between −1e15 and 1e15")
			}
			*to, some = f, some || f != 0 || !ok
		})
	}
	if !some && len(v.keys) > 0 {
		d.fail(v, "impact.values", "give at least one outcome a value", "every outcome is worth 0: there is no impact to count")
	}
	if len(v.keys) == 0 {
		d.fail(v, "impact.values", "write {tp: 0, fp: -1, fn: -8, tn: 0}", "no outcome has a value")
	}
}

func (d *decoder) modelAt(key string) int {
	for i, m := range d.plan.Models {
		if m.Key == key {
			return i
		}
	}
	return -1
}
