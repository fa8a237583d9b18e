package result

// Verdict is the outcome of a gate or of one of its cells. The zero value is error:
// a verdict that nobody set must never look like a pass.
type Verdict string

// Verdicts. The empty string is read as Error.
const (
	Error                Verdict = "error"
	Pass                 Verdict = "pass"
	Fail                 Verdict = "fail"
	Inconclusive         Verdict = "inconclusive"
	VerdictNotApplicable Verdict = "not_applicable"
)

// MarshalText writes the zero value as error.
func (v Verdict) MarshalText() ([]byte, error) {
	if v == "" {
		return []byte(Error), nil
	}
	return []byte(v), nil
}

// Severity says what a gate's failure does.
type Severity string

// Severities.
const (
	Block Severity = "block"
	Warn  Severity = "warn"
)

// Gate is one decided gate.
type Gate struct {
	Name     string   `json:"name"`
	Metric   string   `json:"metric"`
	Model    string   `json:"model"`
	Rule     string   `json:"rule"` // in words: "no worse than baseline by more than 0.005"
	Why      string   `json:"why,omitempty"`
	Severity Severity `json:"severity"`
	// OnInconclusive is "warn" where the plan lets an inconclusive gate through as a guardrail.
	OnInconclusive string   `json:"on_inconclusive,omitempty"`
	JudgedBy       string   `json:"judged_by"` // "interval", or "value" (evidence: value)
	Require        string   `json:"require,omitempty"`
	Uncalibrated   bool     `json:"uncalibrated,omitempty"` // the metric is an opinion that no human label vouches for
	Verdict        Verdict  `json:"verdict"`
	Evidence       Evidence `json:"evidence"`
	Cells          []Cell   `json:"cells"`
	Reason         string   `json:"reason"`
	// Look is the gate at the last look of a plan that stops when decided.
	Look *LookGate `json:"look,omitempty"`
}

// Evidence is what a gate's verdict rests on (for sliced gates, the overall cell).
type Evidence struct {
	Value   Number  `json:"value"`
	Lower   Number  `json:"lower"`
	Upper   Number  `json:"upper"`
	Bound   Number  `json:"bound"`
	Bound2  Number  `json:"bound2"` // upper end of `between`
	Level   float64 `json:"level"`
	N       int64   `json:"n"`
	NeededN *int64  `json:"needed_n"`
	// NeededLabels is how many human labels would decide, of a metric that they correct.
	NeededLabels *int64 `json:"needed_labels,omitempty"`
	// NeededSamples is how many answers to each of the same cases would decide instead; 0:
	// no number would. nil: not known.
	NeededSamples *int64 `json:"needed_samples,omitempty"`
	// Unadjusted is there where value and interval are adjusted for the looks that were taken.
	Unadjusted *Unadjusted `json:"unadjusted,omitempty"`
}

// Cell is one metric on one slice (or pair of groups) under a gate.
type Cell struct {
	Slice        string  `json:"slice"`
	Verdict      Verdict `json:"verdict"`
	Value        Number  `json:"value"`
	Lower        Number  `json:"lower"`
	Upper        Number  `json:"upper"`
	N            int64   `json:"n"`
	Share        Number  `json:"share"` // rows of the slice / usable rows
	P            Number  `json:"p_value"`
	PAdjusted    Number  `json:"p_adjusted"`
	NeededN      *int64  `json:"needed_n"`
	NeededLabels *int64  `json:"needed_labels,omitempty"`
	// NeededSamples is as in Evidence.
	NeededSamples *int64 `json:"needed_samples,omitempty"`
	// Catchable is the smallest violation beyond the bound that this cell could have
	// caught (80 % power at the unadjusted level).
	Catchable Number `json:"catchable"`
	Note      string `json:"note"`
}

// Decision is the roll-up over all gates. The zero value reads as error.
type Decision string

// Decisions.
const (
	Go                   Decision = "go"
	NoGo                 Decision = "no-go"
	DecisionInconclusive Decision = "inconclusive"
	DecisionError        Decision = "error"
	NotJudged            Decision = "not_judged"
)

// MarshalText writes the zero value as error.
func (d Decision) MarshalText() ([]byte, error) {
	if d == "" {
		return []byte(DecisionError), nil
	}
	return []byte(d), nil
}

// Outcome is the verdict of a whole run.
type Outcome struct {
	Decision   Decision `json:"decision"`
	Sentence   string   `json:"sentence"`
	Reasons    []string `json:"reasons"`
	Next       []string `json:"next"`       // what to do next, at most three
	Guardrails []string `json:"guardrails"` // names of warn gates that did not pass
	Control    *Control `json:"control,omitempty"`
}

// Control is what the same gates say of the candidate with a share of its answers given
// to other rows. It must not pass; a plan that lets it pass cannot say go.
type Control struct {
	Degrade  float64       `json:"degrade"` // as the plan asks
	Rows     int64         `json:"rows"`    // whose answers are another row's
	Decision Decision      `json:"decision"`
	Sentence string        `json:"sentence"`
	Gates    []ControlGate `json:"gates"`
}

// ControlGate is a gate's verdict on the control.
type ControlGate struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
}
