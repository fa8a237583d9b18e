package scan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
)

type format int

const (
	csvFormat format = iota
	jsonFormat
	parquetFormat
)

func (f format) String() string { return [...]string{"CSV", "JSONL", "Parquet"}[f] }

// input is one file of a source.
type input struct {
	path   string // as the plan wrote it, or as the glob found it
	bytes  int64
	gzip   bool
	format format
	tab    bool // .tsv: the delimiter is known
}

// find resolves a path or glob to its files in byte order of their paths. A path
// that exists is taken as it stands, even where it holds *, ? or [. All files must
// have one format, and none may be empty.
func find(source string) ([]input, error) {
	if source == "" {
		return nil, &engine.DataError{Msg: "no source is named", Hint: "set data.source to a CSV, JSONL or Parquet file"}
	}
	paths := []string{source}
	if _, err := os.Stat(source); err != nil {
		found, globErr := filepath.Glob(source)
		if globErr != nil || len(found) == 0 {
			return nil, missing(source, err)
		}
		paths = found
		sort.Strings(paths)
	}
	var files []input
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, missing(path, err)
		}
		if info.IsDir() {
			if len(paths) > 1 {
				continue
			}
			return nil, &engine.DataError{Where: path, Msg: "is a folder", Hint: "name the files in it: " + filepath.Join(path, "*.parquet")}
		}
		f, err := classify(path)
		if err != nil {
			return nil, err
		}
		f.bytes = info.Size()
		if f.bytes == 0 {
			return nil, &engine.DataError{Where: path, Msg: "the file is empty", NoRows: true}
		}
		if len(files) > 0 && files[0].format != f.format {
			return nil, &engine.DataError{Where: source, Msg: fmt.Sprintf("matches files of different formats: %s is %s, %s is %s",
				files[0].path, files[0].format, path, f.format), Hint: "name files of one format"}
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, &engine.DataError{Where: source, Msg: "matches folders only, no file"}
	}
	return files, nil
}

func missing(path string, err error) error {
	if strings.ContainsAny(path, "*?[") {
		return &engine.DataError{Where: path, Msg: "no file matches"}
	}
	if err != nil && !os.IsNotExist(err) {
		return &engine.DataError{Where: path, Msg: "cannot be read: " + cause(err)}
	}
	return &engine.DataError{Where: path, Msg: "no such file"}
}

// cause is the innermost text of a file error, without the path again.
func cause(err error) string {
	var e *os.PathError
	if errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

func classify(path string) (input, error) {
	f := input{path: path}
	name := strings.ToLower(filepath.Base(path))
	if rest, ok := strings.CutSuffix(name, ".gz"); ok {
		f.gzip, name = true, rest
	}
	switch ext := filepath.Ext(name); ext {
	case ".csv", ".tsv":
		f.format, f.tab = csvFormat, ext == ".tsv"
		return f, nil
	case ".jsonl", ".ndjson", ".json":
		f.format = jsonFormat
		return f, nil
	case ".parquet", ".pq":
		f.format = parquetFormat
		if !f.gzip {
			return f, nil
		}
	}
	return f, &engine.DataError{Where: path, Msg: fmt.Sprintf("unknown file type %q", extension(path)),
		Hint: "use .csv, .tsv, .jsonl, .ndjson, .json (each also with .gz) or .parquet"}
}

func extension(path string) string {
	ext := filepath.Ext(path)
	if strings.EqualFold(ext, ".gz") {
		return filepath.Ext(strings.TrimSuffix(path, ext)) + ext
	}
	return ext
}
