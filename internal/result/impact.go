package result

// Impact is what models are worth in units of the business over a period of Volume
// decisions, were the rows of that period like these.
type Impact struct {
	Per        string  `json:"per"`
	Unit       string  `json:"unit"`
	Volume     float64 `json:"volume"`
	Candidate  Amount  `json:"candidate"`
	Baseline   *Amount `json:"baseline,omitempty"`
	Difference *Amount `json:"difference,omitempty"` // candidate − baseline, on the same rows
	Sentence   string  `json:"sentence"`
}

// Amount is a value with its interval; absent where undefined, with the reason.
type Amount struct {
	Value  Number  `json:"value"`
	Lower  Number  `json:"lower"`
	Upper  Number  `json:"upper"`
	Level  float64 `json:"level"`
	N      int64   `json:"n"`
	Method string  `json:"method"`
	Note   string  `json:"note,omitempty"`
}
