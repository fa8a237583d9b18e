package connect

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/fairtrial/fairtrial/internal/engine"
)

// Arrow turns Arrow IPC files (also called Feather) and streams into Parquet, once for
// each content.
func (p *Puller) Arrow(ctx context.Context, pattern string) (*engine.Pull, error) {
	paths := []string{pattern}
	if _, err := os.Stat(pattern); err != nil {
		found, globErr := filepath.Glob(pattern)
		if globErr != nil || len(found) == 0 {
			return nil, &engine.DataError{Where: pattern, Msg: "no such file"}
		}
		sort.Strings(found)
		paths = found
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("read Arrow: %w", err)
	}
	began := p.Now()
	out := &engine.Pull{Source: filepath.Base(pattern), Kind: "arrow", Started: began.UTC(), Parts: []engine.Part{}}
	for i, path := range paths {
		parts, err := p.arrowFile(ctx, path)
		if err != nil {
			return nil, err
		}
		for k, part := range parts {
			part.Name = fmt.Sprintf("%04d-%04d.parquet", i+1, k+1)
			out.Parts = append(out.Parts, part)
			out.Bytes += part.Bytes
			out.Rows += part.Rows
		}
	}
	out.Seconds = p.Now().Sub(began).Seconds()
	return out, nil
}

func (p *Puller) arrowFile(ctx context.Context, path string) ([]engine.Part, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &engine.DataError{Where: path, Msg: "cannot be read"}
	}
	defer f.Close()
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if size == 0 {
		return nil, &engine.DataError{Where: path, Msg: "the file is empty", NoRows: true}
	}
	id := "arrow-" + hex.EncodeToString(h.Sum(nil))
	if old, ok := p.recall(id + ".json"); ok {
		return old.Pulled.Parts, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	q := Query{Name: filepath.Base(path), Kind: "arrow", SQL: id}
	t := &transfer{Puller: p, q: q, began: p.Now(), rows: p.page}
	if t.rows == 0 {
		t.rows = partRows
	}
	if err := t.arrow(ctx, path, f); err != nil {
		return nil, err
	}
	for i := range t.out.Parts {
		t.out.Parts[i].Version = "sha256:" + id[len("arrow-"):]
	}
	return t.out.Parts, p.remember(id+".json", note{Pulled: t.out})
}

// batches is a reader of record batches: files and streams have their own.
type batches interface {
	next() (arrow.RecordBatch, error) // io.EOF at the end
	schema() *arrow.Schema
}

type fileBatches struct {
	r *ipc.FileReader
	i int
}

func (b *fileBatches) schema() *arrow.Schema { return b.r.Schema() }
func (b *fileBatches) next() (arrow.RecordBatch, error) {
	if b.i == b.r.NumRecords() {
		return nil, io.EOF
	}
	b.i++
	return b.r.RecordBatch(b.i - 1)
}

type streamBatches struct{ r *ipc.Reader }

func (b streamBatches) schema() *arrow.Schema { return b.r.Schema() }
func (b streamBatches) next() (arrow.RecordBatch, error) {
	if b.r.Next() {
		return b.r.RecordBatch(), nil
	}
	if err := b.r.Err(); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return nil, io.EOF
}

// openArrow reads the schema; the library panics on some malformed files.
func openArrow(f *os.File) (b batches, err error) {
	defer recovered(&err)
	magic := make([]byte, 6)
	if _, err := io.ReadFull(f, magic); err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if string(magic) == "ARROW1" {
		r, err := ipc.NewFileReader(f, ipc.WithAllocator(memory.NewGoAllocator()))
		if err != nil {
			return nil, err
		}
		return &fileBatches{r: r}, nil
	}
	r, err := ipc.NewReader(bufio.NewReader(f), ipc.WithAllocator(memory.NewGoAllocator()))
	if err != nil {
		return nil, err
	}
	return streamBatches{r}, nil
}

func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%v", r)
	}
}

func (t *transfer) arrow(ctx context.Context, path string, f *os.File) error {
	bad := func(format string, args ...any) error {
		return &engine.DataError{Where: path, Msg: fmt.Sprintf(format, args...)}
	}
	b, err := openArrow(f)
	if err != nil {
		return bad("is no Arrow file that can be read: %v", err)
	}
	for _, field := range b.schema().Fields() {
		k, ok := arrowKind(field.Type)
		if !ok {
			return bad("column %q has the type %s, which cannot be read from Arrow; write the file as Parquet", field.Name, field.Type)
		}
		t.cols = append(t.cols, column{name: field.Name, typ: field.Type.String(), kind: k})
	}
	for i, c := range t.cols {
		for k := range i {
			if t.cols[k].name == c.name {
				return bad("two columns are called %q", c.name)
			}
		}
	}
	var w *writer
	defer func() {
		if w != nil {
			w.close()
		}
	}()
	for {
		batch, err := nextBatch(b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return bad("row %d and after cannot be read: %v", t.out.Rows+1, err)
		}
		for row := range int(batch.NumRows()) {
			if w == nil {
				if w, err = newWriter(ctx, t.cols); err != nil {
					return err
				}
			}
			for i, c := range batch.Columns() {
				if err := arrowSet(w, i, c, row); err != nil {
					return bad("row %d, column %q: %v", t.out.Rows+w.rows+1, t.cols[i].name, err)
				}
			}
			if err := w.end(); err != nil {
				return err
			}
			if w.rows == t.rows {
				if err := t.part(ctx, w); err != nil {
					return err
				}
				w = nil
			}
		}
	}
	if w == nil && len(t.out.Parts) > 0 {
		return nil
	}
	if w == nil { // no rows: a file with the header
		if w, err = newWriter(ctx, t.cols); err != nil {
			return err
		}
	}
	return t.part(ctx, w)
}

func nextBatch(b batches) (r arrow.RecordBatch, err error) {
	defer recovered(&err)
	return b.next()
}

func arrowKind(t arrow.DataType) (kind, bool) {
	switch t := t.(type) {
	case *arrow.DictionaryType:
		return arrowKind(t.ValueType)
	case *arrow.BooleanType:
		return boolean, true
	case *arrow.Int8Type, *arrow.Int16Type, *arrow.Int32Type, *arrow.Int64Type, *arrow.Uint8Type, *arrow.Uint16Type, *arrow.Uint32Type, *arrow.Uint64Type:
		return integer, true
	case *arrow.Float16Type, *arrow.Float32Type, *arrow.Float64Type, *arrow.Decimal128Type, *arrow.Decimal256Type:
		return float, true
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType, *arrow.NullType:
		return text, true
	case *arrow.Date32Type, *arrow.Date64Type:
		return date, true
	case *arrow.TimestampType:
		return moment, true
	}
	return text, false
}

// arrowSet puts one value of a column into a row.
func arrowSet(w *writer, i int, c arrow.Array, row int) error {
	if c.IsNull(row) {
		w.w.SetNull(i, w.n)
		return nil
	}
	switch c := c.(type) {
	case *array.Dictionary:
		return arrowSet(w, i, c.Dictionary(), c.GetValueIndex(row))
	case *array.Float64:
		w.w.Doubles(i)[w.n] = c.Value(row)
	case *array.Int64:
		w.w.Ints(i)[w.n] = c.Value(row)
	case *array.String:
		return w.set(i, c.Value(row))
	case *array.LargeString:
		return w.set(i, c.Value(row))
	case *array.StringView:
		return w.set(i, c.Value(row))
	case *array.Boolean:
		w.w.Bools(i)[w.n] = c.Value(row)
	case *array.Float32:
		w.w.Doubles(i)[w.n] = float64(c.Value(row))
	case *array.Float16:
		w.w.Doubles(i)[w.n] = float64(c.Value(row).Float32())
	case *array.Date32:
		w.w.Days(i)[w.n] = int32(c.Value(row))
	case *array.Date64:
		return w.set(i, c.Value(row).ToTime())
	case *array.Timestamp:
		unit := c.DataType().(*arrow.TimestampType).Unit
		return w.set(i, c.Value(row).ToTime(unit))
	case *array.Int8, *array.Int16, *array.Int32, *array.Uint8, *array.Uint16, *array.Uint32, *array.Uint64, *array.Decimal128, *array.Decimal256:
		return w.set(i, c.ValueStr(row))
	default:
		return unexpected(c, "a value")
	}
	return nil
}
