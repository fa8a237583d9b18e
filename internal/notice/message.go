// Package notice tells people and machines of a verdict: Slack, Teams, signed webhooks
// and OpenLineage. It refuses to decide anything: a notice that cannot be delivered
// is a warning. No address that it is given appears in an error.
package notice

import (
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Message is what a notice says of a record.
type Message struct {
	Event     string   `json:"event"` // fairtrial.verdict
	Run       string   `json:"run_id"`
	Plan      string   `json:"plan"`
	Owner     string   `json:"owner,omitempty"`
	Candidate string   `json:"candidate,omitempty"` // "credit 2"
	Verdict   string   `json:"verdict"`
	Sentence  string   `json:"sentence"`
	Reasons   []string `json:"reasons"`
	Gates     []Gate   `json:"gates"` // those that did not pass first
	Next      []string `json:"next"`
	Record    string   `json:"record_digest"`
	Result    string   `json:"result_digest"`
	Finished  string   `json:"finished"`       // RFC 3339
	Link      string   `json:"link,omitempty"` // to the report
}

// Gate is one gate's verdict.
type Gate struct {
	Name     string `json:"name"`
	Verdict  string `json:"verdict"`
	Severity string `json:"severity"`
	Reason   string `json:"reason,omitempty"`
}

// Of makes the message of a record.
func Of(r *record.Record, link string) Message {
	m := Message{Event: "fairtrial.verdict", Run: r.Run.ID, Plan: r.Plan.Name, Owner: r.Plan.Owner, Verdict: string(r.Verdict.Decision), Sentence: r.Verdict.Sentence,
		Reasons: append([]string{}, r.Verdict.Reasons...), Gates: []Gate{}, Next: append([]string{}, r.Verdict.Next...), Record: r.Digest, Result: r.ResultDigest,
		Finished: r.Run.Finished.UTC().Format("2006-01-02T15:04:05Z"), Link: link}
	if m.Verdict == "" {
		m.Verdict = string(result.DecisionError)
	}
	for _, x := range r.Plan.Models {
		if x.Key == "candidate" {
			m.Candidate = strings.TrimSpace(x.Name + " " + x.Version)
		}
	}
	for _, passed := range []bool{false, true} {
		for _, g := range r.Gates {
			if (g.Verdict == result.Pass) == passed {
				v, err := g.Verdict.MarshalText() // the zero value is an error
				if err != nil {
					v = []byte(result.Error)
				}
				m.Gates = append(m.Gates, Gate{g.Name, string(v), string(g.Severity), g.Reason})
			}
		}
	}
	return m
}

// title is the first line: shape, word and plan, as reports have them.
func (m Message) title() string {
	shape := map[string]string{"go": "●", "no-go": "■", "inconclusive": "◆", "error": "▲", "not_judged": "○"}[m.Verdict]
	word := map[string]string{"go": "Go", "no-go": "No-go", "inconclusive": "Inconclusive", "error": "Error", "not_judged": "Not judged"}[m.Verdict]
	t := shape + " " + word + ": " + m.Plan
	if m.Candidate != "" && m.Candidate != m.Plan {
		t += ", " + m.Candidate
	}
	return result.OneLine(t)
}

// shown are the gates that a chat message names: those that did not pass, at most ten;
// more says how many are not named.
func (m Message) shown() (list []Gate, more int) {
	for _, g := range m.Gates {
		if g.Verdict != string(result.Pass) {
			list = append(list, g)
		}
	}
	if len(list) > 10 {
		return list[:10], len(list) - 10
	}
	return list, 0
}

// cut shortens text to n characters and shows that it did.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
