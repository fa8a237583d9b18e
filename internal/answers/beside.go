package answers

import (
	"errors"
	"fmt"
	"iter"

	"github.com/fairtrial/fairtrial/internal/collect"
)

// Beside reads a finished collection in the order of the cases that it was made of: one
// chunk in memory at a time.
type Beside struct {
	next func() (*collect.Entry, error, bool)
	stop func()
	held *collect.Entry
	some bool
}

// NewBeside starts at the first case. With some, the cases are a part of those that the
// collection was made of.
func NewBeside(a *collect.Artifact, some bool) *Beside {
	b := &Beside{some: some}
	b.next, b.stop = iter.Pull2(a.All())
	return b
}

// Of gives the entries of the next case, by sample; none where the collection ended before.
func (b *Beside) Of(id string) ([]*collect.Entry, error) {
	var out []*collect.Entry
	for {
		if b.held == nil {
			e, err, ok := b.next()
			if err != nil {
				return nil, err
			}
			if !ok {
				return out, nil
			}
			b.held = e
		}
		if b.held.ID != id {
			if len(out) == 0 && b.some {
				b.held = nil
				continue
			}
			if len(out) == 0 {
				return nil, fmt.Errorf("the stored answers are of other cases: %q stands where %q is expected", b.held.ID, id)
			}
			return out, nil
		}
		out, b.held = append(out, b.held), nil
	}
}

// End lets go of the collection; entries that no case took are an error.
func (b *Beside) End() error {
	defer b.stop()
	if b.some {
		return nil
	}
	if b.held == nil {
		e, err, ok := b.next()
		if err != nil || !ok {
			return err
		}
		b.held = e
	}
	return errors.New("the stored answers are of other cases: there are more of them")
}
