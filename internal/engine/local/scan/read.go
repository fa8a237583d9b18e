package scan

import (
	"context"
	"errors"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// Scan is what a plan read: the usable rows and the facts about all of them. The
// plan's database must stay open while Exemplars and WriteScores are used.
type Scan struct {
	Rows  *rows.Rows
	Facts engine.Facts

	plan    *Plan
	skipped []int64 // numbers in the stream of the rows that are not in Rows, ascending
	imputed []imputed
}

// Read reads all rows. The result is the same whatever the number of threads.
func (p *Plan) Read(ctx context.Context) (*Scan, error) {
	digests := digestFiles(ctx, p.sources())
	s, err := p.read(ctx)
	done := <-digests
	if err != nil {
		return nil, err
	}
	if done.err != nil {
		return nil, done.err
	}
	s.Facts.Files, s.Facts.Digest = done.files, done.whole
	return s, nil
}

// read scans, and scans again where a column turned out to hold something else than
// its first rows promised.
func (p *Plan) read(ctx context.Context) (*Scan, error) {
	for {
		s, err := p.attempt(ctx)
		var again *errReplan
		if !errors.As(err, &again) {
			return s, err
		}
		again.col.asText()
		for _, j := range p.joins {
			if j != nil {
				if err := j.layout(ctx, p.db, p.req); err != nil {
					return nil, err
				}
			}
		}
		if err := p.layout(ctx); err != nil {
			return nil, err
		}
	}
}

func (p *Plan) attempt(ctx context.Context) (*Scan, error) {
	for _, j := range p.joins {
		if j != nil {
			if err := j.load(ctx, p.db, p.req); err != nil {
				return nil, err
			}
		}
	}
	return p.pass(ctx)
}

// asText gives up on a column's guessed kind, or on its hashes.
func (c *column) asText() {
	if c.text {
		c.Kind, c.Type = cases.Text, "VARCHAR"
	}
	c.plain = true
}
