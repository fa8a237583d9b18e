package report

import (
	"html/template"
	"io"

	"github.com/fairtrial/fairtrial/internal/record"
)

// HTML writes the report page.
func HTML(w io.Writer, r *record.Record) error {
	t := template.Must(template.New("report").Parse(`<!doctype html><title>{{.Plan.Name}}</title><h1>{{.Verdict.Sentence}}</h1>`))
	return t.Execute(w, r)
}
