package score

// Corpus is the value on a set of cases as a function of sums over the cases.
type Corpus interface {
	// StatNames names the numbers of Score.Stats, in order.
	StatNames() []string
	// Of is the value at sums of Stats, with its gradient by each sum. ok is false where
	// the value is undefined (nothing to compare). smooth is false at a point where the
	// definition switches (a smoothed count of 0), where the gradient is one-sided.
	Of(sums []float64) (value float64, gradient []float64, smooth, ok bool)
	// Signature says exactly what was computed, as sacrebleu writes it.
	Signature() string
}
