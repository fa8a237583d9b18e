package provider

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"unicode/utf8"
)

// recorded answers from a file of JSON lines {id, sample, output}. Only the place of each
// line is kept in memory: 24 bytes.
type recorded struct {
	c     Config
	f     *os.File
	seed  maphash.Seed
	lines []place
}

type place struct {
	hash uint64
	at   int64
	line int32
	size int32
}

type recordedLine struct {
	ID     json.RawMessage `json:"id"`
	Sample int             `json:"sample"`
	Error  string          `json:"error"` // why there is no output
	answered
}

// key reads an id that may be written as a string or as a number.
func (l *recordedLine) key() (string, error) {
	var s string
	if json.Unmarshal(l.ID, &s) == nil {
		return s, nil
	}
	if len(l.ID) > 0 && (l.ID[0] == '-' || l.ID[0] >= '0' && l.ID[0] <= '9') {
		return string(l.ID), nil
	}
	return "", fmt.Errorf(`the field "id" is a string or a number`)
}

func newRecorded(c Config) (Provider, error) {
	if err := refuse(c.Provider, map[string]bool{"api": c.API != "", "model": c.Model != "", "base_url": c.BaseURL != "", "key": c.Key != "",
		"params": c.Params != nil, "headers": c.Headers != nil, "stream": c.Stream, "body": c.Body != nil, "answer": c.Answer != "",
		"contexts": c.Contexts != "", "command": c.Command != nil, "format": c.Format != "", "api_version": c.APIVersion != ""}); err != nil {
		return nil, err
	}
	if c.Source == "" {
		return nil, fmt.Errorf("source: the file of recorded outputs, JSON lines of {id, sample, output}")
	}
	f, err := os.Open(c.Source)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	p := &recorded{c: c, f: f, seed: maphash.MakeSeed()}
	if err := p.index(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return p, nil
}

// Close lets go of the file.
func (p *recorded) Close() error { return p.f.Close() }

func (p *recorded) hash(id string, sample int) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	h.WriteString(id)
	fmt.Fprintf(&h, "\x00%d", sample)
	return h.Sum64()
}

// index reads the file once; every line must be an answer, and none may come twice.
func (p *recorded) index() error {
	in := bufio.NewReaderSize(p.f, 1<<16)
	at := int64(0)
	for n := int32(1); ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("read %s: %w", p.c.Source, err)
		}
		text := line
		if n == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if int64(len(line)) > p.c.MaxBytes {
			return fmt.Errorf("%s:%d: the line is longer than %d bytes", p.c.Source, n, p.c.MaxBytes)
		}
		if len(bytes.TrimSpace(text)) > 0 {
			l, id, bad := parseLine(text)
			if bad != nil {
				return fmt.Errorf(`%s:%d: %w; a line is like {"id": "q1", "sample": 0, "output": "Paris"}`, p.c.Source, n, bad)
			}
			p.lines = append(p.lines, place{hash: p.hash(id, l.Sample), at: at, line: n, size: int32(len(line))})
		}
		at += int64(len(line))
		if err == io.EOF {
			break
		}
	}
	slices.SortStableFunc(p.lines, func(a, b place) int {
		if a.hash != b.hash {
			if a.hash < b.hash {
				return -1
			}
			return 1
		}
		return int(a.line - b.line)
	})
	for i := 1; i < len(p.lines); i++ {
		if a, b := p.lines[i-1], p.lines[i]; a.hash == b.hash {
			return fmt.Errorf("%s:%d: this id and sample stand in line %d too; each answer once", p.c.Source, b.line, a.line)
		}
	}
	return nil
}

func parseLine(text []byte) (l recordedLine, id string, err error) {
	if !utf8.Valid(text) {
		return l, "", fmt.Errorf("the line is not UTF-8")
	}
	if err = json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &l); err != nil {
		return l, "", fmt.Errorf("the line is not the JSON expected (%w)", err)
	}
	if id, err = l.key(); err != nil {
		return l, "", err
	}
	if l.Sample < 0 {
		return l, "", fmt.Errorf("sample: %d is below 0, the first", l.Sample)
	}
	if l.Error != "" {
		if l.Output != nil {
			return l, "", fmt.Errorf("a line has an output or an error, not both")
		}
		return l, id, nil
	}
	_, err = l.answer()
	return l, id, err
}

// Encode names no file: the same outputs under another name are the same.
func (p *recorded) Encode(r Request) ([]byte, error) {
	line, _, err := p.line(r)
	if err != nil {
		return nil, err
	}
	return append([]byte("RECORDED\n"), line...), nil
}

func (p *recorded) line(r Request) ([]byte, recordedLine, error) {
	h := p.hash(r.ID, r.Sample)
	i, ok := slices.BinarySearchFunc(p.lines, h, func(l place, h uint64) int {
		if l.hash < h {
			return -1
		}
		if l.hash > h {
			return 1
		}
		return 0
	})
	if !ok {
		return nil, recordedLine{}, nil
	}
	b := make([]byte, p.lines[i].size)
	if _, err := p.f.ReadAt(b, p.lines[i].at); err != nil {
		return nil, recordedLine{}, fmt.Errorf("read %s: %w", p.c.Source, err)
	}
	l, id, err := parseLine(b)
	if err != nil || id != r.ID || l.Sample != r.Sample {
		return nil, recordedLine{}, fmt.Errorf("%s:%d: the file has changed since it was opened", p.c.Source, p.lines[i].line)
	}
	return bytes.TrimRight(b, "\r\n"), l, nil
}

// Call gives the recorded answer; one that is not there is an error of the case, not an
// empty answer.
func (p *recorded) Call(_ context.Context, r Request) (Answer, error) {
	line, l, err := p.line(r)
	if err != nil {
		return Answer{}, &Error{Kind: Failed, Message: err.Error()}
	}
	if line == nil {
		return Answer{}, &Error{Kind: Missing, Message: fmt.Sprintf("%s has no output for the case %q, sample %d", p.c.Source, r.ID, r.Sample)}
	}
	if l.Error != "" {
		return Answer{}, &Error{Kind: Failed, Message: l.Error}
	}
	a, err := l.answer()
	if err != nil {
		return Answer{}, &Error{Kind: Failed, Message: err.Error()}
	}
	a.Response = line
	return a, nil
}
