package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/plugin"
	"github.com/fairtrial/fairtrial/internal/slice"
	"github.com/fairtrial/fairtrial/internal/store"
)

// answer has a plug-in answer for a model and keeps what it says as a pull of the source.
func (e *Env) answer(cmd *cobra.Command, ws *store.Workspace, p *plan.Plan, s plan.Source) (*engine.Pull, error) {
	ctx, began := cmd.Context(), e.Now()
	req, err := casesOf(p)
	if err != nil {
		return nil, err
	}
	column, numbers := "prediction", p.Task != cases.Multiclass
	if p.Task == cases.Binary {
		column = "score"
	}
	t := scoreTable{Names: []string{p.Data.Columns.ID, column}, Numbers: make([][]float64, 2), Texts: [][]*string{{}, {}}}
	if numbers {
		t.Numbers[1], t.Texts[1] = []float64{}, nil
	}
	take := func(r plugin.Row, v json.RawMessage) error {
		at := r.N - 1 // questions are numbered as rows are added
		var x float64
		if numbers {
			if err := json.Unmarshal(v, &x); err != nil || math.Abs(x) > largestScore {
				return fmt.Errorf("a number is expected, this is %s", clip(string(v), 60))
			}
			t.Numbers[1][at] = x
			return nil
		}
		text, err := classOf(v)
		if err == nil {
			t.Texts[1][at] = &text
		}
		return err
	}
	c, err := e.converse(cmd, p, s.Plugin, plugin.Model, s.Model, take)
	if err != nil {
		return nil, err
	}
	_, err = emitCases(ctx, req, emission{Fields: c.pr.Offer.Fields}, func(batch []engine.Case) error {
		for _, x := range batch {
			if x.ID == "" {
				return &engine.DataError{Where: fmt.Sprintf("row %d", x.Row), Msg: "has no id: a plug-in's answers are joined on it"}
			}
			id := x.ID
			t.Texts[0] = append(t.Texts[0], &id)
			if numbers {
				t.Numbers[1] = append(t.Numbers[1], math.NaN())
			} else {
				t.Texts[1] = append(t.Texts[1], nil)
			}
			if err := c.ask(plugin.Row{ID: x.ID, Row: x.Row, Model: s.Model, Fields: json.RawMessage(x.Fields)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = c.flush()
	}
	run, ended := c.end()
	if err == nil {
		err = ended
	}
	if err != nil {
		return nil, err
	}
	e.answered = append(e.answered, run)
	digest, err := e.keepTable(ctx, ws, t, len(t.Texts[0]))
	if err != nil {
		return nil, err
	}
	path, err := ws.Path(digest)
	if err != nil {
		return nil, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	rows := int64(len(t.Texts[0]))
	return &engine.Pull{Source: s.String(), Kind: "plugin", Rows: rows, Bytes: st.Size(), Started: began.UTC(), Seconds: e.Now().Sub(began).Seconds(),
		Parts: []engine.Part{{Name: "0001.parquet", Digest: digest, Bytes: st.Size(), Rows: rows}}}, nil
}

func classOf(v json.RawMessage) (string, error) {
	var x any
	if err := json.Unmarshal(v, &x); err != nil {
		return "", err
	}
	switch x := x.(type) {
	case string:
		return x, nil
	case bool, float64:
		return strings.TrimSpace(string(v)), nil
	}
	return "", errors.New("a class is a text, a number, true or false")
}

// casesOf is a request for the cases of a plan alone, without models.
func casesOf(p *plan.Plan) (engine.Request, error) {
	c := p.Data.Columns
	req := engine.Request{Task: p.Task, Source: p.Resolve(p.Data.Source), ID: c.ID, Label: c.Label.Column, Positive: c.Label.Positive, Workers: p.Workers}
	if p.Data.Where == "" {
		return req, nil
	}
	w, err := slice.ParseWhere(p.Data.Where)
	if err != nil {
		return req, fmt.Errorf("data.where: %w", err)
	}
	req.Where = &w
	return req, nil
}
