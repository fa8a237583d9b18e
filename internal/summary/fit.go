package summary

// Fit is the logistic recalibration of each model on one population: y ~ Shift + logit(p)
// with the slope at 1, and y ~ Intercept + Slope·logit(p). It does not merge.
type Fit struct {
	Models []FitModel `json:"models"`
	Pairs  []FitPair  `json:"pairs,omitempty"` // every model against the baseline
}

// FitModel is one model's fits. A reason in Why… says that there is none; Var is Σ of
// squared influences, Blocks their sums by entry of the population's Blocks.
type FitModel struct {
	Shift       float64   `json:"shift"`
	ShiftVar    float64   `json:"shift_var"`
	WhyShift    string    `json:"why_shift,omitempty"`
	Intercept   float64   `json:"intercept"`
	Slope       float64   `json:"slope"`
	SlopeVar    float64   `json:"slope_var"`
	WhySlope    string    `json:"why_slope,omitempty"`
	ShiftBlocks []float64 `json:"shift_blocks,omitempty"`
	SlopeBlocks []float64 `json:"slope_blocks,omitempty"`
}

// FitPair is Σ of products of the influences of two models on the same rows.
type FitPair struct {
	A     int     `json:"a"`
	B     int     `json:"b"`
	Shift float64 `json:"shift"`
	Slope float64 `json:"slope"`
}
