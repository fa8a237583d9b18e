package result

// Status says whether a value could be computed. The zero value is undefined, so
// that a forgotten status never passes a gate.
type Status string

// Statuses.
const (
	Undefined     Status = "undefined"      // the data do not determine it: the reason is in Notes
	OK            Status = "ok"             // value present
	NotApplicable Status = "not_applicable" // the metric does not fit this model or task
)

// Overall is the slice name of all usable rows.
const Overall = "overall"

// Estimate is one metric of one model on one slice.
type Estimate struct {
	Metric  string   `json:"metric"` // the name in the plan (`as`, else the metric's name)
	Model   string   `json:"model"`  // key under `models`
	Slice   string   `json:"slice"`
	Value   Number   `json:"value"`
	SE      Number   `json:"se"`
	DF      Number   `json:"df"` // null: normal
	Lower   Number   `json:"lower"`
	Upper   Number   `json:"upper"`
	Level   float64  `json:"level"`
	N       int64    `json:"n"`       // rows in the metric's denominator
	NEff    Number   `json:"n_eff"`   // after weights and clusters
	Missing int64    `json:"missing"` // rows of the slice without a usable prediction of this model
	Worst   Number   `json:"worst"`   // value if every dropped row had gone against the model; null when nothing is missing or no bound exists
	Best    Number   `json:"best"`
	Method  string   `json:"method"`
	Status  Status   `json:"status"`
	Notes   []string `json:"notes"`
	// Correction is what the value rests on where human labels vouch for a judge's scores.
	Correction *Correction `json:"correction,omitempty"`
	// Apart is the slice against all other rows; nil where it is not tested.
	Apart *Apart `json:"apart,omitempty"`
}

// CompareVerdict is what a comparison says in one word.
type CompareVerdict string

// Comparison verdicts. Different is for metrics without a direction.
const (
	Better               CompareVerdict = "better"
	Worse                CompareVerdict = "worse"
	Different            CompareVerdict = "different"
	Equivalent           CompareVerdict = "equivalent"
	CompareInconclusive  CompareVerdict = "inconclusive"
	CompareNotApplicable CompareVerdict = "not_applicable"
)

// Comparison is candidate minus baseline for one metric on one slice.
type Comparison struct {
	Metric         string         `json:"metric"`
	Slice          string         `json:"slice"`
	Candidate      string         `json:"candidate"`
	Baseline       string         `json:"baseline"`
	Difference     Number         `json:"difference"`
	SE             Number         `json:"se"`
	DF             Number         `json:"df"`
	Lower          Number         `json:"lower"`
	Upper          Number         `json:"upper"`
	Level          float64        `json:"level"`
	P              Number         `json:"p_value"`
	PAdjusted      Number         `json:"p_adjusted"`
	Family         string         `json:"family"` // "" outside a family, "R", "G", "F:gate"
	FamilySize     int            `json:"family_size,omitempty"`
	Method         string         `json:"method"`
	Verdict        CompareVerdict `json:"verdict"`
	N              int64          `json:"n"`
	NeededN        *int64         `json:"needed_n"`
	SmallestEffect Number         `json:"smallest_effect"` // at 80 % power, two-sided at the level
	Status         Status         `json:"status"`
	Notes          []string       `json:"notes"`
	Correction     *Correction    `json:"correction,omitempty"`
}

// Measure is a number beside the estimates, such as how far judges agree: with its
// interval, what it rests on and how it was made.
type Measure struct {
	Value  Number `json:"value"`
	Lower  Number `json:"lower"`
	Upper  Number `json:"upper"`
	N      int64  `json:"n"`
	Method string `json:"method"`
	Note   string `json:"note,omitempty"` // why there is no value or no interval
}
