package answers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/provider"
)

// longestVerdict bounds a line of recorded verdicts.
const longestVerdict = 1 << 20

// verdicts is a judge whose replies stand in a file of JSON lines. Only the place of each
// line is in memory.
type verdicts struct {
	f     *os.File
	name  string
	lines map[verdictKey]verdictAt
}

type verdictKey struct {
	id           string // of the item
	repeat, step int
}

type verdictAt struct {
	at         int64
	size, line int32
}

// verdictLine is one reply: as the judge wrote it, or its parts.
type verdictLine struct {
	ID        json.RawMessage `json:"id"`
	Model     string          `json:"model"`
	Sample    int             `json:"sample"`
	Repeat    int             `json:"repeat"`
	Step      int             `json:"step"`
	Output    *string         `json:"output"`
	Level     any             `json:"level"`
	Choice    any             `json:"choice"`
	Evidence  any             `json:"evidence"`
	Reasoning any             `json:"reasoning"`
}

// openVerdicts reads and checks a file of recorded verdicts: every line is about a model
// and a sample of the plan, and none comes twice.
func openVerdicts(path string, p *plan.Plan, repeats int) (*verdicts, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	v := &verdicts{f: f, name: path, lines: map[verdictKey]verdictAt{}}
	if err := v.index(p, repeats); err != nil {
		_ = f.Close()
		return nil, err
	}
	return v, nil
}

// Close lets go of the file.
func (v *verdicts) Close() error { return v.f.Close() }

func (v *verdicts) index(p *plan.Plan, repeats int) error {
	in := bufio.NewReaderSize(v.f, 1<<16)
	at := int64(0)
	for n := int32(1); ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: %w", v.name, err)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			l, id, bad := parseVerdict(line)
			if bad == nil {
				bad = fits(l, p, repeats)
			}
			if bad != nil {
				return fmt.Errorf(`%s:%d: %w; a line is like {"id": "q1", "model": "candidate", "level": "good", "evidence": "…"}`, v.name, n, bad)
			}
			key := verdictKey{verdictID(id, l.Model, l.Sample), l.Repeat, l.Step}
			if first, twice := v.lines[key]; twice {
				return fmt.Errorf("%s:%d: a verdict on this answer stands in line %d too; each repeat once", v.name, n, first.line)
			}
			v.lines[key] = verdictAt{at, int32(len(line)), n}
		}
		at += int64(len(line))
		if err != nil {
			return nil
		}
	}
}

func parseVerdict(line []byte) (l verdictLine, id string, err error) {
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	switch {
	case len(line) > longestVerdict:
		return l, "", fmt.Errorf("the line is longer than %d bytes", longestVerdict)
	case !utf8.Valid(line):
		return l, "", errors.New("the line is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&l); err != nil {
		return l, "", fmt.Errorf("the line is not the JSON expected (%w)", err)
	}
	if d.More() {
		return l, "", errors.New("the line holds more than one JSON object")
	}
	if json.Unmarshal(l.ID, &id) != nil {
		id = string(l.ID)
		if id == "" || id[0] != '-' && (id[0] < '0' || id[0] > '9') {
			return l, "", errors.New(`the field "id" is a string or a number`)
		}
	}
	said := 0
	for _, x := range []bool{l.Output != nil, l.Level != nil, l.Choice != nil} {
		if x {
			said++
		}
	}
	switch {
	case said != 1:
		return l, "", errors.New(`one of "output", "level" and "choice" is expected`)
	case l.Output != nil && (l.Evidence != nil || l.Reasoning != nil):
		return l, "", errors.New(`"evidence" and "reasoning" go with "level" or "choice"; an "output" holds them itself`)
	case l.Sample < 0 || l.Repeat < 0 || l.Step < 0:
		return l, "", errors.New("sample, repeat and step count from 0")
	}
	return l, id, nil
}

func fits(l verdictLine, p *plan.Plan, repeats int) error {
	i := slices.IndexFunc(p.Models, func(m plan.Model) bool { return m.Key == l.Model })
	switch {
	case i < 0:
		var keys []string
		for _, m := range p.Models {
			keys = append(keys, m.Key)
		}
		return fmt.Errorf(`the field "model" is one of %s, this is %q`, strings.Join(keys, ", "), l.Model)
	case p.Models[i].Answers == nil:
		return fmt.Errorf("a verdict on models.%s, whose scores are those of an earlier record", l.Model)
	case l.Sample >= p.Models[i].Answers.Samples:
		return fmt.Errorf("sample %d, and models.%s gives %d", l.Sample, l.Model, p.Models[i].Answers.Samples)
	case l.Repeat >= repeats:
		return fmt.Errorf("repeat %d, and the plan asks for repeats: %d", l.Repeat, repeats)
	}
	return nil
}

func (v *verdicts) line(r provider.Request) ([]byte, verdictAt, error) {
	step, _ := r.Vars["step"].(int)
	place, ok := v.lines[verdictKey{r.ID, r.Sample, step}]
	if !ok {
		return nil, place, nil
	}
	b := make([]byte, place.size)
	if _, err := v.f.ReadAt(b, place.at); err != nil {
		return nil, place, fmt.Errorf("read %s: %w", filepath.Base(v.name), err)
	}
	return bytes.TrimRight(b, "\r\n"), place, nil
}

// Encode names no file: the same verdicts under another name are the same.
func (v *verdicts) Encode(r provider.Request) ([]byte, error) {
	line, _, err := v.line(r)
	return append([]byte("RECORDED\n"), line...), err
}

// Call gives the recorded reply.
func (v *verdicts) Call(_ context.Context, r provider.Request) (provider.Answer, error) {
	line, place, err := v.line(r)
	if err != nil {
		return provider.Answer{}, &provider.Error{Kind: provider.Failed, Message: err.Error()}
	}
	if line == nil {
		return provider.Answer{}, &provider.Error{Kind: provider.Missing, Message: "no verdict is recorded"}
	}
	l, _, err := parseVerdict(line)
	if err != nil {
		return provider.Answer{}, &provider.Error{Kind: provider.Failed, Message: fmt.Sprintf("%s:%d: the file has changed since it was opened", filepath.Base(v.name), place.line)}
	}
	if l.Output != nil {
		return provider.Answer{Output: *l.Output, Response: line}, nil
	}
	parts := map[string]any{}
	for key, x := range map[string]any{"level": l.Level, "choice": l.Choice, "evidence": l.Evidence, "reasoning": l.Reasoning} {
		if x != nil {
			parts[key] = x
		}
	}
	b, err := json.Marshal(parts)
	if err != nil {
		return provider.Answer{}, &provider.Error{Kind: provider.Failed, Message: err.Error()}
	}
	return provider.Answer{Output: string(b), Response: line}, nil
}

// strange finds a recorded verdict on a case that is not there: known says which are.
func (v *verdicts) strange(known func(id string) bool) error {
	worst, name, n := int32(0), "", 0
	for key, at := range v.lines {
		var parts []any
		if json.Unmarshal([]byte(key.id), &parts) != nil {
			continue
		}
		if id, ok := parts[0].(string); ok && !known(id) {
			if n++; worst == 0 || at.line < worst {
				worst, name = at.line, id
			}
		}
	}
	if n == 0 {
		return nil
	}
	more := ""
	if n > 1 {
		more = fmt.Sprintf(" (and %d more such lines)", n-1)
	}
	return fmt.Errorf("%s:%d: no case has the id %q%s", v.name, worst, name, more)
}
