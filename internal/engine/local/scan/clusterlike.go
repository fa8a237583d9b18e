package scan

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// ClusterSample is the number of rows at the start of a source that ClusterLike reads.
const ClusterSample = 200_000

// ClusterLike looks for columns that no role uses and whose values repeat as those
// of a cluster id do: at least 30 distinct, between 2 and 90 rows in 100, 1.1 to 200
// rows a value. For each it estimates the design effect of the mean of a row loss –
// a wrong decision of the first model where it makes decisions, else its squared
// error, else the label itself – as the ratio of the cluster-robust variance to the
// simple one, G/(G−1) · Σ_g(Σ_i e_i)² / Σ e_i² with e the loss less its mean
// (Liang & Zeger 1986), and reports the column where the ratio is beyond chance.
// It finds nothing where a cluster is declared.
func ClusterLike(ctx context.Context, db *duck.DB, req engine.Request) ([]engine.Finding, error) {
	if req.Cluster != "" {
		return nil, nil
	}
	p, err := Prepare(ctx, db, req)
	if err != nil {
		return nil, err
	}
	loss, what, err := p.lossSQL()
	if err != nil {
		return nil, err
	}
	free := p.free()
	selects := []string{"CAST(" + loss + " AS DOUBLE) AS z"}
	for i, c := range free {
		selects = append(selects, fmt.Sprintf("%s AS k%d", c.canonical(), i))
	}
	use := append(p.rowsOf().use, free...)
	for _, name := range []string{req.Label, req.ID} {
		if c, err := p.t.column(name, ""); err == nil {
			use = append(use, c)
		}
	}
	sql := "CREATE TABLE sampled AS SELECT " + strings.Join(selects, ", ") + " FROM " + p.t.from(use, false)
	if p.stream.where != "" {
		sql += " WHERE " + p.stream.where
	}
	// DuckDB takes no parameters in CREATE TABLE AS: the filter's values are written out.
	sql, err = inline(sql+" LIMIT "+strconv.Itoa(ClusterSample), p.stream.whereArgs)
	if err != nil {
		return nil, err
	}
	if err := db.Exec(ctx, sql); err != nil {
		return nil, p.t.explain(err)
	}
	var out []engine.Finding
	for i, c := range free {
		f, err := p.clusterLike(ctx, c, fmt.Sprintf("k%d", i), what)
		if err != nil {
			return nil, err
		}
		if f != nil {
			out = append(out, *f)
		}
	}
	return out, p.db.Exec(ctx, "DROP TABLE sampled")
}

// inline writes arguments into the ? of SQL that has no other ? outside quotes.
func inline(sql string, args []any) (string, error) {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(sql); i++ {
		c := sql[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '?':
			if len(args) == 0 {
				return "", fmt.Errorf("write filter: too few values")
			}
			switch a := args[0].(type) {
			case string:
				b.WriteString(duck.Text(a))
			case float64:
				b.WriteString("'" + strconv.FormatFloat(a, 'g', -1, 64) + "'")
			case bool:
				b.WriteString(strconv.FormatBool(a))
			default:
				return "", fmt.Errorf("write filter: a value of type %T", a)
			}
			args = args[1:]
			continue
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

// free are the columns that no role, filter or slice uses and that could be ids.
func (p *Plan) free() []*column {
	used := map[string]bool{p.req.ID: true, p.req.Label: true, p.req.Weight: true, p.req.Time: true}
	for _, m := range p.req.Models {
		if m.Source == "" {
			used[m.Score], used[m.Prediction], used[m.Lower], used[m.Upper] = true, true, true, true
			for _, name := range m.Probabilities {
				used[name] = true
			}
		}
	}
	for _, name := range p.stream.rule.Columns() {
		used[name] = true
	}
	for _, part := range p.req.Slices {
		for _, name := range partitionColumns(part) {
			used[name] = true
		}
	}
	var out []*column
	for i := range p.t.columns {
		c := &p.t.columns[i]
		whole := strings.HasSuffix(c.Type, "INT") || strings.HasSuffix(c.Type, "INTEGER")
		if !used[c.Name] && (c.Kind == cases.Text || c.Kind == cases.Number && whole) {
			out = append(out, c)
		}
	}
	return out
}

// lossSQL is the row loss whose design effect stands for that of the metrics.
func (p *Plan) lossSQL() (sql, what string, err error) {
	label, err := p.t.column(p.req.Label, "label")
	if err != nil {
		return "", "", err
	}
	var y string
	switch p.req.Task {
	case cases.Regression:
		if y, _, err = p.t.number(label, "label"); err != nil {
			return "", "", err
		}
	case cases.Binary:
		if x, perr := strconv.ParseFloat(p.req.Positive, 64); perr == nil && label.Kind == cases.Number {
			n, _, err := p.t.number(label, "label")
			if err != nil {
				return "", "", err
			}
			y = fmt.Sprintf("CAST(%s = CAST('%v' AS DOUBLE) AS DOUBLE)", n, x)
		} else {
			y = fmt.Sprintf("CAST(%s = %s AS DOUBLE)", label.canonical(), duck.Text(p.req.Positive))
		}
	}
	for _, m := range p.req.Models {
		if m.Source != "" {
			continue
		}
		one, _ := outputColumns(p.req.Task, m)
		if one == "" {
			continue
		}
		c, err := p.t.column(one, "score")
		if err != nil {
			return "", "", err
		}
		if p.req.Task == cases.Multiclass {
			return "CAST(" + c.canonical() + " <> " + label.canonical() + " AS DOUBLE)", "of accuracy", nil
		}
		s, _, err := p.t.number(c, "score")
		if err != nil {
			return "", "", err
		}
		if p.req.Task == cases.Binary && m.Threshold != nil {
			return fmt.Sprintf("CAST(CAST(%s >= CAST('%v' AS DOUBLE) AS DOUBLE) <> %s AS DOUBLE)", s, *m.Threshold, y), "of accuracy", nil
		}
		return "pow(" + s + " - " + y + ", 2)", "of the mean squared error", nil
	}
	if y == "" { // classes have no mean
		return "NULL", "", nil
	}
	return y, "of the mean label", nil
}

// clusterLike judges one column of the sample.
func (p *Plan) clusterLike(ctx context.Context, c *column, k, what string) (*engine.Finding, error) {
	r, err := p.db.Query(ctx, fmt.Sprintf(`WITH e AS (SELECT %[1]s AS k, z - avg(z) OVER () AS e FROM sampled WHERE %[1]s IS NOT NULL AND isfinite(z)),
		g AS (SELECT count(*) AS m, sum(e) AS s, sum(e * e) AS q FROM e GROUP BY k)
		SELECT CAST(count(*) AS DOUBLE), CAST(sum(m) AS DOUBLE), sum(s * s), sum(q), CAST(sum(m * (m - 1)) AS DOUBLE), (SELECT CAST(count(*) AS DOUBLE) FROM sampled) FROM g`, k))
	if err != nil {
		return nil, err
	}
	var x [6]float64
	for r.Next() {
		for i := range x {
			if !duck.IsNull(r.Valid(i), 0) {
				x[i] = r.Doubles(i)[0]
			}
		}
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	groups, n, between, within, pairs, all := x[0], x[1], x[2], x[3], x[4], x[5]
	if groups < 30 || groups < 0.02*n || groups > 0.9*n || n < 1.1*groups || n > 200*groups || !(within > 0) {
		return nil, nil
	}
	deff := groups / (groups - 1) * between / within
	chance := math.Sqrt(2*pairs) / n // standard deviation of deff when rows are independent
	wider := math.Sqrt(deff)
	if deff < 1+3*chance || wider < 1.05 {
		return nil, nil
	}
	sample := ""
	if all >= ClusterSample {
		sample = fmt.Sprintf(" of the first %d rows", ClusterSample)
	}
	return &engine.Finding{Code: "cluster_like_column", Text: fmt.Sprintf(
		"column %s repeats like a cluster id (%.0f values in %.0f rows%s) and no cluster is declared: with it, intervals %s would be about %.1f × wider",
		c.Name, groups, n, sample, what, wider)}, nil
}
