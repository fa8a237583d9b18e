package score

// counted is a share of the cases that it speaks of, or F₁: of two numbers a case, both 0 or
// 1, the first is whether it is a hit and the second whether it is spoken of.
type counted struct {
	names     [2]string
	sameCases bool // the case alone decides whether it is spoken of
	f1        bool // 2J/(1+J) of the share J
	formula   string
}

func (k *counted) StatNames() []string { return k.names[:] }
func (k *counted) Signature() string   { return k.formula }

// Counts lets the metric take the intervals of shares instead of the delta method.
func (k *counted) Counts() (sameRows, f1 bool) { return k.sameCases, k.f1 }

func (k *counted) Of(sums []float64) (float64, []float64, bool, bool) {
	hits, of := sums[0], sums[1]
	if !(of > 0) {
		return 0, nil, false, false
	}
	if k.f1 {
		d := of + hits
		return 2 * hits / d, []float64{2 * of / (d * d), -2 * hits / (d * d)}, true, true
	}
	return hits / of, []float64{1 / of, -hits / (of * of)}, true, true
}
