package connect

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math"
	"math/big"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// writer collects rows into one Parquet file.
type writer struct {
	db      *duck.DB
	w       *duck.Writer
	columns []column
	n       int   // rows of the block
	rows    int64 // rows in all
}

const table = "pulled"

func newWriter(ctx context.Context, columns []column) (*writer, error) {
	db, err := duck.Open(duck.Options{Threads: 1}) // one thread: the same rows give the same bytes
	if err != nil {
		return nil, err
	}
	types := [...]duck.Type{duck.String, duck.BigInt, duck.Double, duck.Boolean, duck.Date, duck.Micros}
	var fields []duck.Field
	for _, c := range columns {
		fields = append(fields, duck.Field{Name: c.name, Type: types[c.kind]})
	}
	w, err := db.Create(ctx, table, fields)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &writer{db: db, w: w, columns: columns}, nil
}

// add appends one row. Its error names the column and says what was wrong with it.
func (w *writer) add(values []any) error {
	for i, v := range values {
		if err := w.set(i, v); err != nil {
			return fmt.Errorf("column %q: %w", w.columns[i].name, err)
		}
	}
	return w.end()
}

// end closes a row.
func (w *writer) end() error {
	w.rows++
	if w.n++; w.n == duck.BlockRows {
		return w.flush()
	}
	return nil
}

func (w *writer) flush() error {
	n := w.n
	w.n = 0
	if n == 0 {
		return nil
	}
	return w.w.Flush(n)
}

// save writes all rows as Parquet and ends the writer.
func (w *writer) save(ctx context.Context, path string) error {
	err := w.flush()
	if e := w.w.Close(); err == nil {
		err = e
	}
	w.w = nil
	if err == nil {
		err = w.db.Exec(ctx, fmt.Sprintf("COPY %s TO %s (FORMAT parquet, COMPRESSION snappy)", table, duck.Text(path)))
	}
	w.close()
	if err != nil {
		os.Remove(path)
	}
	return err
}

// close ends the writer without a file.
func (w *writer) close() {
	if w.w != nil {
		_ = w.w.Close() // what was written is not wanted
		w.w = nil
	}
	if w.db != nil {
		w.db.Close()
		w.db = nil
	}
}

// set puts a value of a driver into a column of the row.
func (w *writer) set(i int, v any) error {
	if v = plain(v); v == nil {
		w.w.SetNull(i, w.n)
		return nil
	}
	switch w.columns[i].kind {
	case integer:
		x, err := toInt(v)
		w.w.Ints(i)[w.n] = x
		return err
	case float:
		x, err := toFloat(v)
		w.w.Doubles(i)[w.n] = x
		return err
	case boolean:
		x, ok := v.(bool)
		if !ok {
			return unexpected(v, "a truth value")
		}
		w.w.Bools(i)[w.n] = x
	case date, moment:
		t, ok := v.(time.Time)
		if !ok {
			return unexpected(v, "a time")
		}
		if w.columns[i].kind == date {
			y, m, d := t.Date() // a day has no zone, though drivers give it one: ClickHouse's the server's
			w.w.Days(i)[w.n] = int32(math.Floor(float64(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()) / 86400))
		} else {
			w.w.Ints(i)[w.n] = t.UnixMicro()
		}
	default:
		s, err := toText(v)
		if err != nil {
			return err
		}
		w.w.SetString(i, w.n, s)
	}
	return nil
}

func unexpected(v any, want string) error {
	return fmt.Errorf("%s is expected, the driver gave %T; cast the column in the query", want, v)
}

// plain follows pointers and asks values that know their driver form; nil is null.
func plain(v any) any {
	switch x := v.(type) {
	case nil, bool, int64, float64, string, []byte, time.Time:
		return x
	case driver.Valuer:
		if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
			return nil
		}
		y, err := x.Value()
		if err != nil {
			return err.Error()
		}
		return y
	case fmt.Stringer:
		if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
			return nil
		}
		return x.String()
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Pointer:
		if r.IsNil() {
			return nil
		}
		return plain(r.Elem().Interface())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if u := r.Uint(); u > math.MaxInt64 {
			return strconv.FormatUint(u, 10)
		}
		return int64(r.Uint())
	case reflect.Float32, reflect.Float64:
		return r.Float()
	case reflect.String:
		return r.String()
	}
	return v
}

func toInt(v any) (int64, error) {
	switch x := v.(type) {
	case int64:
		return x, nil
	case string:
		if n, err := strconv.ParseInt(x, 10, 64); err == nil {
			return n, nil
		}
		return 0, fmt.Errorf("%s does not fit into 64 bits; cast the column to text or to double in the query", x)
	case []byte:
		return toInt(string(x))
	case bool:
		if x {
			return 1, nil
		}
		return 0, nil
	}
	return 0, unexpected(v, "a whole number")
}

// toFloat refuses a whole number that a double would change: an id, most likely.
func toFloat(v any) (float64, error) {
	switch x := v.(type) {
	case float64:
		return x, nil
	case int64:
		f := float64(x)
		if int64(f) != x || f >= math.MaxInt64 {
			return 0, fmt.Errorf("%d is not exact as a double; cast the column to text or bigint in the query", x)
		}
		return f, nil
	case []byte:
		return toFloat(string(x))
	case string:
		f, err := strconv.ParseFloat(x, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no number that a double can hold", x)
		}
		if whole := !strings.ContainsAny(x, ".eEnN"); whole && math.Abs(f) >= 1<<53 {
			b, ok := new(big.Int).SetString(x, 10)
			if exact, acc := new(big.Float).SetFloat64(f).Int(nil); !ok || acc != big.Exact || exact.Cmp(b) != 0 {
				return 0, fmt.Errorf("%s is not exact as a double; cast the column to text or bigint in the query", x)
			}
		}
		return f, nil
	}
	return 0, unexpected(v, "a number")
}

func toText(v any) ([]byte, error) {
	var s []byte
	switch x := v.(type) {
	case string:
		s = []byte(x)
	case []byte:
		s = x
	case int64:
		s = strconv.AppendInt(nil, x, 10)
	case float64:
		s = strconv.AppendFloat(nil, x, 'g', -1, 64)
	case bool:
		s = strconv.AppendBool(nil, x)
	case time.Time:
		s = x.UTC().AppendFormat(nil, time.RFC3339Nano)
	default:
		return nil, unexpected(v, "text")
	}
	if !utf8.Valid(s) {
		return nil, fmt.Errorf("the text is not UTF-8; convert or leave out the column in the query")
	}
	return s, nil
}
