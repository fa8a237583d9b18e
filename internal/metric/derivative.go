package metric

// Derivative is the value of a metric on a view with its derivative: of a metric of
// counts by the weight of each cell of v.Pop.Counts, of a metric of means by each column
// of its moments. ok is false for metrics of other summaries, and where it is undefined.
func (in *Instance) Derivative(v *View, model int) (value float64, by []float64, ok bool) {
	var why string
	switch m := in.measure.(type) {
	case rate:
		value, _, by, _, why = m.read(v, model)
	case smooth:
		value, by, _, _, why = m.read(v, model)
	case mean:
		m.refine = nil // reads co-moments, which the caller may not have
		value, by, _, _, why = m.read(v, model)
	default:
		return 0, nil, false
	}
	return value, by, why == ""
}
