package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/collect"
	"github.com/fairtrial/fairtrial/internal/provider"
)

// answersCommand writes what a model answered as a file that `provider: recorded` reads:
// to keep a baseline after its model is gone, or to ship a plan that runs offline.
func answersCommand(e *Env) *cobra.Command {
	var out, model string
	c := &cobra.Command{
		Use: "answers RECORD", Short: "Write the answers of a record as JSON lines that provider: recorded reads",
		Long: "answers writes what one model of a record of task generation or rag answered, a line {id, sample, output, contexts, latency_ms, tokens_in, tokens_out, cost_usd}\n" +
			"an answer, in the order of the cases. A case without an answer has no line, and so is ungraded there too.",
		Args: exactly(1, "one record (a file, a folder or a run's id)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, s, from, done, err := e.generative(cmd, args[0])
			if err != nil {
				return err
			}
			defer done()
			path, ok := from[model]
			if !ok {
				var keys []string
				for _, m := range s.Plan.Models {
					keys = append(keys, m.Key)
				}
				return wrong("one of "+strings.Join(keys, ", "), "--model: the record has no model %q", model)
			}
			to, closed := e.Stdout, func() error { return nil }
			if out != "" {
				f, err := os.Create(e.path(out))
				if err != nil {
					return wrong("", "--output: %w", err)
				}
				to, closed = f, f.Close
			}
			kept, lost, err := exportAnswers(to, path)
			if err = errors.Join(err, closed()); err != nil {
				return fmt.Errorf("write answers: %w", err)
			}
			if lost > 0 {
				e.info(cmd, "warning: %d of %d answers of models.%s ended in an error and have no line", lost, kept+lost, model)
			}
			return nil
		},
	}
	c.Flags().StringVar(&model, "model", "candidate", "whose answers: the key under models")
	c.Flags().StringVarP(&out, "output", "o", "", "file to write (default: standard output)")
	return c
}

// recordedLine is a line of recorded answers.
type recordedLine struct {
	ID        string   `json:"id"`
	Sample    int      `json:"sample,omitempty"`
	Output    string   `json:"output"`
	Contexts  []string `json:"contexts,omitempty"`
	LatencyMS *float64 `json:"latency_ms,omitempty"`
	TokensIn  *int64   `json:"tokens_in,omitempty"`
	TokensOut *int64   `json:"tokens_out,omitempty"`
	CostUSD   *float64 `json:"cost_usd,omitempty"`
}

// exportAnswers writes an artifact as recorded answers: how many, and how many entries
// are errors.
func exportAnswers(w io.Writer, path string) (kept, lost int, err error) {
	a, err := collect.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = a.Close() }()
	to := bufio.NewWriter(w)
	lines := json.NewEncoder(to)
	lines.SetEscapeHTML(false)
	for x, err := range a.All() {
		if err != nil {
			return kept, lost, err
		}
		if x.Err != nil {
			if x.Err.Kind != provider.Missing {
				lost++
			}
			continue
		}
		kept++
		l := recordedLine{ID: x.ID, Sample: x.Sample, Output: x.Answer.Output, Contexts: x.Answer.Contexts, TokensIn: x.Answer.Usage.In, TokensOut: x.Answer.Usage.Out, CostUSD: x.Answer.CostUSD}
		if t := x.Answer.Latency; t > 0 {
			ms := float64(t.Round(time.Microsecond)) / float64(time.Millisecond)
			l.LatencyMS = &ms
		}
		if l.CostUSD == nil && x.Charge.Pico > 0 && !x.Charge.Estimated {
			usd := float64(x.Charge.Pico) / 1e12
			l.CostUSD = &usd
		}
		if err := lines.Encode(l); err != nil {
			return kept, lost, err
		}
	}
	return kept, lost, to.Flush()
}
