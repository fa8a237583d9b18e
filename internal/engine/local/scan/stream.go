package scan

import (
	"context"
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
	"github.com/fairtrial/fairtrial/internal/slice"
)

// stream is the layout of the query that feeds the scan: its text and which column
// holds what. -1 stands for a column that is not there.
type stream struct {
	sql  string
	args []any

	rule      slice.Predicate // checked; zero without a filter
	where     string          // SQL of the filter
	whereArgs []any

	label     *coder // binary, multiclass
	target    int    // regression
	weight    int
	cluster   int
	clusterAs keyForm // textKey or intKey
	crossed   int
	crossedAs keyForm
	id        int // only for joins
	keep      int // filter as a column; -1 where it is pushed down or there is none
	wrong     int // a cell that must be a number is text
	other     int // a cell contradicts the guessed kind
	models    []modelColumns
	coders    []*coder // one a slice column
	parts     []partColumns

	numeric []roleColumn // columns that must be numbers, for the error
	guessed []*column    // columns whose kind is a guess
}

type modelColumns struct {
	score int
	pred  *coder
	probs []int
	list  int
	ends  bool // probs are the ends of prediction intervals
}

// partColumns says where the codes of a declared slice entry come from: the codes
// of one or more columns, or codes computed by SQL.
type partColumns struct {
	coders []int
	code   int
}

type roleColumn struct {
	col  *column
	role string
	sql  string // true where the cell is no number
}

// layout chooses the columns of the stream.
func (p *Plan) layout(ctx context.Context) error {
	s := &stream{target: -1, weight: -1, cluster: -1, crossed: -1, id: -1, keep: -1, wrong: -1, other: -1}
	p.stream = s
	b := &builder{t: p.t}
	need := func(name, role string) *column { return b.column(name, role) }

	// All columns first, so that kinds can be guessed in one query.
	var label *column
	if !p.req.Task.Generative() {
		label = need(p.req.Label, "label")
	}
	type outputs struct {
		one   *column
		probs []*column
	}
	outs := make([]outputs, len(p.req.Models))
	for m, model := range p.req.Models {
		if p.joins[m] != nil {
			continue
		}
		one, probs := outputColumns(p.req.Task, model)
		if one != "" {
			outs[m].one = need(one, "score of "+model.Key)
		}
		for _, name := range probs {
			outs[m].probs = append(outs[m].probs, need(name, moreRole(p.req.Task)+model.Key))
		}
	}
	var weight, cluster, crossed, id *column
	if p.req.Weight != "" {
		weight = need(p.req.Weight, "weight")
	}
	if p.req.Cluster != "" {
		cluster = need(p.req.Cluster, "cluster")
	}
	if p.req.Crossed != "" {
		crossed = need(p.req.Crossed, "second cluster")
	}
	if p.req.ID != "" {
		id = need(p.req.ID, "id")
	}
	if p.req.Time != "" {
		need(p.req.Time, "time")
	}
	var whereColumns []string
	if p.req.Where != nil {
		whereColumns = p.req.Where.Columns()
		for _, name := range whereColumns {
			need(name, "column of the filter")
		}
	}
	for _, part := range p.req.Slices {
		for _, name := range partitionColumns(part) {
			need(name, "slice")
		}
	}
	if b.err != nil {
		return b.err
	}
	if err := p.t.guess(ctx, p.db); err != nil {
		return err
	}
	if err := p.quantiles(ctx); err != nil {
		return err
	}

	// Then what is asked of them.
	var err error
	check := func(e error) {
		if err == nil {
			err = e
		}
	}
	number := func(c *column, role string) int {
		sql, wrong, e := p.t.number(c, role)
		check(e)
		if wrong != "" {
			s.numeric = append(s.numeric, roleColumn{c, role, wrong})
		}
		return b.add(sql)
	}
	key := func(c *column, role string) *coder {
		sql, form, e := p.t.key(c, role)
		check(e)
		if _, other := c.typed(); other != "" {
			s.guessed = append(s.guessed, c)
		}
		return newCoder(c, form, b.add(sql))
	}
	switch {
	case label == nil:
		s.target = b.add("CAST(0 AS DOUBLE)") // a row is a row: only given scores speak of it
	case p.req.Task == cases.Regression:
		s.target = number(label, "label")
	default:
		s.label = key(label, "label")
	}
	s.models = make([]modelColumns, len(p.req.Models))
	for m := range p.req.Models {
		mc := modelColumns{score: -1, list: -1}
		if o := outs[m]; p.joins[m] == nil {
			mc, e := modelLayout(p.t, b, p.req, m, o.one, o.probs, number, key)
			check(e)
			s.models[m] = mc
			continue
		}
		s.models[m] = mc
	}
	if weight != nil {
		s.weight = number(weight, "weight")
	}
	clustered := func(c *column) (at int, form keyForm) {
		sql, form := c.canonical(), textKey
		if !c.text {
			if intSQL, f, e := p.t.key(c, "cluster"); e != nil {
				check(e)
			} else if f == intKey {
				sql, form = intSQL, intKey
			}
		}
		return b.add(sql), form
	}
	if cluster != nil {
		s.cluster, s.clusterAs = clustered(cluster)
	}
	if crossed != nil {
		s.crossed, s.crossedAs = clustered(crossed)
	}
	if id != nil && p.joined() {
		s.id = b.add(id.canonical())
	}
	for _, part := range p.req.Slices {
		check(p.partitionLayout(b, part, key))
	}
	if err != nil {
		return err
	}
	return p.filterLayout(b)
}

// modelLayout adds the output columns of one model to a stream.
func modelLayout(t *table, b *builder, req engine.Request, m int, one *column, probs []*column,
	number func(*column, string) int, key func(*column, string) *coder) (modelColumns, error) {
	mc := modelColumns{score: -1, list: -1}
	model := req.Models[m]
	if one != nil {
		if req.Task == cases.Multiclass {
			mc.pred = key(one, "prediction of "+model.Key)
		} else {
			mc.score = number(one, "score of "+model.Key)
		}
	}
	if len(probs) == 1 && len(model.ProbClasses) != 1 {
		sql, err := t.doubles(probs[0], "probability of "+model.Key)
		if err != nil {
			return mc, err
		}
		mc.list = b.add(sql)
		return mc, nil
	}
	mc.ends = req.Task == cases.Regression && len(probs) > 0
	for _, c := range probs {
		mc.probs = append(mc.probs, number(c, moreRole(req.Task)+model.Key))
	}
	return mc, nil
}

// moreRole says what columns beside the one output are.
func moreRole(task cases.Task) string {
	if task == cases.Regression {
		return "prediction interval of "
	}
	return "probability of "
}

// outputColumns names the columns that hold a model's outputs: its score, prediction or
// class, and its probabilities or the ends of its prediction interval.
func outputColumns(task cases.Task, m cases.Model) (one string, probs []string) {
	switch {
	case task == cases.Binary:
		return m.Score, nil
	case task == cases.Regression && m.HasInterval():
		return m.Prediction, []string{m.Lower, m.Upper}
	case task == cases.Regression:
		return m.Prediction, nil
	}
	return m.Prediction, m.Probabilities
}

// filterLayout adds the filter and writes the query. Parquet gets the filter pushed
// down. CSV and JSONL get it as a column, since a cell that contradicts its guessed
// kind must be seen even where the filter would drop it; so do joins, which must see
// the ids of all cases, and given scores and chosen rows, which are told apart by the number of
// their row.
func (p *Plan) filterLayout(b *builder) error {
	s := p.stream
	if p.req.Where != nil && !p.req.Where.IsZero() {
		rule, err := p.req.Where.Check(p.t.kindOf)
		if err != nil {
			return fmt.Errorf("check where: %w", err)
		}
		s.rule = rule
		s.where, s.whereArgs = rule.SQL(p.t.typedName)
		for _, name := range rule.Columns() {
			if c, err := p.t.column(name, "column of the filter"); err == nil && c.text && c.Kind != cases.Text {
				s.guessed = append(s.guessed, c)
			}
		}
		if p.t.format != parquetFormat || p.joined() || len(p.given) > 0 || p.req.Only != nil {
			s.keep = b.add("coalesce("+s.where+", false)", s.whereArgs...)
		}
	}
	var wrong, other []string
	for _, n := range s.numeric {
		wrong = append(wrong, n.sql)
	}
	for _, c := range s.guessed {
		if _, x := c.typed(); x != "" {
			other = append(other, x)
		}
	}
	if len(wrong) > 0 {
		s.wrong = b.add(strings.Join(wrong, " OR "))
	}
	if len(other) > 0 {
		s.other = b.add(strings.Join(other, " OR "))
	}
	s.sql = "SELECT " + strings.Join(b.selects, ", ") + " FROM " + p.t.from(b.use, false)
	s.args = b.args
	if s.where != "" && s.keep < 0 {
		s.sql += " WHERE " + s.where
		s.args = append(s.args, s.whereArgs...)
	}
	return nil
}

// kindOf is the kind of a column for the check of a predicate.
func (t *table) kindOf(name string) (slice.Kind, bool) {
	c, err := t.column(name, "")
	if err != nil {
		return 0, false
	}
	return sliceKind(c.Kind), true
}

// typedName is how a predicate writes a column in SQL.
func (t *table) typedName(name string) string {
	c, err := t.column(name, "")
	if err != nil {
		return duck.Quote(name)
	}
	sql, _ := c.typed()
	return sql
}

// builder collects the columns of a stream and the columns of the table that they use.
type builder struct {
	t       *table
	selects []string
	args    []any
	use     []*column
	err     error
}

func (b *builder) add(sql string, args ...any) int {
	b.selects = append(b.selects, sql)
	b.args = append(b.args, args...)
	return len(b.selects) - 1
}

// column finds a column and notes its use; the first failure stays in err.
func (b *builder) column(name, role string) *column {
	c, err := b.t.column(name, role)
	if err != nil {
		if b.err == nil {
			b.err = err
		}
		return nil
	}
	b.use = append(b.use, c)
	return c
}
