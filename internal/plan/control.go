package plan

// control reads how much a degraded candidate is degraded.
func (d *decoder) control(n *node) {
	if !d.keys(n, "control", "degrade") {
		return
	}
	d.require(n, "control", "degrade", ": the share of the candidate's answers that other rows get, such as 10%")
	d.with(n, "degrade", func(v *node) {
		before := len(d.problems)
		x := &Control{Degrade: d.share(v, "control.degrade")}
		if len(d.problems) == before && x.Degrade == 0 {
			d.fail(v, "control.degrade", "write 10%, or leave control out", "a control that is not degraded is the candidate itself")
		}
		d.plan.Control = x
	})
}
