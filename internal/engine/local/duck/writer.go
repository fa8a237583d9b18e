package duck

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// A Type is a column type that a Writer can fill.
type Type string

// The types of a Writer's columns.
const (
	Double  Type = "DOUBLE"
	BigInt  Type = "BIGINT"
	String  Type = "VARCHAR"
	Boolean Type = "BOOLEAN"
	Date    Type = "DATE"      // days since 1970-01-01
	Micros  Type = "TIMESTAMP" // microseconds since 1970-01-01 UTC
)

// Field is one column of a Writer.
type Field struct {
	Name string
	Type Type
}

// Writer fills a table in memory block by block. Fill rows 0 … n−1 of each column,
// then Flush(n); at most BlockRows at a time.
type Writer struct {
	ctx      context.Context
	conn     bindings.Connection
	appender bindings.Appender
	chunk    bindings.DataChunk
	vectors  []bindings.Vector
}

// BlockRows is the most rows of one Flush.
const BlockRows = 2048

// Create makes a table and a writer for it. The caller must Close the writer before
// the table is read.
func (d *DB) Create(ctx context.Context, table string, fields []Field) (*Writer, error) {
	ids := map[Type]bindings.Type{Double: bindings.TypeDouble, BigInt: bindings.TypeBigInt, String: bindings.TypeVarchar,
		Boolean: bindings.TypeBoolean, Date: bindings.TypeDate, Micros: bindings.TypeTimestamp}
	var columns []string
	var types []bindings.LogicalType
	defer func() {
		for i := range types {
			bindings.DestroyLogicalType(&types[i])
		}
	}()
	for _, f := range fields {
		id, ok := ids[f.Type]
		if !ok {
			return nil, fmt.Errorf("create %s: unknown type %s", table, f.Type)
		}
		columns = append(columns, Quote(f.Name)+" "+string(f.Type))
		types = append(types, bindings.CreateLogicalType(id))
	}
	if err := d.Exec(ctx, "CREATE TABLE "+Quote(table)+" ("+strings.Join(columns, ", ")+")"); err != nil {
		return nil, err
	}
	w := &Writer{ctx: ctx}
	if bindings.Connect(d.db, &w.conn) != bindings.StateSuccess {
		return nil, errors.New("write duckdb: no connection")
	}
	if bindings.AppenderCreate(w.conn, "", table, &w.appender) != bindings.StateSuccess {
		err := newError(bindings.AppenderError(w.appender))
		bindings.AppenderDestroy(&w.appender)
		bindings.Disconnect(&w.conn)
		return nil, err
	}
	w.chunk = bindings.CreateDataChunk(types)
	for i := range fields {
		w.vectors = append(w.vectors, bindings.DataChunkGetVector(w.chunk, bindings.IdxT(i)))
	}
	return w, nil
}

func block[T any](w *Writer, column int) []T {
	return unsafe.Slice((*T)(bindings.VectorGetData(w.vectors[column])), BlockRows)
}

// Doubles is the block of a Double column, to be filled.
func (w *Writer) Doubles(column int) []float64 { return block[float64](w, column) }

// Bools is the block of a Boolean column, to be filled.
func (w *Writer) Bools(column int) []bool { return block[bool](w, column) }

// Days is the block of a Date column, to be filled.
func (w *Writer) Days(column int) []int32 { return block[int32](w, column) }

// Ints is the block of a BigInt or Micros column, to be filled.
func (w *Writer) Ints(column int) []int64 { return block[int64](w, column) }

// SetString fills one row of a String column. The text must be UTF-8.
func (w *Writer) SetString(column, row int, text []byte) {
	bindings.VectorAssignStringElementLen(w.vectors[column], bindings.IdxT(row), text)
}

// SetNull makes one row of a column null.
func (w *Writer) SetNull(column, row int) {
	bindings.VectorEnsureValidityWritable(w.vectors[column])
	bindings.ValiditySetRowInvalid(bindings.VectorGetValidity(w.vectors[column]), bindings.IdxT(row))
}

// Flush appends the first n rows of the block and starts a new one.
func (w *Writer) Flush(n int) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	bindings.DataChunkSetSize(w.chunk, bindings.IdxT(n))
	if bindings.AppendDataChunk(w.appender, w.chunk) != bindings.StateSuccess {
		return newError(bindings.AppenderError(w.appender))
	}
	bindings.DataChunkReset(w.chunk)
	for i := range w.vectors { // a reset may move the vectors' memory
		w.vectors[i] = bindings.DataChunkGetVector(w.chunk, bindings.IdxT(i))
	}
	return nil
}

// Close ends the writing; the table keeps what was flushed.
func (w *Writer) Close() error {
	var err error
	if bindings.AppenderClose(w.appender) != bindings.StateSuccess {
		err = newError(bindings.AppenderError(w.appender))
	}
	bindings.AppenderDestroy(&w.appender)
	bindings.DestroyDataChunk(&w.chunk)
	bindings.Disconnect(&w.conn)
	return err
}
