package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/eval"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/store"
)

// trial is what came of a plan: answers, scores, summaries, and what they say.
type trial struct {
	asked []record.Answers
	given *scoring
	c     *eval.Collected
	r     *record.Record
	only  []bool // as in the request
}

// held is what is there before a trial: scores that an earlier run kept, and the earlier
// record whose candidate is the baseline.
type held struct {
	earlierScores
	baseline *record.Baseline
}

// source gives the answers of a plan to the cases that its setup lets through now.
type source interface {
	answers(cmd *cobra.Command, cases int64) (outputs, []record.Answers, error)
	most() int64 // cases that it has answers to, or can have
}

// kept are answers that an earlier run stored.
type kept struct {
	from  outputs
	runs  []record.Answers
	cases int64
}

func (k kept) answers(*cobra.Command, int64) (outputs, []record.Answers, error) {
	return k.from, k.runs, nil
}
func (k kept) most() int64 { return k.cases }

// keptBy are the answers of a record's run.
func keptBy(r *record.Record, from outputs) kept {
	k := kept{from, r.Run.Answers, math.MaxInt64}
	if r.Sequential != nil {
		k.cases = r.Sequential.Asked
	}
	return k
}

// try has the answers scored and judged: at once, or, where the plan stops when decided, in
// stages until it stops.
func (e *Env) try(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, from source, had held) (*trial, error) {
	if s.Plan.Stop == nil {
		return e.stage(cmd, ws, s, from, had, nil, 0)
	}
	o, err := caseOrder(cmd.Context(), s)
	if err != nil {
		return nil, err
	}
	q := &eval.Sequence{Order: o.words, Cases: o.looks(s.Plan.Stop)}
	defer func() { s.Request.Only = nil }()
	for k, n := range q.Cases {
		if n > from.most() {
			return nil, wrong("run the plan", "the first look of the plan is at %s cases, and only %s were asked", result.Count(n), result.Count(from.most()))
		}
		q.Ends = k+1 < len(q.Cases) && q.Cases[k+1] > from.most()
		s.Request.Only = o.first(n)
		t, err := e.stage(cmd, ws, s, from, had, q, n)
		if err != nil || t.r.Sequential.Stop != result.GoOn {
			return t, err
		}
		if t.given != nil {
			had.earlier = t.given.judges
		}
		if _, replay := from.(kept); !replay {
			e.info(cmd, "look %d of %d: %s of %s cases asked, not decided yet", k+1, len(q.Cases), result.Count(n), result.Count(q.Cases[len(q.Cases)-1]))
		}
		if err := keepLook(cmd.Context(), ws, q, t.c); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the last look did not stop") // gate.Stops always does
}

// keepLook stores what a look saw, so that it can be verified.
func keepLook(ctx context.Context, ws *store.Workspace, q *eval.Sequence, c *eval.Collected) error {
	b, err := encodeSet(c.Set)
	if err != nil {
		return err
	}
	digest, err := ws.PutBytes(ctx, b)
	if err != nil {
		return err
	}
	q.Earlier, q.Stored = append(q.Earlier, c.Set), append(q.Stored, digest)
	return nil
}

// stage has the cases that the setup lets through answered, scored and judged.
func (e *Env) stage(cmd *cobra.Command, ws *store.Workspace, s *eval.Setup, from source, had held, q *eval.Sequence, cases int64) (*trial, error) {
	t := &trial{only: s.Request.Only}
	var out outputs
	var err error
	if from != nil {
		if out, t.asked, err = from.answers(cmd, cases); err != nil {
			return nil, err
		}
	}
	s.Request.Given = nil
	if t.given, err = e.score(cmd, ws, s, out, had.earlierScores); err != nil {
		return nil, err
	}
	if t.c, err = s.Collect(cmd.Context(), newEngine()); err != nil {
		return nil, err
	}
	t.c.Facts.Scorers, t.c.Baseline, t.c.Sequence = t.given.facts, had.baseline, q
	t.c.Facts.Findings = append(t.c.Facts.Findings, judgeFindings(t.given.facts)...)
	if t.r, err = s.Judge(t.c, s.Plan.Workers); err != nil {
		return nil, err
	}
	t.given.cases.Into(t.r)
	return t, nil
}

// order is the order in which a plan that stops when decided asks its cases: by a hash, so
// that what was asked so far is a random part of all, the same in every run. Clusters stay
// whole.
type order struct {
	words string
	rows  int64 // of the file
	list  []ordered
}

type ordered struct {
	hash uint64 // of the cluster, or of the id
	row  int64
}

func caseOrder(ctx context.Context, s *eval.Setup) (*order, error) {
	p, cluster := s.Plan, s.Plan.Data.Columns.Cluster
	seed := uint64(0)
	if p.Seed != nil {
		seed = *p.Seed
	}
	o := &order{words: fmt.Sprintf("SHA-256 of seed %d and %s", seed, p.Data.Columns.ID)}
	x := emission{}
	if cluster != "" {
		o.words = fmt.Sprintf("SHA-256 of seed %d and %s, whole clusters", seed, cluster)
		x.Fields = []string{cluster}
	}
	var err error
	o.rows, err = emitCases(ctx, s.Request, x, func(batch []engine.Case) error {
		for _, c := range batch {
			key := "id " + c.ID
			if cluster != "" {
				var fields map[string]json.RawMessage
				if err := json.Unmarshal([]byte(c.Fields), &fields); err != nil {
					return fmt.Errorf("row %d: %w", c.Row, err)
				}
				if v := string(fields[cluster]); v != "" && v != "null" { // without one a case is a cluster of its own
					key = "cluster " + v
				}
			}
			h := sha256.Sum256(fmt.Appendf(nil, "fairtrial order %d %s", seed, key))
			o.list = append(o.list, ordered{binary.BigEndian.Uint64(h[:]), c.Row})
		}
		return nil
	})
	slices.SortFunc(o.list, func(a, b ordered) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row))
	})
	return o, err
}

// looks are the numbers of cases after which the plan looks: evenly apart from the first,
// which has min_cases at least, to all of them, and always whole clusters.
func (o *order) looks(stop *plan.Stop) []int64 {
	n := len(o.list)
	first := math.Min(1, math.Max(1/float64(stop.Looks), float64(stop.MinCases)/float64(max(n, 1))))
	var out []int64
	for k := range stop.Looks {
		share := first
		if stop.Looks > 1 {
			share += (1 - first) * float64(k) / float64(stop.Looks-1)
		}
		at := int(math.Ceil(share*float64(n) - 1e-9))
		for at > 0 && at < n && o.list[at].hash == o.list[at-1].hash {
			at++
		}
		if k == stop.Looks-1 {
			at = n
		}
		if len(out) == 0 || int64(at) > out[len(out)-1] {
			out = append(out, int64(at))
		}
	}
	return out
}

// first tells by row which are the first n cases.
func (o *order) first(n int64) []bool {
	only := make([]bool, o.rows)
	for _, x := range o.list[:n] {
		only[x.row-1] = true
	}
	return only
}
