// Package inspect reads logs of Inspect AI (.eval, .json), sample by sample: what was
// asked, what a model answered, and the scores that Inspect recorded. It refuses to guess:
// a score that is no number is recorded as none, never as 0, and a sample that ended in an
// error has no answer.
package inspect

import (
	"archive/zip"
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/fairtrial/fairtrial/internal/jsonstream"
)

// Log is an open log. Its samples are read one at a time.
type Log struct {
	Header
	shown string
	file  *os.File
	zip   *zip.Reader
	parts []part
}

// part is the entry of one sample in an .eval log.
type part struct {
	id    string
	epoch int
	entry *zip.File
}

// Header is what a log says of the run.
type Header struct {
	Status string `json:"status"`
	Eval   struct {
		Task    string `json:"task"`
		Model   string `json:"model"`
		Created string `json:"created"`
		Config  struct {
			Epochs int `json:"epochs"`
		} `json:"config"`
		Dataset struct {
			Name string `json:"name"`
		} `json:"dataset"`
	} `json:"eval"`
	Results struct {
		Scores []Result `json:"scores"`
	} `json:"results"`
}

// Result is what Inspect made of one score.
type Result struct {
	Name    string `json:"name"`
	Scorer  string `json:"scorer"`
	Scored  int64  `json:"scored_samples"`
	Metrics map[string]struct {
		Value  *float64       `json:"value"`
		Params map[string]any `json:"params"`
	} `json:"metrics"`
}

// Score is the name of the result's score in Sample.Scores.
func (r Result) Score() string {
	if r.Name == r.Scorer || r.Scorer == "" {
		return r.Name
	}
	return r.Scorer + "." + r.Name
}

// Cluster is the metadata field that the log's standard errors are clustered by.
func (h Header) Cluster() string {
	for _, s := range h.Results.Scores {
		if c, ok := s.Metrics["stderr"].Params["cluster"].(string); ok {
			return c
		}
	}
	return ""
}

// IsLog reports whether a file is a log, by its name and how it begins.
func IsLog(path string) bool {
	if strings.HasSuffix(strings.ToLower(path), ".eval") {
		return true
	}
	if !strings.HasSuffix(strings.ToLower(path), ".json") {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 4096)
	n, _ := io.ReadFull(f, head)
	s := string(head[:n])
	return strings.Contains(s, `"version"`) && strings.Contains(s, `"status"`) && strings.Contains(s, `"eval"`)
}

// Open reads the header of a log. shown is how its file is called in messages.
func Open(path, shown string) (*Log, error) {
	f, err := os.Open(path)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	l := &Log{shown: shown, file: f}
	if err := l.open(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	return l, nil
}

// Close lets go of the file.
func (l *Log) Close() error { return l.file.Close() }

func (l *Log) open() error {
	magic := make([]byte, 2)
	if _, err := io.ReadFull(l.file, magic); err != nil {
		return errors.New("the file is empty")
	}
	if string(magic) == "PK" {
		return l.openZip()
	}
	return l.walk(nil)
}

const (
	zstdMethod  = 93       // of APPNOTE 6.3.8, which Go's archive/zip has not got
	largestHead = 64 << 20 // bytes of a header
)

func (l *Log) openZip() error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if l.zip, err = zip.NewReader(l.file, info.Size()); err != nil {
		return fmt.Errorf("a damaged log (%w): `inspect log recover` may help", err)
	}
	l.zip.RegisterDecompressor(zstdMethod, zstd.ZipDecompressor(zstd.WithDecoderConcurrency(1)))
	var head, start *zip.File
	for _, e := range l.zip.File {
		switch {
		case e.Name == "header.json":
			head = e
		case e.Name == "_journal/start.json":
			start = e
		default:
			if p, ok := partOf(e); ok {
				l.parts = append(l.parts, p)
			}
		}
	}
	if head == nil { // a run that has not ended
		head = start
	}
	if head == nil {
		return errors.New("not a log of Inspect: it has neither header.json nor _journal/start.json")
	}
	r, err := head.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if err := json.NewDecoder(newFinite(io.LimitReader(r, largestHead))).Decode(&l.Header); err != nil {
		return fmt.Errorf("%s: %w", head.Name, err)
	}
	slices.SortStableFunc(l.parts, func(a, b part) int {
		return cmp.Or(byNumber(a.id, b.id), cmp.Compare(a.epoch, b.epoch))
	})
	return nil
}

// partOf reads samples/ID_epoch_N.json; ids stand there as in a URL.
func partOf(e *zip.File) (p part, ok bool) {
	name, ok := strings.CutPrefix(e.Name, "samples/")
	if !ok {
		return p, false
	}
	name, ok = strings.CutSuffix(name, ".json")
	at := strings.LastIndex(name, "_epoch_")
	if !ok || at < 0 {
		return p, false
	}
	epoch, err := strconv.Atoi(name[at+len("_epoch_"):])
	if err != nil {
		return p, false
	}
	id := name[:at]
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	return part{id, epoch, e}, true
}

// byNumber orders numbers as numbers, before texts.
func byNumber(a, b string) int {
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	switch {
	case errX == nil && errY == nil:
		return cmp.Compare(x, y)
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	}
	return cmp.Compare(a, b)
}

// Each hands on the samples: of an .eval log by id and epoch, of a .json log as they stand.
func (l *Log) Each(f func(*Sample) error) error {
	if l.zip == nil {
		if err := l.walk(f); err != nil {
			return fmt.Errorf("%s: %w", l.shown, err)
		}
		return nil
	}
	for _, p := range l.parts {
		if err := l.sample(p, f); err != nil {
			return fmt.Errorf("%s, %s: %w", l.shown, p.entry.Name, err)
		}
	}
	return nil
}

func (l *Log) sample(p part, f func(*Sample) error) error {
	r, err := p.entry.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	d := json.NewDecoder(newFinite(bufio.NewReaderSize(r, 1<<16)))
	s, err := readSample(d, l.Eval.Model)
	if err != nil {
		return err
	}
	return f(s)
}

// walk reads a .json log: the header where f is nil, else the samples.
func (l *Log) walk(f func(*Sample) error) error {
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	d := json.NewDecoder(newFinite(bufio.NewReaderSize(l.file, 1<<16)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("not a log of Inspect: neither a zip file nor a JSON object")
	}
	known := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return broken(err)
		}
		var to any
		switch key {
		case "status":
			to = &l.Status
		case "eval":
			to, known = &l.Header.Eval, true
		case "results":
			to = &l.Header.Results
		case "samples":
			if f == nil {
				break
			}
			if err := l.samples(d, f); err != nil {
				return err
			}
			continue
		}
		if to != nil && f == nil {
			err = d.Decode(to)
		} else {
			err = jsonstream.Skip(d)
		}
		if err != nil {
			return broken(fmt.Errorf("%v: %w", key, err))
		}
	}
	if _, err := d.Token(); err != nil {
		return broken(err)
	}
	if !known && f == nil {
		return errors.New("not a log of Inspect: it has no key eval")
	}
	return nil
}

func (l *Log) samples(d *json.Decoder, f func(*Sample) error) error {
	t, err := d.Token()
	if err != nil {
		return broken(err)
	}
	if t == nil {
		return nil
	}
	if t != json.Delim('[') {
		return errors.New("samples: a list is expected")
	}
	for n := 1; d.More(); n++ {
		s, err := readSample(d, l.Eval.Model)
		if err != nil {
			return fmt.Errorf("sample %d: %w", n, err)
		}
		if err := f(s); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return broken(err)
	}
	return nil
}

func broken(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends in the middle")
	}
	return err
}
