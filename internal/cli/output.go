package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/report"
)

// rendering writes a record in one format.
type rendering struct {
	format, file string
	write        func(io.Writer, *record.Record) error
}

// renderings are the formats of `report` and the files of `run`, record.json last.
func renderings() []rendering {
	return []rendering{
		{"html", "report.html", report.HTML},
		{"markdown", "report.md", report.Markdown},
		{"junit", "junit.xml", report.JUnit},
		{"csv", "estimates.csv", report.CSV},
		{"json", "record.json", report.JSON},
	}
}

// extras are the formats that `report`, and `run --format`, write on request.
func extras() []rendering {
	return []rendering{
		{"sarif", "fairtrial.sarif", report.SARIF},
		{"codequality", "codequality.json", report.CodeQuality},
		{"openmetrics", "metrics.prom", report.OpenMetrics},
		{"dotenv", "fairtrial.env", report.Dotenv},
		{"github", "job-summary.md", report.JobSummary},
		{"comment", "comment.md", report.Comment},
	}
}

// canHold refuses, before any work is done, an output folder that cannot be made.
func canHold(dir string) error {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		f, err := os.Stat(at)
		switch {
		case err == nil && !f.IsDir():
			return wrong("name another folder with -o", "%s is a file: no output folder can be made there", at)
		case err == nil, at == filepath.Dir(at):
			return nil
		}
	}
}

// writeOutputs puts all files of a run into dir. record.json is removed first and
// written last, so that a folder with it is complete; each file is written whole
// under another name and renamed. Two runs into one folder take turns.
func writeOutputs(dir string, r *record.Record, more ...rendering) error {
	var files []struct {
		name string
		data []byte
	}
	for _, x := range append(more, renderings()...) {
		var b bytes.Buffer
		if err := x.write(&b, r); err != nil {
			return fmt.Errorf("render %s: %w", x.file, err)
		}
		files = append(files, struct {
			name string
			data []byte
		}{x.file, b.Bytes()})
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return wrong("name another folder with -o", "make output folder: %w", err)
	}
	unlock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := os.Remove(filepath.Join(dir, "record.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove earlier record: %w", err)
	}
	for _, x := range extras() { // of an earlier run, that this one may not write
		if err := os.Remove(filepath.Join(dir, x.file)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove earlier %s: %w", x.file, err)
		}
	}
	for _, f := range files {
		if err := writeFile(filepath.Join(dir, f.name), f.data); err != nil {
			return err
		}
	}
	return nil
}

// write puts one rendering of a record into dir.
func write(x rendering, dir string, r *record.Record) error {
	var b bytes.Buffer
	if err := x.write(&b, r); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, x.file), b.Bytes())
}

// writeFile writes a file whole or not at all.
func writeFile(path string, data []byte) error {
	t, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(t.Name()) // after the rename there is nothing to remove
	if _, err = t.Write(data); err == nil {
		if err = t.Chmod(0o644); err == nil {
			err = t.Sync()
		}
	}
	if e := t.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(t.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// sweep removes temporary files that a killed run left in an output folder.
func sweep(dir string) {
	for _, x := range append(extras(), renderings()...) {
		old, _ := filepath.Glob(filepath.Join(dir, "."+x.file+".*"))
		for _, f := range old {
			_ = os.Remove(f)
		}
	}
}
