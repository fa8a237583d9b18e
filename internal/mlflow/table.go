package mlflow

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/engine"
)

// Keeper keeps files by their digest: the workspace.
type Keeper interface {
	TempPath(name string) string
	PutFile(ctx context.Context, path string) (digest string, err error)
}

// Pull brings a table of a run or model: Parquet, CSV or JSON lines as it is, JSON of
// mlflow.log_table as JSON lines with the same digits. The workspace keeps it by digest.
func (c *Client) Pull(ctx context.Context, text string, keep Keeper, now func() time.Time, version string) (*engine.Pull, error) {
	p, err := c.Resolve(ctx, text)
	if err != nil {
		return nil, err
	}
	ext := strings.ToLower(path.Ext(p.Path))
	switch ext {
	case ".parquet", ".csv", ".jsonl", ".ndjson", ".json":
	default:
		return nil, &engine.DataError{Where: text, Msg: "no table: a path to a .parquet, .csv, .jsonl or .json (mlflow.log_table) file is expected", Hint: c.siblings(ctx, p)}
	}
	began := now()
	tmp := keep.TempPath(version + ".mlflow" + ext)
	defer os.Remove(tmp) // PutFile has taken it over, or something failed
	n, err := c.save(ctx, p, tmp)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, &engine.DataError{Where: text, Msg: "the file is empty", NoRows: true}
	}
	if ext == ".json" {
		lines := keep.TempPath(version + ".mlflow.jsonl")
		defer os.Remove(lines)
		if err := convert(tmp, lines); err != nil {
			return nil, &engine.DataError{Where: text, Msg: err.Error(), Hint: "a table of mlflow.log_table is {\"columns\": […], \"data\": [[…], …]}"}
		}
		tmp, ext = lines, ".jsonl"
		info, err := os.Stat(tmp)
		if err != nil {
			return nil, fmt.Errorf("pull %s: %w", text, err)
		}
		if n = info.Size(); n == 0 {
			return nil, &engine.DataError{Where: text, Msg: "the table has no rows", NoRows: true}
		}
	}
	digest, err := keep.PutFile(ctx, tmp)
	if err != nil {
		return nil, fmt.Errorf("pull %s: %w", text, err)
	}
	return &engine.Pull{Source: text, Kind: "mlflow", Server: c.Address(), Bytes: n, Started: began.UTC(), Seconds: now().Sub(began).Seconds(),
		Parts: []engine.Part{{Name: "0001" + ext, Digest: digest, Bytes: n, Version: p.at()}}}, nil
}

func (c *Client) save(ctx context.Context, p Pin, to string) (int64, error) {
	f, err := os.Create(to)
	if err != nil {
		return 0, fmt.Errorf("pull %s: %w", p.URI, err)
	}
	n, err := c.copy(ctx, p, "", f)
	return n, errors.Join(err, f.Close())
}

func convert(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	w := bufio.NewWriterSize(out, 1<<16)
	err = lines(bufio.NewReaderSize(in, 1<<16), w)
	return errors.Join(err, w.Flush(), out.Close())
}

// lines turns {"columns": […], "data": [[…], …]} into one object a line. Values are
// copied, so that no digit changes. Columns may stand after the data.
func lines(r io.Reader, w io.Writer) error {
	var t struct {
		Columns []json.RawMessage   `json:"columns"`
		Data    [][]json.RawMessage `json:"data"`
	}
	d := json.NewDecoder(r)
	if err := d.Decode(&t); err != nil {
		return fmt.Errorf("the file is no table of mlflow.log_table: %w", err)
	}
	if len(t.Columns) == 0 {
		return errors.New(`the file is no table of mlflow.log_table: it has no "columns"`)
	}
	names, seen := make([][]byte, len(t.Columns)), map[string]bool{}
	for i, c := range t.Columns {
		var name string
		if json.Unmarshal(c, &name) != nil {
			name = string(c) // a column called 0
		}
		if seen[name] {
			return fmt.Errorf("two columns are called %q", name)
		}
		seen[name] = true
		names[i], _ = json.Marshal(name) // a string always encodes
	}
	var b bytes.Buffer
	for i, row := range t.Data {
		if len(row) != len(names) {
			return fmt.Errorf("row %d has %d values for %d columns", i+1, len(row), len(names))
		}
		b.Reset()
		for k, v := range row {
			b.WriteByte("{,"[min(k, 1)])
			b.Write(names[k])
			b.WriteByte(':')
			if err := json.Compact(&b, v); err != nil {
				return err
			}
		}
		b.WriteString("}\n")
		if _, err := w.Write(b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
