package scan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// quantiles turns slices by quantiles into bins: of the n rows that the filter lets
// through and that have a number there, the k-th of K bounds is the value of rank
// ⌊k·n/K⌋ + 1 from below, or a shorter number that parts the rows alike. Equal values share a bin, so that many of them leave fewer bins.
func (p *Plan) quantiles(ctx context.Context) error {
	p.req.Slices = slices.Clone(p.req.Slices)
	for i, part := range p.req.Slices {
		if part.Kind != slice.ByQuantiles {
			continue
		}
		c, err := p.t.column(part.Columns[0], "slice")
		if err != nil {
			return err
		}
		if c.Kind != cases.Number {
			return &engine.DataError{Where: p.t.name() + ", column " + c.Name, Msg: fmt.Sprintf("holds %s: quantiles need numbers", sliceKind(c.Kind))}
		}
		bounds, err := p.bounds(ctx, c, part.Quantiles)
		if err != nil {
			return err
		}
		if len(bounds) == 0 {
			return &engine.DataError{Where: p.t.name() + ", column " + c.Name, Msg: fmt.Sprintf("cannot be cut into %d quantiles: it has too few different values", part.Quantiles),
				Hint: fmt.Sprintf("leave quantiles out of slices[%d]: the column by value", i)}
		}
		if p.req.Slices[i], err = slice.BinSlice(part.Columns[0], bounds); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) bounds(ctx context.Context, c *column, k int) ([]float64, error) {
	x, _ := c.typed()
	use, filter, args := []*column{c}, "", []any(nil)
	if p.req.Where != nil && !p.req.Where.IsZero() {
		rule, err := p.req.Where.Check(p.t.kindOf)
		if err != nil {
			return nil, fmt.Errorf("check where: %w", err)
		}
		var text string
		text, args = rule.SQL(p.t.typedName)
		filter = " AND (" + text + ")"
		for _, name := range rule.Columns() {
			w, err := p.t.column(name, "column of the filter")
			if err != nil {
				return nil, err
			}
			use = append(use, w)
		}
	}
	from := fmt.Sprintf("(SELECT CAST(%s AS DOUBLE) AS v FROM %s WHERE true%s) WHERE isfinite(v)", x, p.t.from(use, false), filter)
	numbers := func(sql string) ([]float64, error) {
		r, err := p.db.Query(ctx, sql, args...)
		if err != nil {
			return nil, p.t.explain(err)
		}
		var out []float64
		for r.Next() {
			out = append(out, r.Doubles(0)[:r.Len()]...)
		}
		return out, r.Close()
	}
	n, err := numbers("SELECT CAST(count(*) AS DOUBLE) FROM " + from)
	if err != nil || n[0] < float64(k) {
		return nil, err
	}
	at := make([]string, k-1)
	for i := range at { // half a row below the rank: no rounding makes it another
		at[i] = fmt.Sprint((float64(int64(n[0])*int64(i+1)/int64(k)) + 0.5) / n[0])
	}
	found, err := numbers(fmt.Sprintf("SELECT unnest(list_prepend(min(v), quantile_disc(v, [%s]))) FROM %s", strings.Join(at, ", "), from))
	if err != nil {
		return nil, err
	}
	// A bound at the least value would leave no row below it.
	bounds := slices.Compact(found)[1:]
	if len(bounds) == 0 {
		return nil, nil
	}
	for i, b := range bounds {
		at[i] = fmt.Sprintf("max(v) FILTER (v < CAST('%s' AS DOUBLE))", strconv.FormatFloat(b, 'g', -1, 64))
	}
	below, err := numbers(fmt.Sprintf("SELECT unnest([%s]) FROM %s", strings.Join(at[:len(bounds)], ", "), from))
	if err != nil {
		return nil, err
	}
	for i := range bounds {
		bounds[i] = fewestDigits(below[i], bounds[i])
	}
	return bounds, nil
}

// fewestDigits is the number of fewest digits above lo and up to hi: it parts the rows as hi
// does, and reads better in a slice's name.
func fewestDigits(lo, hi float64) float64 {
	if lo < 0 && hi >= 0 {
		return 0
	}
	for digits := range 17 {
		at := strconv.FormatFloat(hi, 'e', digits, 64)
		d, err := strconv.ParseFloat(at, 64)
		if err == nil && d > hi { // rounded up: one less in the last digit
			_, exponent, _ := strings.Cut(at, "e")
			e, _ := strconv.Atoi(exponent)
			d, err = strconv.ParseFloat(strconv.FormatFloat(d-math.Pow10(e-digits), 'e', digits, 64), 64)
		}
		if err == nil && lo < d && d <= hi {
			return d
		}
	}
	return hi
}
