package provider

import (
	"fmt"
	"iter"
)

// Strange says what recorded outputs hold that nobody would ask for: the first line whose
// id is of no case, or whose sample is beyond those asked for. Other providers have none.
func Strange(p Provider, ids iter.Seq[string], samples int) error {
	r, ok := p.(*recorded)
	if !ok {
		return nil
	}
	asked := make(map[uint64]bool, len(r.lines))
	for id := range ids {
		for s := range samples {
			asked[r.hash(id, s)] = true
		}
	}
	first, n := -1, 0
	for i, l := range r.lines {
		if !asked[l.hash] {
			if n++; first < 0 || l.line < r.lines[first].line {
				first = i
			}
		}
	}
	if n == 0 {
		return nil
	}
	at := r.lines[first]
	b := make([]byte, at.size)
	if _, err := r.f.ReadAt(b, at.at); err != nil {
		return fmt.Errorf("read %s: %w", r.c.Source, err)
	}
	l, id, err := parseLine(b)
	if err != nil {
		return fmt.Errorf("%s:%d: the file has changed since it was opened", r.c.Source, at.line)
	}
	more := ""
	if n > 1 {
		more = fmt.Sprintf(" (and %d more such lines)", n-1)
	}
	if asked[r.hash(id, 0)] {
		return fmt.Errorf("%s:%d: sample %d of %q, and the plan asks for samples: %d%s", r.c.Source, at.line, l.Sample, id, samples, more)
	}
	return fmt.Errorf("%s:%d: no case has the id %q%s", r.c.Source, at.line, id, more)
}
