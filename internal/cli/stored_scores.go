package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/store"
	"github.com/fairtrial/fairtrial/internal/summary"
)

// Row scores of a generative record: a row for each case that was asked, with its id, a
// digest of its content, its clusters and weight, and all that scorers and people gave each
// model, repeats averaged. What a later run pairs with.
const (
	storedID    = "id"
	storedCase  = "case"         // digest of the case's content
	storedOf    = "case columns" // what the digest is of: a JSON list, in the first row
	storedFirst = "cluster"
	storedOther = "cluster_2"
	storedHeavy = "weight"
)

// storedColumn names a number that a scorer gave a model. A scorer is known by its name and
// by all that makes its scores what they are, so that another scorer's are never taken for
// them. That scores are 0 or 1 is not part of it: it depends on the number of samples.
func storedColumn(p *plan.Plan, sc plan.Scorer, name, model string) string {
	sc.PassFail = false
	own := sc.As + " " + strings.TrimPrefix(p.ScorerIdentity(sc), "sha256:")[:16]
	if name != "" {
		own = engine.GivenColumn(own, name)
	}
	return engine.GivenColumn(own, model)
}

// caseContent reads the columns of a case that are its content: not its id, nor what groups,
// weighs or dates it.
type caseContent struct{ columns []string }

func (c *caseContent) learn(fields map[string]json.RawMessage, roles plan.Columns) {
	if c.columns != nil {
		return
	}
	c.columns = []string{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains([]string{roles.ID, roles.Cluster, roles.Crossed, roles.Weight, roles.Time}, name) {
			c.columns = append(c.columns, name)
		}
	}
}

// digest of a case; a column that is not there is one without a value.
func (c *caseContent) digest(fields map[string]json.RawMessage) string {
	h := sha256.New()
	for _, name := range c.columns {
		v := fields[name]
		if v == nil {
			v = json.RawMessage("null")
		}
		fmt.Fprintf(h, "%d %s %d %s ", len(name), name, len(v), v)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// storeScores writes the row scores of a trial of a generative plan.
func (e *Env) storeScores(ctx context.Context, ws *store.Workspace, s *eval.Setup, t *trial, to string) error {
	p, req := s.Plan, s.Request
	if n := t.r.Data.Rows; n > p.KeepScores {
		t.r.Data.ScoresSkipped = fmt.Sprintf("row scores were not kept: %d rows are more than keep_scores: %d", n, p.KeepScores)
		return nil
	}
	req.Only = t.only
	out := scoreTable{Names: []string{storedID, storedCase, storedOf}, Numbers: make([][]float64, 3), Texts: make([][]*string, 3)}
	columns := []struct{ from, to string }{{p.Data.Columns.Cluster, storedFirst}, {p.Data.Columns.Crossed, storedOther}, {p.Data.Columns.Weight, storedHeavy}}
	columns = slices.DeleteFunc(columns, func(c struct{ from, to string }) bool { return c.from == "" })
	for _, c := range columns {
		out.Names, out.Numbers, out.Texts = append(out.Names, c.to), append(out.Numbers, nil), append(out.Texts, nil)
	}
	var rows []int64
	var content caseContent
	_, err := emitCases(ctx, req, emission{Fields: []string{"*"}}, func(batch []engine.Case) error {
		for _, x := range batch {
			var fields map[string]json.RawMessage
			if err := json.Unmarshal([]byte(x.Fields), &fields); err != nil {
				return fmt.Errorf("row %d: %w", x.Row, err)
			}
			content.learn(fields, p.Data.Columns)
			id, digest := x.ID, content.digest(fields)
			var of *string
			if len(rows) == 0 {
				b, err := json.Marshal(content.columns)
				if err != nil {
					return err
				}
				list := string(b)
				of = &list
			}
			rows = append(rows, x.Row)
			out.Texts[0], out.Texts[1], out.Texts[2] = append(out.Texts[0], &id), append(out.Texts[1], &digest), append(out.Texts[2], of)
			for k, c := range columns {
				out.Texts[3+k] = append(out.Texts[3+k], cellText(fields[c.from]))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := addGiven(ctx, ws, s, t.given.facts, rows, &out); err != nil {
		return err
	}
	return writeScoreTable(ctx, to, out, len(rows))
}

// cellText is a JSON value as text: a text without its quotes; nil for null.
func cellText(v json.RawMessage) *string {
	if v == nil || string(v) == "null" {
		return nil
	}
	s := string(v)
	var text string
	if json.Unmarshal(v, &text) == nil {
		s = text
	}
	return &s
}

// addGiven adds what scorers and people gave the models at these rows.
func addGiven(ctx context.Context, ws *store.Workspace, s *eval.Setup, facts []engine.Scored, rows []int64, out *scoreTable) error {
	for _, f := range facts {
		sc := s.Plan.Scorers[slices.IndexFunc(s.Plan.Scorers, func(x plan.Scorer) bool { return x.As == f.Scorer })]
		for _, file := range givenFiles(f) {
			path, err := ws.Path(file.digest)
			if err != nil {
				return err
			}
			var names, to []string
			for _, m := range s.Models {
				for _, c := range file.columns {
					from := m.Key
					if c != "" {
						from = engine.GivenColumn(c, m.Key)
					}
					names, to = append(names, from), append(to, storedColumn(s.Plan, sc, c, m.Key))
				}
			}
			all, err := readScoreTable(ctx, path, names)
			if err != nil {
				return err
			}
			for c := range all {
				of := make([]float64, len(rows))
				for i, row := range rows {
					of[i] = all[c][row-1]
				}
				out.Names, out.Numbers, out.Texts = append(out.Names, to[c]), append(out.Numbers, of), append(out.Texts, nil)
			}
		}
	}
	return nil
}

// givenFile is one of the tables that hold what rows were given; the column "" is the score.
type givenFile struct {
	digest  string
	columns []string
}

func givenFiles(f engine.Scored) []givenFile {
	out := []givenFile{{f.Digest, append([]string{""}, f.Columns...)}}
	if f.Labels != nil {
		out = append(out, givenFile{f.Labels.Digest, []string{summary.LabelWeight, summary.HumanLabel, secondLabel}})
	}
	return out
}

// storedScores are the row scores of a generative record.
type storedScores struct {
	content caseContent
	ids     []string
	at      map[string]int
	texts   map[string][]*string // digest and clusters
	numbers map[string][]float64
	twice   int64 // rows whose id occurred before
}

// readStored reads row scores that storeScores wrote.
func readStored(ctx context.Context, path string) (*storedScores, error) {
	t, n, err := readWholeTable(ctx, path)
	if err != nil {
		return nil, err
	}
	st := &storedScores{at: make(map[string]int, n), texts: map[string][]*string{}, numbers: map[string][]float64{}}
	for c, name := range t.Names {
		if t.Numbers[c] != nil {
			st.numbers[name] = t.Numbers[c]
		} else {
			st.texts[name] = t.Texts[c]
		}
	}
	if st.texts[storedID] == nil || st.texts[storedCase] == nil {
		return nil, fmt.Errorf("its row scores carry no cases")
	}
	for i, id := range st.texts[storedID] {
		if id == nil {
			return nil, fmt.Errorf("row %d of its row scores has no id", i+1)
		}
		if _, twice := st.at[*id]; twice {
			st.twice++
		}
		st.at[*id] = i
		st.ids = append(st.ids, *id)
	}
	if of := st.texts[storedOf]; len(of) > 0 && of[0] != nil {
		if err := json.Unmarshal([]byte(*of[0]), &st.content.columns); err != nil {
			return nil, fmt.Errorf("read row scores: %w", err)
		}
	}
	return st, nil
}

// meeting says how stored row scores meet today's cases.
type meeting struct {
	*storedScores
	rows []int // by today's row, from 1: the place of the case in the stored scores, −1 for none
	why  map[int64]string
}

// meet finds each case of a request among stored scores: the same id with the same content.
func (st *storedScores) meet(ctx context.Context, req engine.Request, b *record.Baseline) (*meeting, error) {
	m := &meeting{storedScores: st, why: map[int64]string{}}
	met := make([]bool, len(st.ids))
	total, err := emitCases(ctx, req, emission{Fields: []string{"*"}}, func(batch []engine.Case) error {
		for _, x := range batch {
			for int64(len(m.rows)) < x.Row {
				m.rows = append(m.rows, -1)
			}
			b.Rows++
			i, ok := st.at[x.ID]
			if !ok {
				m.why[x.Row] = "the earlier record does not have this case"
				b.NewIDs = named(b.NewIDs, x.ID)
				continue
			}
			met[i] = true
			var fields map[string]json.RawMessage
			if err := json.Unmarshal([]byte(x.Fields), &fields); err != nil {
				return fmt.Errorf("row %d: %w", x.Row, err)
			}
			if d := st.texts[storedCase][i]; d == nil || *d != st.content.digest(fields) {
				m.why[x.Row] = "the case has changed since the earlier record"
				b.Changed++
				b.ChangedIDs = named(b.ChangedIDs, x.ID)
				continue
			}
			m.rows[x.Row-1] = i
			b.Matched++
		}
		return nil
	})
	for int64(len(m.rows)) < total {
		m.rows = append(m.rows, -1)
	}
	for i, ok := range met {
		if !ok {
			b.Gone++
			b.GoneIDs = named(b.GoneIDs, st.ids[i])
		}
	}
	return m, err
}

// named keeps the first few ids.
func named(list []string, id string) []string {
	if len(list) < 3 {
		list = append(list, clip(id, 60))
	}
	return list
}

// number is what the stored scores hold for today's row in a column; NaN for none.
func (m *meeting) number(column string, row int64) float64 {
	if row > int64(len(m.rows)) || m.rows[row-1] < 0 || m.numbers[column] == nil {
		return math.NaN()
	}
	return m.numbers[column][m.rows[row-1]]
}

// lack notes the scorers of a plan of which its baseline has no scores.
func (m *meeting) lack(p *plan.Plan, at int) {
	p.Models[at].Lacks = nil
	for _, sc := range p.Scorers {
		if m.numbers[storedColumn(p, sc, "", "candidate")] == nil {
			p.Models[at].Lacks = append(p.Models[at].Lacks, sc.As)
		}
	}
}

// lacks says why today's row has no stored score in a column.
func (m *meeting) lacks(column string, row int64) string {
	switch {
	case m.why[row] != "":
		return m.why[row]
	case m.numbers[column] == nil:
		return "the earlier record has no score of this scorer as it is defined now"
	}
	return "ungraded in the earlier record"
}
