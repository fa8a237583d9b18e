package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// HTMLLimit is the size in bytes that the texts of cases are cut for. A page of many
// slices and metrics can be larger without them.
const HTMLLimit = 2_000_000

// HTML writes the report: one self-contained page. Where the charts' script was built it
// is in the page, as is one that filters its cases, each allowed by its digest; the page is
// whole without them. Long texts of cases are cut, further where the page would grow
// beyond HTMLLimit.
func HTML(w io.Writer, r *record.Record) error {
	t, err := pageOf(pageTemplate, casesTemplate)
	if err != nil {
		return fmt.Errorf("render html: %w", err)
	}
	p := newPage(r)
	var b bytes.Buffer
	for _, most := range []int{2000, 1000, 500, 200, 100, 50, 20} {
		p.Shown = shownCases(r, p.Filters, most)
		b.Reset()
		if err := t.Execute(&b, p); err != nil {
			return fmt.Errorf("render html: %w", err)
		}
		if b.Len() <= HTMLLimit || len(r.Cases) == 0 {
			break
		}
	}
	_, err = b.WriteTo(w)
	return err
}

func pageOf(texts ...string) (*template.Template, error) {
	return template.New("report").Funcs(template.FuncMap{
		"count":   result.Count,
		"percent": result.Percent,
		"shape":   func(v result.Verdict) string { return shape(v) },
		"word":    func(v result.Verdict) string { return word(v) },
		"short":   short,
		"join":    strings.Join,
		"whole":   whole,
		"number":  func(x float64) string { return result.Number(x).Short() },
		"inc":     func(i int) int { return i + 1 },
		"dict": func(paired bool, list []metricRow) any {
			return struct {
				Paired bool
				List   []metricRow
			}{paired, list}
		},
	}).Parse(strings.Join(texts, ""))
}

// script is text that the page's policy allows by its digest.
type script struct {
	Text template.JS
	Hash string
}

func scriptOf(text string) script {
	sum := sha256.Sum256([]byte(text))
	return script{template.JS(text), base64.StdEncoding.EncodeToString(sum[:])} //nolint:gosec // our own file
}
