package scan

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// refuse makes the error for row n of the stream, whose column holds a value that
// cannot stand there. msg gets the value as it stands in the file.
func (s streamed) refuse(ctx context.Context, column string, n int64, msg func(value string) string, hint string) error {
	c, err := s.t.column(column, "")
	if err != nil {
		return err
	}
	found, err := s.places(ctx, c, []int64{n})
	if err != nil {
		return err
	}
	p := found[n]
	return &engine.DataError{Where: s.t.where(p, column), Msg: msg(shorten(p.value)), Hint: hint}
}

// bad makes the error for a value outside [0,1] or a list of the wrong length.
func (s streamed) bad(ctx context.Context, n int64, b *badRow) error {
	if b.length >= 0 {
		return s.refuse(ctx, b.col, n, func(string) string {
			if b.want == 0 {
				return "the list of probabilities is empty"
			}
			return fmt.Sprintf("the list has %d probabilities, but the first one had %d", b.length, b.want)
		}, "each list needs one probability for each class, in the same order")
	}
	if b.above != "" {
		return s.refuse(ctx, b.col, n, func(string) string {
			return fmt.Sprintf("the prediction interval begins at %s and ends at %s (column %s)", formatNumber(b.value), formatNumber(b.end), b.above)
		}, "the lower end must not lie above the upper one: perhaps interval.lower and interval.upper are exchanged")
	}
	return s.refuse(ctx, b.col, n, func(string) string {
		return fmt.Sprintf("%s is not a probability: it is outside [0, 1]", formatNumber(b.value))
	}, "if these scores only rank, leave out the metrics that need probabilities (log_loss, brier, ece)")
}

// notNumber makes the error for a cell of one of the columns that must be numbers.
func (s streamed) notNumber(ctx context.Context, columns []roleColumn, n int64) error {
	for _, c := range columns {
		found, err := s.places(ctx, c.col, []int64{n})
		if err != nil {
			return err
		}
		p := found[n]
		if yes, err := s.isWrong(ctx, c, p.value); err != nil {
			return err
		} else if !yes {
			continue
		}
		hint := "every cell of the " + c.role + " must be a number; a missing one is left empty"
		if strings.Count(p.value, ",") == 1 && strings.Trim(p.value, "0123456789,-+") == "" {
			hint = "write the decimal point as a point, not as a comma"
		}
		return &engine.DataError{Where: s.t.where(p, c.col.Name), Msg: fmt.Sprintf("%q is not a number", shorten(p.value)), Hint: hint}
	}
	return errors.New("read " + s.t.name() + ": the file changed while it was read")
}

// isWrong asks whether a text of a column is no number, by the very SQL of the scan.
func (s streamed) isWrong(ctx context.Context, c roleColumn, value string) (bool, error) {
	if value == nullValue {
		return false, nil
	}
	r, err := s.db.Query(ctx, fmt.Sprintf("SELECT %s FROM (SELECT CAST(? AS VARCHAR) AS %s)", c.sql, c.col.ident), value)
	if err != nil {
		return false, err
	}
	yes := false
	for r.Next() {
		yes = r.Bools(0)[0]
	}
	return yes, r.Close()
}

// contradicted finds the first column whose guessed kind some cell contradicts, and
// asks for another scan that reads it as text.
func contradicted(ctx context.Context, db *duck.DB, t *table, guessed []*column) error {
	if len(guessed) == 0 {
		return nil
	}
	var tests []string
	for _, c := range guessed {
		_, x := c.typed()
		if x == "" {
			x = "false"
		}
		tests = append(tests, "coalesce(bool_or("+x+"), false)")
	}
	r, err := db.Query(ctx, "SELECT "+strings.Join(tests, ", ")+" FROM "+t.from(guessed, false))
	if err != nil {
		return t.explain(err)
	}
	var again *column
	for r.Next() {
		for i, c := range guessed {
			if again == nil && r.Bools(i)[0] {
				again = c
			}
		}
	}
	if err := r.Close(); err != nil {
		return t.explain(err)
	}
	if again == nil {
		return nil
	}
	return &errReplan{again}
}

// tooMany turns errTooMany into an error that names the column and its number of values.
func tooMany(ctx context.Context, db *duck.DB, t *table, k *coder, err error) error {
	if !errors.Is(err, errTooMany) {
		return err
	}
	x, _ := k.col.typed()
	r, qerr := db.Query(ctx, fmt.Sprintf("SELECT count(DISTINCT %s) FROM %s", x, t.from([]*column{k.col}, false)))
	if qerr != nil {
		return t.explain(qerr)
	}
	n := int64(0)
	for r.Next() {
		n = r.Ints(0)[0]
	}
	if err := r.Close(); err != nil {
		return t.explain(err)
	}
	return &engine.DataError{Where: t.name() + ", column " + k.col.Name, Msg: fmt.Sprintf("has %d distinct values; at most %d can be told apart", n, maxValues),
		Hint: "a slice or class needs few values: use bins for numbers, or leave the column out"}
}

// nullValue is how places writes a null.
const nullValue = "null"

func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

// rowsOf is the rows of a scan of the cases.
func (p *Plan) rowsOf() streamed {
	s := streamed{db: p.db, t: p.t}
	for i := range p.t.columns {
		s.use = append(s.use, &p.t.columns[i])
	}
	if p.t.format == jsonFormat { // only what is asked for is parsed
		s.use = nil
		for _, c := range p.stream.numeric {
			s.use = append(s.use, c.col)
		}
		for _, name := range p.stream.rule.Columns() {
			if c, err := p.t.column(name, ""); err == nil {
				s.use = append(s.use, c)
			}
		}
	}
	if p.stream.where != "" && p.stream.keep < 0 {
		s.where, s.args = p.stream.where, p.stream.whereArgs
	}
	if p.req.ID != "" {
		s.id, _ = p.t.column(p.req.ID, "id")
	}
	return s
}

func (j *join) rowsOf(db *duck.DB) streamed {
	return streamed{db: db, t: j.t, use: j.use, id: j.id}
}

// sources are the files that a plan reads, cases first, each file once.
func (p *Plan) sources() []input {
	seen := map[string]bool{}
	var out []input
	add := func(files []input) {
		for _, f := range files {
			if !seen[f.path] {
				seen[f.path] = true
				out = append(out, f)
			}
		}
	}
	add(p.t.files)
	for _, j := range p.joins {
		if j != nil {
			add(j.t.files)
		}
	}
	return out
}
