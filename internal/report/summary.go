package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

//go:embed summary.html.tmpl
var summaryTemplate string //nolint:gochecknoglobals // an embedded file

// What fits on one page; what does not is counted in words.
const (
	summaryGates, summaryMetrics, cardGates = 8, 6, 5
)

// summaryPage is a page cut to what decides.
type summaryPage struct {
	*page
	Card        bool
	Said        string
	TopGates    []gateRow
	MoreGates   string
	TopMetrics  []metricRow
	MoreMetrics string
	TopCharts   []chartView
}

// Summary writes one page of A4: the verdict, the gates, the headline and two pictures.
func Summary(w io.Writer, r *record.Record) error { return summarise(w, r, false) }

// Card writes a page of 1200 × 630 pixels for a chat: the verdict and the gates.
func Card(w io.Writer, r *record.Record) error { return summarise(w, r, true) }

func summarise(w io.Writer, r *record.Record, card bool) error {
	t, err := template.New("summary").Funcs(template.FuncMap{
		"count": result.Count,
		"shape": func(v result.Verdict) string { return shape(v) },
		"word":  func(v result.Verdict) string { return word(v) },
		"short": short,
		"whole": whole,
	}).Parse(summaryTemplate)
	if err != nil {
		return fmt.Errorf("render summary: %w", err)
	}
	p := &summaryPage{page: newPage(r), Card: card, Said: decisionWord(r.Verdict.Decision)}
	most := summaryGates
	if card {
		most = cardGates
	}
	p.TopGates = p.GateRows
	// what blocks comes first, so that a page never hides it
	var blocking, rest []gateRow
	for _, g := range p.GateRows {
		if g.Verdict == result.Pass || g.Verdict == result.VerdictNotApplicable {
			rest = append(rest, g)
		} else {
			blocking = append(blocking, g)
		}
	}
	p.TopGates = append(blocking, rest...)
	if k := len(p.TopGates) - most; k > 0 {
		p.TopGates, p.MoreGates = p.TopGates[:most], fmt.Sprintf("and %d more gates, in the report", k)
	}
	p.TopMetrics = p.Overall
	shown := min(summaryMetrics, 11-len(p.TopGates)) // so that both fit
	if k := len(p.Overall) - shown; k > 0 {
		p.TopMetrics, p.MoreMetrics = p.Overall[:shown], fmt.Sprintf("and %d more metrics, in the report", k)
	}
	for _, v := range p.Charts {
		if len(p.TopCharts) == 0 || (len(p.TopCharts) == 1 && strings.Contains(v.Title, " by slice")) {
			p.TopCharts = append(p.TopCharts, v)
		}
	}
	return t.Execute(w, p)
}

// decisionWord is a decision as a headline says it.
func decisionWord(d result.Decision) string {
	s := strings.ReplaceAll(string(d), "_", " ")
	if s == "no go" {
		s = "no-go"
	}
	if s == "" {
		return "Error"
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
