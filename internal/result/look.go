package result

// Sequential is the account of a plan that asks its cases in stages and stops when its
// gates are decided. Cases that were not asked are no missing ones: they were not needed.
type Sequential struct {
	Order    string  `json:"order"`   // by what the cases were put in order
	Planned  []int64 `json:"planned"` // cases at each look; the last are all
	Asked    int64   `json:"asked"`
	Spending string  `json:"spending"`
	Futility float64 `json:"futility"` // 0: it never gives up
	Worse    string  `json:"worse"`    // show: it goes on where all cases would show a fail; give_up
	Looks    []Look  `json:"looks"`    // that were taken
	Stop     Stop    `json:"stop"`
	Sentence string  `json:"sentence"`
}

// All is the number of cases that could have been asked.
func (s *Sequential) All() int64 {
	if len(s.Planned) == 0 {
		return s.Asked
	}
	return s.Planned[len(s.Planned)-1]
}

// Stop says why no more cases were asked.
type Stop string

// Stops. The empty one is none: more cases are asked.
const (
	GoOn     Stop = ""
	Decided  Stop = "decided"   // every blocking gate passes, or one fails
	Futile   Stop = "futile"    // a blocking gate would hardly pass with all cases
	AllAsked Stop = "all asked" // there are no more
	Held     Stop = "held"      // the stored answers end here (score)
)

// Look is one look at the gates.
type Look struct {
	Number    int        `json:"number"`   // from 1
	Cases     int64      `json:"cases"`    // asked so far
	Fraction  float64    `json:"fraction"` // of the planned ones
	Summaries string     `json:"summaries,omitempty"`
	Gates     []LookGate `json:"gates"`
}

// LookGate is a gate at a look. Statistic, in standard errors, is how far beyond what the
// gate requires the value lies: at Bound it passes, at FailBound it fails, from Harm to Futility
// it is given up. The interval is the one that decides: at a level so high that all looks
// together keep the gate's confidence.
type LookGate struct {
	Gate      string  `json:"gate"`
	Verdict   Verdict `json:"verdict"`
	Value     Number  `json:"value"`
	Lower     Number  `json:"lower"`
	Upper     Number  `json:"upper"`
	Level     Number  `json:"level"`
	N         int64   `json:"n"`
	Statistic Number  `json:"statistic"`
	Bound     Number  `json:"bound"`      // null: nothing may be decided at this look
	FailBound Number  `json:"fail_bound"` // null: none
	Futility  Number  `json:"futility"`   // null: none
	Harm      Number  `json:"harm"`       // null: none, at Futility and anywhere below it is given up
	Futile    bool    `json:"futile,omitempty"`
	Waits     bool    `json:"waits,omitempty"` // judged once, when all cases are asked
}

// Unadjusted is what a value and its interval are without regard to the looks, beside the
// adjusted ones.
type Unadjusted struct {
	Value  Number `json:"value"`
	Lower  Number `json:"lower"`
	Upper  Number `json:"upper"`
	Method string `json:"method"` // of the adjusted ones
	P      Number `json:"p_value"`
}
