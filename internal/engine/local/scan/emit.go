package scan

import (
	"context"
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// Emission asks for the cases of a request row by row.
type Emission struct {
	Fields  []string // columns of the cases; ["*"]: all but the label's
	Label   bool
	Outputs bool // of the request's models
}

// Emit hands on the rows that the filter lets through, in reading order, and returns the
// number of all rows. f must not keep the slice.
func Emit(ctx context.Context, db *duck.DB, req engine.Request, x Emission, f func([]engine.Case) error) (int64, error) {
	t, err := open(ctx, db, req.Source)
	if err != nil {
		return 0, err
	}
	if t.format == jsonFormat { // the first lines need not hold every field
		if err := t.openJSON(ctx, db, -1); err != nil {
			return 0, err
		}
	}
	e := emitter{t: t, b: &builder{t: t}}
	if err := e.layout(ctx, db, req, x); err != nil {
		return 0, err
	}
	r, err := db.Query(ctx, e.sql, e.b.args...)
	if err != nil {
		return 0, t.explain(err)
	}
	defer r.Close()
	var total int64
	var batch []engine.Case
	for r.Next() {
		batch = batch[:0]
		keep, ids, fields, label := r.Bools(e.keep), r.Strings(e.id), r.Strings(e.fields), r.Strings(e.label)
		text := func(s duck.Strings, column, i int) string {
			if duck.IsNull(r.Valid(column), i) {
				return ""
			}
			return string(s.At(i))
		}
		outs := make([]duck.Strings, len(e.outputs))
		for m, at := range e.outputs {
			outs[m] = r.Strings(at)
		}
		for i := 0; i < r.Len(); i++ {
			total++
			if !keep[i] || req.Only != nil && (total > int64(len(req.Only)) || !req.Only[total-1]) {
				continue
			}
			c := engine.Case{Row: total, ID: text(ids, e.id, i), Fields: text(fields, e.fields, i), Label: text(label, e.label, i), Outputs: make([]string, len(outs))}
			for m, at := range e.outputs {
				if c.Outputs[m] = text(outs[m], at, i); c.Outputs[m] == "null" {
					c.Outputs[m] = ""
				}
			}
			batch = append(batch, c)
		}
		if err := f(batch); err != nil {
			return total, err
		}
	}
	return total, t.explain(r.Close())
}

type emitter struct {
	t                       *table
	b                       *builder
	sql                     string
	keep, id, fields, label int
	outputs                 []int
}

func (e *emitter) layout(ctx context.Context, db *duck.DB, req engine.Request, x Emission) error {
	t, b := e.t, e.b
	var wanted []*column
	if len(x.Fields) == 1 && x.Fields[0] == "*" {
		for i := range t.columns {
			if c := &t.columns[i]; c.Name != req.Label || x.Label {
				wanted = append(wanted, b.column(c.Name, "field"))
			}
		}
	} else {
		for _, name := range x.Fields {
			wanted = append(wanted, b.column(name, "field"))
		}
	}
	var label *column
	if x.Label {
		label = b.column(req.Label, "label")
	}
	var id *column
	if req.ID != "" {
		id = b.column(req.ID, "id")
	}
	where := "true"
	if req.Where != nil {
		for _, name := range req.Where.Columns() {
			b.column(name, "column of the filter")
		}
	}
	own := make([]string, len(req.Models)) // SQL of outputs that stand in the cases' file
	type output struct {
		one   *column
		probs []*column
	}
	outs := make([]output, len(req.Models))
	for m, model := range req.Models {
		if !x.Outputs || model.Source != "" {
			continue
		}
		one, probs := answerColumns(req.Task, model)
		if one != "" {
			outs[m].one = b.column(one, "score of "+model.Key)
		}
		for _, name := range probs {
			outs[m].probs = append(outs[m].probs, b.column(name, "probability of "+model.Key))
		}
	}
	if b.err != nil {
		return b.err
	}
	if err := t.guess(ctx, db); err != nil {
		return err
	}
	if req.Where != nil && !req.Where.IsZero() {
		rule, err := req.Where.Check(t.kindOf)
		if err != nil {
			return fmt.Errorf("check where: %w", err)
		}
		sql, args := rule.SQL(t.typedName)
		where = "coalesce(" + sql + ", false)"
		b.args = append(b.args, args...)
	}
	for m, model := range req.Models {
		own[m] = answerSQL(outs[m].one, outs[m].probs, model.ProbClasses)
	}
	idSQL := "CAST(NULL AS VARCHAR)"
	if id != nil {
		idSQL = id.canonical()
	}
	labelSQL := "CAST(NULL AS VARCHAR)"
	if x.Label {
		labelSQL = asText(label.json())
	}
	selects := []string{where + ` AS "fairtrial keep"`, idSQL + ` AS "fairtrial id"`, object(wanted) + ` AS "fairtrial fields"`, labelSQL + ` AS "fairtrial label"`}
	e.keep, e.id, e.fields, e.label = 0, 1, 2, 3
	joins, joined := "", false
	for m, model := range req.Models {
		if !x.Outputs {
			break
		}
		e.outputs = append(e.outputs, len(selects))
		if model.Source == "" {
			selects = append(selects, own[m]+fmt.Sprintf(` AS "fairtrial out %d"`, m))
			continue
		}
		sql, err := e.join(ctx, db, req, m)
		if err != nil {
			return err
		}
		joined = true
		joins += fmt.Sprintf(` LEFT JOIN (%s) AS "fairtrial m%d" ON "fairtrial m%d".k = "fairtrial cases"."fairtrial id"`, sql, m, m)
		selects = append(selects, fmt.Sprintf(`"fairtrial m%d".o AS "fairtrial out %d"`, m, m))
	}
	from := t.from(b.use, false)
	if !joined {
		e.sql = "SELECT " + strings.Join(selects, ", ") + " FROM " + from
		return nil
	}
	// A join keeps no order: rows are numbered before it and sorted after.
	var outer, inner []string
	for i, s := range selects {
		if strings.HasPrefix(s, `"fairtrial m`) {
			outer = append(outer, s)
			continue
		}
		inner = append(inner, s)
		name := s[strings.LastIndex(s, ` AS "fairtrial `)+len(" AS "):]
		outer = append(outer, `"fairtrial cases".`+name)
		_ = i
	}
	e.sql = "SELECT " + strings.Join(outer, ", ") + ` FROM (SELECT row_number() OVER () AS "fairtrial row", ` + strings.Join(inner, ", ") + " FROM " + from +
		`) AS "fairtrial cases"` + joins + ` ORDER BY "fairtrial cases"."fairtrial row"`
	return nil
}

// join is the outputs of a model's own file: k, its id, and o, its output.
func (e *emitter) join(ctx context.Context, db *duck.DB, req engine.Request, m int) (string, error) {
	model := req.Models[m]
	t, err := open(ctx, db, model.Source)
	if err != nil {
		return "", err
	}
	b := &builder{t: t}
	id := b.column(req.ID, "id")
	oneName, probNames := answerColumns(req.Task, model)
	var one *column
	var probs []*column
	if oneName != "" {
		one = b.column(oneName, "score of "+model.Key)
	}
	for _, name := range probNames {
		probs = append(probs, b.column(name, "probability of "+model.Key))
	}
	if b.err != nil {
		return "", b.err
	}
	if err := t.guess(ctx, db); err != nil {
		return "", err
	}
	return fmt.Sprintf("SELECT %s AS k, any_value(%s) AS o FROM %s GROUP BY 1", id.canonical(), answerSQL(one, probs, model.ProbClasses), t.from(b.use, false)), nil
}

// answerColumns are the columns of what a model answers: without prediction intervals.
func answerColumns(task cases.Task, m cases.Model) (one string, probs []string) {
	one, probs = outputColumns(task, m)
	if one != "" {
		probs = nil
	}
	return one, probs
}

func answerSQL(one *column, probs []*column, classes []string) string {
	switch {
	case one != nil:
		return asText(one.json())
	case len(probs) == 1 && len(classes) != 1:
		return asText(probs[0].json())
	case len(probs) > 0:
		var fields []string
		for i, c := range probs {
			fields = append(fields, duck.Text(classes[i])+": "+c.json())
		}
		return asText("to_json({" + strings.Join(fields, ", ") + "})")
	}
	return "CAST(NULL AS VARCHAR)"
}

func asText(sql string) string { return "CAST(" + sql + " AS VARCHAR)" }

// object is the columns as one JSON object.
func object(list []*column) string {
	if len(list) == 0 {
		return "'{}'"
	}
	var fields []string
	for _, c := range list {
		fields = append(fields, duck.Text(c.Name)+": "+c.json())
	}
	return asText("to_json({" + strings.Join(fields, ", ") + "})")
}

// json is a cell as JSON: in the kind that its column was guessed to have where it is of
// that kind, else as the text that it is. NaN and infinities are null.
func (c *column) json() string {
	x := c.ident
	finite := func(x string) string { return "to_json(CASE WHEN isfinite(" + x + ") THEN " + x + " END)" }
	switch {
	case !c.text && (c.Type == "DOUBLE" || c.Type == "FLOAT"):
		return finite(x)
	case !c.text:
		return "to_json(" + x + ")"
	case c.Kind == cases.Number:
		return "CASE WHEN TRY_CAST(" + x + " AS DOUBLE) IS NOT NULL THEN " + finite("TRY_CAST("+x+" AS DOUBLE)") + " ELSE to_json(" + x + ") END"
	case c.Kind == cases.Bool:
		return "CASE WHEN TRY_CAST(" + x + " AS BOOLEAN) IS NOT NULL THEN to_json(TRY_CAST(" + x + " AS BOOLEAN)) ELSE to_json(" + x + ") END"
	case c.Kind == cases.Other:
		return "CASE WHEN json_valid(" + x + ") THEN CAST(" + x + " AS JSON) ELSE to_json(" + x + ") END"
	}
	return "to_json(" + x + ")"
}
