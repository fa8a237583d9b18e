package report

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/record"
)

//go:embed filter.js
var filterScript string //nolint:gochecknoglobals // an embedded file

// filters are what the page's script can look for among its cases: the slices and scorers
// that they name.
type filters struct {
	Run     string // its id
	Slices  []string
	Scorers []string
}

func filtersOf(r *record.Record) filters {
	f := filters{Run: r.Run.ID}
	for _, c := range r.Cases {
		for _, s := range c.Slices {
			if !slices.Contains(f.Slices, s) {
				f.Slices = append(f.Slices, s)
			}
		}
		for _, a := range c.Answers {
			for _, s := range a.Scores {
				if !slices.Contains(f.Scorers, s.Scorer) {
					f.Scorers = append(f.Scorers, s.Scorer)
				}
			}
		}
	}
	slices.Sort(f.Slices)
	return f
}

// Options are the slices as the page names them.
func (f filters) Options() []string {
	var out []string
	for _, s := range f.Slices {
		out = append(out, visible(clip(s, 80)))
	}
	return out
}

// kinds are the words that a case answers to.
func (f filters) kinds(c record.Case, kind string) string {
	out := []string{kind}
	if kind == record.PassToFail || kind == record.FailToPass {
		out = append(out, "flip")
	}
	for _, a := range c.Answers {
		for _, s := range a.Scores {
			if !s.Value.Known() && !slices.Contains(out, "lacking") {
				out = append(out, "lacking")
			}
		}
	}
	return strings.Join(out, " ")
}

func (f filters) within(c record.Case) string {
	var out []string
	for _, s := range c.Slices {
		out = append(out, strconv.Itoa(slices.Index(f.Slices, s)))
	}
	return strings.Join(out, " ")
}

// scores are the candidate's: an empty place where there is none.
func (f filters) scores(c record.Case) string {
	out := make([]string, len(f.Scorers))
	for _, a := range c.Answers {
		if a.Model != "candidate" {
			continue
		}
		for _, s := range a.Scores {
			if s.Value.Known() {
				out[slices.Index(f.Scorers, s.Scorer)] = strconv.FormatFloat(float64(s.Value), 'g', -1, 64)
			}
		}
	}
	return strings.Join(out, " ; ")
}
