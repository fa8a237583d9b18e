package promptfoo

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/fairtrial/fairtrial/internal/jsonstream"
)

// Answer is what a model answered in a run of promptfoo, and what promptfoo made of it.
type Answer struct {
	Case, Model, Sample int // indexes of Import's
	Output              *string
	Error               string
	LatencyMS           *float64
	CostUSD             *float64
	In, Out             *int64
	Scores              map[string]*float64
	Asserts             []Graded
}

// Graded is one assertion as promptfoo graded it.
type Graded struct {
	Type  string
	Pass  bool
	Score float64
}

type resultRow struct {
	PromptIdx int                 `json:"promptIdx"`
	TestIdx   int                 `json:"testIdx"`
	Success   bool                `json:"success"`
	Score     float64             `json:"score"`
	Latency   *float64            `json:"latencyMs"`
	Cost      *float64            `json:"cost"`
	Error     string              `json:"error"`
	Named     map[string]*float64 `json:"namedScores"`
	Response  *struct {
		Output json.RawMessage `json:"output"`
		Error  string          `json:"error"`
		Tokens struct {
			Prompt     *int64 `json:"prompt"`
			Completion *int64 `json:"completion"`
		} `json:"tokenUsage"`
	} `json:"response"`
	Grading *struct {
		Components []struct {
			Pass      bool    `json:"pass"`
			Score     float64 `json:"score"`
			Assertion *struct {
				Type string `json:"type"`
			} `json:"assertion"`
		} `json:"componentResults"`
	} `json:"gradingResult"`
}

// Results reads the results that `promptfoo eval -o results.json` wrote of the
// configuration, one at a time.
func (m *Import) Results(path, shown string, each func(Answer) error) error {
	f, err := os.Open(path)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return fmt.Errorf("%s: %w", shown, err)
	}
	defer f.Close()
	place := map[int][2]int{}
	for i, c := range m.Cases {
		for k, at := range c.Places {
			place[at] = [2]int{i, k}
		}
	}
	d := json.NewDecoder(bufio.NewReaderSize(f, 1<<20))
	n := 0
	seen := map[[3]int]bool{}
	err = inArray(d, []string{"results", "results"}, func() error {
		n++
		var row resultRow
		if err := d.Decode(&row); err != nil {
			return fmt.Errorf("result %d: %w", n, err)
		}
		at, ok := place[row.TestIdx]
		if !ok || row.PromptIdx < 0 || row.PromptIdx >= len(m.Models) {
			return fmt.Errorf("result %d is of test %d and prompt %d, and the configuration makes %d tests and %d prompts: is it of this configuration?", n, row.TestIdx, row.PromptIdx, len(m.Cases), len(m.Models))
		}
		if key := [3]int{at[0], row.PromptIdx, at[1]}; seen[key] {
			return fmt.Errorf("result %d is a second one of test %d and prompt %d: name the results of one run", n, row.TestIdx, row.PromptIdx)
		} else {
			seen[key] = true
		}
		return each(row.answer(at[0], at[1]))
	})
	if err == nil && n == 0 {
		err = errors.New("it holds no results: write them with `promptfoo eval -o results.json`")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	return nil
}

func (row *resultRow) answer(c, sample int) Answer {
	a := Answer{Case: c, Model: row.PromptIdx, Sample: sample, LatencyMS: row.Latency, CostUSD: row.Cost, Scores: map[string]*float64{}}
	if row.Response != nil {
		a.In, a.Out = row.Response.Tokens.Prompt, row.Response.Tokens.Completion
		if raw := row.Response.Output; len(raw) > 0 && string(raw) != "null" {
			text := string(raw)
			var s string
			if json.Unmarshal(raw, &s) == nil {
				text = s
			}
			a.Output = &text
		}
		a.Error = row.Response.Error
	}
	if a.Output == nil {
		if a.Error == "" {
			a.Error = row.Error
		}
		if a.Error == "" {
			a.Error = "promptfoo recorded no output"
		}
		return a
	}
	a.Error = ""
	pass := 0.0
	if row.Success {
		pass = 1
	}
	score := row.Score
	a.Scores["promptfoo_pass"], a.Scores["promptfoo_score"] = &pass, &score
	if row.Grading != nil {
		for _, g := range row.Grading.Components {
			kind := "assert-set"
			if g.Assertion != nil {
				kind = g.Assertion.Type
			}
			a.Asserts = append(a.Asserts, Graded{kind, g.Pass, g.Score})
		}
	}
	return a
}

// inArray finds the array at a path of keys and calls f at each of its elements.
func inArray(d *json.Decoder, keys []string, f func() error) error {
	if t, err := d.Token(); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	} else if len(keys) == 0 {
		if t != json.Delim('[') {
			return errors.New("a list is expected at results.results")
		}
		for d.More() {
			if err := f(); err != nil {
				return err
			}
		}
		_, err := d.Token()
		return err
	} else if t != json.Delim('{') {
		return errors.New("not the results of `promptfoo eval -o results.json`")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		if t == keys[0] {
			if err := inArray(d, keys[1:], f); err != nil {
				return err
			}
			continue
		}
		if err := jsonstream.Skip(d); err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
	}
	_, err := d.Token()
	return err
}
