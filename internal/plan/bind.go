package plan

import (
	"errors"
	"fmt"
	"slices"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// Bind checks the plan against the columns of its sources: existence, kinds, duplicate
// headers, conditions. columns reads a source's header; its error is returned as it is.
func (p *Plan) Bind(columns func(Source) ([]cases.Column, error)) ([]Problem, error) {
	var out []Problem
	seen := map[Source][]cases.Column{}
	for _, s := range append([]Source{p.Data.Source}, p.modelSources()...) {
		if _, ok := seen[s]; ok {
			continue
		}
		cols, err := columns(s)
		if err != nil {
			return nil, err
		}
		seen[s] = cols
	}
	for _, r := range p.references {
		source := r.source
		if source.IsZero() {
			source = p.Data.Source
		}
		cols := seen[source]
		var at []int
		var names []string
		for i, c := range cols {
			names = append(names, c.Name)
			if c.Name == r.column {
				at = append(at, i)
			}
		}
		where := ""
		if !r.source.IsZero() {
			where = " in " + r.source.String()
		}
		switch {
		case len(at) == 0:
			hint := didYouMean(r.column, names)
			if hasSuffix(r.path, "where") && nearest(r.column, names) == "" {
				hint = "if a text value was meant, write '" + r.column + "'"
			}
			out = append(out, problemAt(r.at, r.path, hint, "no column is called %q%s", r.column, where))
		case len(at) > 1:
			out = append(out, problemAt(r.at, r.path, "rename one of them", "the column %q stands twice in the header%s: at positions %d and %d", r.column, where, at[0]+1, at[1]+1))
		default:
			if why := p.misfit(r, cols[at[0]]); why != "" {
				out = append(out, problemAt(r.at, r.path, "", "column %q is %s (%s): %s", r.column, cols[at[0]].Kind, cols[at[0]].Type, why))
			}
		}
	}
	out = append(out, p.bindID(seen)...)
	for _, q := range p.bindConditions(seen[p.Data.Source]) {
		if !slices.ContainsFunc(out, func(o Problem) bool { return o.Path == q.Path }) { // a missing column is told once
			out = append(out, q)
		}
	}
	return tidy(out, p.File, p.source), nil
}

func (p *Plan) modelSources() []Source {
	var out []Source
	for _, m := range p.Models {
		if !p.Task.Generative() && !m.Source.IsZero() && (m.Source.Record == "" || m.Source.Scores != "") { // else: stored estimates only
			out = append(out, m.Source)
		}
	}
	return out
}

// bindID: a model's own file needs the id column too.
func (p *Plan) bindID(seen map[Source][]cases.Column) []Problem {
	var out []Problem
	for _, m := range p.Models {
		if m.Source.IsZero() || m.Source.Record != "" || p.Data.Columns.ID == "" {
			continue
		}
		found := false
		var names []string
		for _, c := range seen[m.Source] {
			names = append(names, c.Name)
			found = found || c.Name == p.Data.Columns.ID
		}
		if !found {
			path := "models." + m.Key + ".source"
			out = append(out, problemAt(p.sources[m.Key], path, didYouMean(p.Data.Columns.ID, names), "%s has no column %q to join on", m.Source, p.Data.Columns.ID))
		}
	}
	return out
}

func problemAt(n *node, path, hint, format string, args ...any) Problem {
	q := Problem{Path: path, Msg: fmt.Sprintf(format, args...), Hint: hint}
	if n != nil && n.set == "" {
		q.Line, q.Column = n.line, n.col
	}
	if n != nil && n.from != nil {
		q = n.from.place(q)
	}
	return q
}

// misfit says why a column's kind cannot play its role. Text is let through for
// scores and labels: a CSV column of numbers with one stray word is text, and the
// reader of the data names the word and its row.
func (p *Plan) misfit(r reference, c cases.Column) string {
	role := r.path
	switch {
	case role == "data.columns.weight" && c.Kind != cases.Number && c.Kind != cases.Text:
		return "weights are numbers"
	case (hasSuffix(role, ".score") || (hasSuffix(role, ".prediction") || hasSuffix(role, ".interval.lower") || hasSuffix(role, ".interval.upper")) && p.Task == cases.Regression) && (c.Kind == cases.Time || c.Kind == cases.Other || c.Kind == cases.Bool && p.Task == cases.Regression):
		return "a score is a number"
	case (role == "data.columns.label" || role == "data.columns.label.column") && c.Kind == cases.Other:
		return "a label is a number or text"
	case c.Kind == cases.Other && !hasPrefix(role, "models.") && !p.holdsLists(role):
		return "only numbers, text, booleans and times can be used here"
	}
	return ""
}

// holdsLists: a column of cases may be a list or an object where scorers and prompts read it.
func (p *Plan) holdsLists(role string) bool {
	return hasPrefix(role, "scorers[") || role == "data.columns.reference" || role == "data.columns.contexts" || role == "data.columns.relevant" || role == "data.columns.checks"
}

func hasSuffix(s, end string) bool   { return len(s) >= len(end) && s[len(s)-len(end):] == end }
func hasPrefix(s, start string) bool { return len(s) >= len(start) && s[:len(start)] == start }

func (p *Plan) bindConditions(cols []cases.Column) []Problem {
	kinds := map[string]slice.Kind{}
	known := map[string]bool{}
	for _, c := range cols {
		known[c.Name] = true
		switch c.Kind {
		case cases.Number:
			kinds[c.Name] = slice.Number
		case cases.Text:
			kinds[c.Name] = slice.Text
		case cases.Bool:
			kinds[c.Name] = slice.Bool
		case cases.Time:
			kinds[c.Name] = slice.Time
		}
	}
	var out []Problem
	for _, c := range p.conditions {
		_, err := c.where.Check(func(col string) (slice.Kind, bool) { return kinds[col], known[col] })
		if err == nil {
			continue
		}
		for _, e := range unjoin(err) {
			var se *slice.SyntaxError
			if errors.As(e, &se) {
				out = append(out, problemAt(c.at, c.path, se.Hint, "%s", se.Msg))
			} else {
				out = append(out, problemAt(c.at, c.path, "", "%v", e))
			}
		}
	}
	return out
}

func unjoin(err error) []error {
	if u, ok := err.(interface{ Unwrap() []error }); ok {
		return u.Unwrap()
	}
	return []error{err}
}
