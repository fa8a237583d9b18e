package duck

import (
	"context"
	"fmt"
	"sync"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// Reader walks the rows of a query chunk by chunk (at most 2 048 rows each), in
// the order of the rows in their source. The slices it hands out are views into
// DuckDB's memory: they are valid until the next call of Next or Close.
//
// It uses the streaming execution of DuckDB's C interface, which is marked as
// deprecated there without a successor: every other way holds the whole result
// in memory. This file is the only one that knows.
type Reader struct {
	ctx     context.Context
	conn    bindings.Connection
	stmt    bindings.PreparedStatement
	result  bindings.Result
	chunk   bindings.DataChunk
	vectors []bindings.Vector
	n       int
	err     error
	stop    chan struct{}
	watch   sync.WaitGroup
}

// Query starts a statement. Arguments are bound to its ? in order: string,
// float64, bool, int64 or nil. The caller must Close the reader.
func (d *DB) Query(ctx context.Context, sql string, args ...any) (*Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &Reader{ctx: ctx, stop: make(chan struct{})}
	if bindings.Connect(d.db, &r.conn) != bindings.StateSuccess {
		return nil, fmt.Errorf("query duckdb: no connection")
	}
	fail := func(err error) (*Reader, error) {
		r.err = err
		r.free()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	if bindings.Prepare(r.conn, sql, &r.stmt) != bindings.StateSuccess {
		return fail(newError(bindings.PrepareError(r.stmt)))
	}
	if n := int(bindings.NParams(r.stmt)); n != len(args) {
		return fail(fmt.Errorf("query duckdb: %d arguments for %d parameters", len(args), n))
	}
	for i, a := range args {
		if err := bind(r.stmt, bindings.IdxT(i+1), a); err != nil {
			return fail(err)
		}
	}
	r.watch.Add(1)
	go func() {
		defer r.watch.Done()
		select {
		case <-ctx.Done():
			bindings.Interrupt(r.conn)
		case <-r.stop:
		}
	}()
	if bindings.ExecutePreparedStreaming(r.stmt, &r.result) != bindings.StateSuccess {
		return fail(newError(bindings.ResultError(&r.result)))
	}
	r.vectors = make([]bindings.Vector, int(bindings.ColumnCount(&r.result)))
	return r, nil
}

func bind(stmt bindings.PreparedStatement, i bindings.IdxT, a any) error {
	state := bindings.StateError
	switch a := a.(type) {
	case nil:
		state = bindings.BindNull(stmt, i)
	case string:
		state = bindings.BindVarcharLength(stmt, i, a, bindings.IdxT(len(a)))
	case float64:
		state = bindings.BindDouble(stmt, i, a)
	case bool:
		state = bindings.BindBoolean(stmt, i, a)
	case int64:
		state = bindings.BindInt64(stmt, i, a)
	}
	if state != bindings.StateSuccess {
		return fmt.Errorf("query duckdb: cannot bind argument %d (%T)", i, a)
	}
	return nil
}

// Next goes to the next chunk. It is false at the end and on an error, which
// Close returns.
func (r *Reader) Next() bool {
	bindings.DestroyDataChunk(&r.chunk)
	r.n = 0
	if r.err != nil {
		return false
	}
	if r.err = r.ctx.Err(); r.err != nil {
		return false
	}
	r.chunk = bindings.FetchChunk(r.result)
	if r.chunk.Ptr == nil {
		if msg := bindings.ResultError(&r.result); msg != "" {
			r.err = newError(msg)
		}
		return false
	}
	r.n = int(bindings.DataChunkGetSize(r.chunk))
	for i := range r.vectors {
		r.vectors[i] = bindings.DataChunkGetVector(r.chunk, bindings.IdxT(i))
	}
	return r.n > 0
}

// Close ends the query and returns its error, if any. Closing early is no error.
func (r *Reader) Close() error {
	r.free()
	if r.err != nil && r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	return r.err
}

func (r *Reader) free() {
	select {
	case <-r.stop:
		return
	default:
		close(r.stop)
	}
	r.watch.Wait()
	bindings.DestroyDataChunk(&r.chunk)
	bindings.DestroyResult(&r.result)
	bindings.DestroyPrepare(&r.stmt)
	bindings.Disconnect(&r.conn)
}

// Len is the number of rows of the current chunk.
func (r *Reader) Len() int { return r.n }

// Names are the names of the result's columns.
func (r *Reader) Names() []string {
	out := make([]string, len(r.vectors))
	for i := range out {
		out[i] = bindings.ColumnName(&r.result, bindings.IdxT(i))
	}
	return out
}

func view[T any](r *Reader, column int) []T {
	return unsafe.Slice((*T)(bindings.VectorGetData(r.vectors[column])), r.n)
}

// Doubles views a DOUBLE column. Null rows hold anything.
func (r *Reader) Doubles(column int) []float64 { return view[float64](r, column) }

// Words views a BIGINT, UBIGINT, TIMESTAMP or DOUBLE column as raw 64-bit words.
func (r *Reader) Words(column int) []uint64 { return view[uint64](r, column) }

// Ints views a BIGINT column.
func (r *Reader) Ints(column int) []int64 { return view[int64](r, column) }

// Shorts views a USMALLINT column.
func (r *Reader) Shorts(column int) []uint16 { return view[uint16](r, column) }

// Bools views a BOOLEAN column, one byte a row.
func (r *Reader) Bools(column int) []bool { return view[bool](r, column) }

// Valid is the validity of a column: bit i%64 of word i/64 is set where row i is
// not null; nil where no row is null.
func (r *Reader) Valid(column int) []uint64 { return validity(r.vectors[column], r.n) }

func validity(v bindings.Vector, n int) []uint64 {
	p := bindings.VectorGetValidity(v)
	if p == nil {
		return nil
	}
	return unsafe.Slice((*uint64)(p), (n+63)/64)
}

// IsNull reports whether row i is null under a validity mask.
func IsNull(valid []uint64, i int) bool {
	return valid != nil && valid[i>>6]&(1<<(uint(i)&63)) == 0
}

// text is DuckDB's string: up to 12 bytes inline, else a prefix and a pointer.
type text struct {
	length uint32
	inline [12]byte
}

// Strings views a VARCHAR column: At(i) is the bytes of row i.
func (r *Reader) Strings(column int) Strings { return Strings{view[text](r, column)} }

// Strings are the texts of one column of a chunk.
type Strings struct{ texts []text }

// At is the text of row i, valid as long as the chunk. Null rows hold anything:
// ask Valid first.
func (s Strings) At(i int) []byte {
	t := &s.texts[i]
	if t.length <= 12 {
		return t.inline[:t.length]
	}
	p := *(*unsafe.Pointer)(unsafe.Pointer(&t.inline[4]))
	return unsafe.Slice((*byte)(p), t.length)
}

// list is DuckDB's entry of a list column.
type list struct{ offset, length uint64 }

// Lists views a DOUBLE[] column.
func (r *Reader) Lists(column int) Lists {
	v := r.vectors[column]
	child := bindings.ListVectorGetChild(v)
	n := int(bindings.ListVectorGetSize(v))
	l := Lists{entries: view[list](r, column)}
	if n > 0 {
		l.values = unsafe.Slice((*float64)(bindings.VectorGetData(child)), n)
		l.valid = validity(child, n)
	}
	return l
}

// Lists are the lists of doubles of one column of a chunk.
type Lists struct {
	entries []list
	values  []float64
	valid   []uint64
}

// At is the list of row i; ok is false where an element is null. Null rows hold
// anything: ask Valid first.
func (l Lists) At(i int) (values []float64, ok bool) {
	e := l.entries[i]
	for k := e.offset; l.valid != nil && k < e.offset+e.length; k++ {
		if IsNull(l.valid, int(k)) {
			return nil, false
		}
	}
	return l.values[e.offset : e.offset+e.length], true
}
