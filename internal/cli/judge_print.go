package cli

import (
	"fmt"
	"time"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/judge"
	"github.com/fairtrial/fairtrial/internal/result"
)

const cardSchema = "fairtrial.judge-card/v1"

// cardOf says whose card it is, as far as it was made of a record.
type cardOf struct {
	Judge  string     `json:"judge,omitempty"`  // identity: the SHA-256 of all that makes its scores
	Scorer string     `json:"scorer,omitempty"` // the metric's name
	Model  string     `json:"model,omitempty"`
	System string     `json:"system,omitempty"` // digest of the model as the plan pins it
	Run    string     `json:"run,omitempty"`
	Made   *time.Time `json:"made,omitempty"`
	// Of answers drawn with unequal chances: counts are those of as many even ones.
	Drawn string `json:"drawn,omitempty"`
}

// judgeItself is how far the judge agrees with itself and with the others of its ensemble,
// over all answers that it judged in the run, of whichever model. A measure that the judge
// has no occasion for (one verdict an answer, no pairs) is null.
type judgeItself struct {
	Flips      *result.Measure   `json:"flip_rate"`      // of pairs, shown in both orders
	FirstPlace *result.Measure   `json:"first_place"`    // share of the first place where one won in both orders
	Repeats    []engine.JudgedBy `json:"repeats"`        // by judge: how far repeated verdicts on an answer differ
	Ensemble   *result.Measure   `json:"ensemble_alpha"` // Krippendorff's α between judges
}

func newJudgeItself(of *engine.Judged) *judgeItself {
	if of == nil {
		return nil
	}
	x := &judgeItself{Flips: of.Flips, FirstPlace: of.FirstPlace, Ensemble: of.Alpha}
	for _, j := range of.Judges {
		if j.Unlike != nil {
			x.Repeats = append(x.Repeats, j)
		}
	}
	return x
}

// cardCounts are labelled answers by label, and those of them that the judge got right.
type cardCounts struct {
	Good       int `json:"good"`
	GoodPassed int `json:"good_passed"`
	Bad        int `json:"bad"`
	BadFailed  int `json:"bad_failed"`
}

// cardDocument is `judge card --json`.
type cardDocument struct {
	Schema string `json:"schema"`
	cardOf
	Counts      *cardCounts `json:"counts"` // of a judge that passes and fails
	Rows        int         `json:"rows"`
	Ungraded    int         `json:"ungraded"`
	Labels      int         `json:"labels"`
	PassFail    bool        `json:"pass_fail"`
	Level       float64     `json:"confidence"`
	Sensitivity cardNumber  `json:"sensitivity"`
	Specificity cardNumber  `json:"specificity"`
	Agreement   cardNumber  `json:"agreement"`
	Kappa       cardNumber  `json:"cohen_kappa"`
	AC1         cardNumber  `json:"gwet_ac1"`
	Alpha       cardNumber  `json:"krippendorff_alpha"`
	Raters      cardNumber  `json:"raters_alpha"`
	LengthBias  cardNumber  `json:"length_bias"`
	*judgeItself
	Raw        cardNumber    `json:"raw"`
	LabelsOnly cardNumber    `json:"labels_only"`
	Corrected  cardNumber    `json:"corrected"`
	Refused    string        `json:"refused,omitempty"`
	Lambda     result.Number `json:"lambda"`
	Gain       result.Number `json:"gain"`
	Within     float64       `json:"within"`
	Needed     *int          `json:"labels_needed"`
}

type cardNumber struct {
	Value result.Number `json:"value"`
	Lower result.Number `json:"lower"`
	Upper result.Number `json:"upper"`
	N     int           `json:"n"`
}

func cardJSON(c judge.Card, level, half float64, need int, known bool) cardDocument {
	n := func(e judge.Estimate) cardNumber {
		return cardNumber{result.Number(e.Value), result.Number(e.Lower), result.Number(e.Upper), e.N}
	}
	d := cardDocument{Schema: cardSchema, Rows: c.Rows, Ungraded: c.Ungraded, Labels: c.Labels, PassFail: c.PassFail, Level: level,
		Sensitivity: n(c.Sensitivity), Specificity: n(c.Specificity), Agreement: n(c.Observed), Kappa: n(c.Kappa), AC1: n(c.AC1), Alpha: n(c.Alpha), Raters: n(c.RatersAlpha),
		LengthBias: n(c.LengthBias), Raw: n(c.Raw), LabelsOnly: n(c.LabelsOnly), Corrected: n(c.Corrected), Refused: c.Refused,
		Lambda: result.Number(c.Lambda), Gain: result.Number(c.Gain), Within: half}
	if c.PassFail {
		k := c.Counts
		d.Counts = &cardCounts{k.Good, k.GoodPassed, k.Bad, k.BadFailed}
	}
	if known {
		d.Needed = &need
	}
	return d
}

func (e *Env) printCard(c judge.Card, own *judgeItself, level, half float64, need int, known bool) {
	p := func(format string, args ...any) { fmt.Fprintf(e.Stdout, format+"\n", args...) }
	p("%s answers, %s of them labelled, %s ungraded by the judge. Intervals: %s.\n", result.Count(int64(c.Rows)), result.Count(int64(c.Labels)), result.Count(int64(c.Ungraded)), result.Percent(level))
	line := func(name string, x judge.Estimate, what string) {
		v := result.Number(x.Value)
		if !v.Known() {
			return
		}
		text := v.Short()
		if lo, hi := result.Number(x.Lower), result.Number(x.Upper); lo.Known() && hi.Known() {
			text += fmt.Sprintf(" (%s to %s)", lo.Short(), hi.Short())
		}
		p("%-22s %-30s n = %-8s %s", name, text, result.Count(int64(x.N)), what)
	}
	line("sensitivity", c.Sensitivity, "good answers that it passes")
	line("specificity", c.Specificity, "bad answers that it fails")
	line("agreement", c.Observed, "answers rated as people did")
	line("Cohen's kappa", c.Kappa, "beyond chance")
	line("Gwet's AC1", c.AC1, "beyond chance, where one side is rare")
	line("Krippendorff's alpha", c.Alpha, "judge and people")
	line("alpha of the raters", c.RatersAlpha, "people among themselves: no judge can do better")
	line("length bias", c.LengthBias, "correlation of judge − label with the answer's length")
	if own != nil {
		measured := func(name string, m *result.Measure, what string) {
			if m != nil {
				line(name, judge.Estimate{Value: float64(m.Value), Lower: float64(m.Lower), Upper: float64(m.Upper), N: int(m.N)}, what)
			}
		}
		measured("flip rate", own.Flips, "pairs on which it turns with the order: they are ties")
		measured("first place", own.FirstPlace, "of the pairs that one place won in both orders; 0.5 is no bias")
		for _, j := range own.Repeats {
			who := ""
			if len(own.Repeats) > 1 {
				who = " by " + j.Judge
			}
			measured("unlike repeats", j.Unlike, "answers on which its repeated verdicts differ"+who)
		}
		measured("alpha of the ensemble", own.Ensemble, "judges among themselves")
	}
	p("")
	line("mean, uncorrected", c.Raw, "as the judge has it")
	line("mean, labels alone", c.LabelsOnly, "")
	line("mean, corrected", c.Corrected, fmt.Sprintf("PPI++, λ = %s; worth %s × the labels", result.Number(c.Lambda).Short(), result.Number(c.Gain).Short()))
	if c.Refused != "" {
		p("The mean is not corrected: %s.", c.Refused)
	}
	if c.LengthBias.Lower > 0 || c.LengthBias.Upper < 0 {
		p("The judge favours %s answers.", map[bool]string{true: "longer", false: "shorter"}[c.LengthBias.Value > 0])
	}
	if own != nil && own.FirstPlace != nil && (own.FirstPlace.Lower > 0.5 || own.FirstPlace.Upper < 0.5) {
		p("The judge favours the answer that it is shown %s.", map[bool]string{true: "first", false: "second"}[own.FirstPlace.Value > 0.5])
	}
	switch {
	case !known:
		p("How many labels ± %s would take cannot be said from so few; label 200 to begin with.", result.Number(half).Short())
	case need <= c.Labels:
		p("These labels are enough for ± %s.", result.Number(half).Short())
	default:
		p("About %s labels in all would bring the corrected mean to ± %s.", result.Count(int64(need)), result.Number(half).Short())
	}
}
