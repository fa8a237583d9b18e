package record

import "github.com/fairtrial/fairtrial/internal/result"

// Case is one case of a generative task with what models made of it, and why it is shown.
type Case struct {
	ID        string       `json:"id"`
	Row       int64        `json:"row"`            // 1-based, in reading order
	Kind      string       `json:"kind,omitempty"` // of a CaseKind
	Why       string       `json:"why"`            // "worse than the baseline by right"
	Slices    []string     `json:"slices"`
	Question  string       `json:"question,omitempty"`
	Reference []string     `json:"reference"`
	Contexts  []Passage    `json:"contexts,omitempty"` // of the case; an answer may bring its own
	Answers   []CaseAnswer `json:"answers"`
}

// Passage is one context of a case, cut where it is long.
type Passage struct {
	ID   string `json:"id,omitempty"`
	Text string `json:"text"`
}

// The kinds of cases that a record shows. A case is of the first that fits it.
const (
	PassToFail = "pass_to_fail" // a pass-fail scorer passes the baseline and fails the candidate
	FailToPass = "fail_to_pass"
	Ungraded   = "ungraded" // a scorer gave the candidate no score
	Worse      = "worse"    // by another score, or by more of them
	Better     = "better"
	Low        = "low" // not the best score, and no difference
)

// CaseKind counts the cases of one kind over all that were graded, and says which of them
// the record shows.
type CaseKind struct {
	Kind  string `json:"kind"`
	Cases int64  `json:"cases"`
	Shown int64  `json:"shown"`
	First string `json:"first"` // how they are chosen: "those first that flip by most scorers, then …"
}

// Flips counts what a pass-fail scorer says of the cases that it graded for candidate and
// baseline.
type Flips struct {
	Scorer     string `json:"scorer"`
	Graded     int64  `json:"graded"` // for both
	PassToFail int64  `json:"pass_to_fail"`
	FailToPass int64  `json:"fail_to_pass"`
	BothPass   int64  `json:"both_pass"`
}

// BothFail are the others that were graded for both.
func (f Flips) BothFail() int64 { return f.Graded - f.PassToFail - f.FailToPass - f.BothPass }

// CaseAnswer is a model's first answer to a case, cut where it is long, and the scores.
type CaseAnswer struct {
	Model    string      `json:"model"`
	Output   string      `json:"output"`
	Length   int64       `json:"length,omitempty"` // of the whole output in characters, where this is its beginning
	NoOutput string      `json:"no_output,omitempty"`
	Contexts []Passage   `json:"contexts,omitempty"` // that the model retrieved itself
	Scores   []CaseScore `json:"scores"`
}

// CaseScore is a scorer's word on a case, over all samples: null where it is ungraded.
type CaseScore struct {
	Scorer string        `json:"scorer"`
	Value  result.Number `json:"value"`
	Note   string        `json:"note,omitempty"` // what was found, or why there is no score
	// Verdicts are all that judges said about the answer that is shown.
	Verdicts []CaseVerdict `json:"verdicts,omitempty"`
}

// CaseVerdict is one judge's word on one answer.
type CaseVerdict struct {
	Judge     string        `json:"judge"`
	Repeat    int           `json:"repeat"` // from 0
	Value     result.Number `json:"value"`
	Level     string        `json:"level,omitempty"`
	Evidence  []string      `json:"evidence,omitempty"` // as the judge quotes it
	Reasoning string        `json:"reasoning,omitempty"`
	Ungraded  string        `json:"ungraded,omitempty"` // why there is no verdict
	Steps     []CaseStep    `json:"steps,omitempty"`    // of a tree of questions
}

// CaseStep is one question of a tree and its answer.
type CaseStep struct {
	Ask       string   `json:"ask"`
	Choice    string   `json:"choice"`
	Evidence  []string `json:"evidence,omitempty"`
	Reasoning string   `json:"reasoning,omitempty"`
}
