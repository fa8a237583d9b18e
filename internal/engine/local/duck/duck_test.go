package duck

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, threads int) *DB {
	t.Helper()
	d, err := Open(Options{Threads: threads, Memory: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func TestReaderTypes(t *testing.T) {
	d := open(t, 2)
	r, err := d.Query(context.Background(), `SELECT i::DOUBLE / 2, i::BIGINT, CASE WHEN i % 3 = 0 THEN NULL ELSE 'text number ' || i END,
		[i::DOUBLE, 0.5], i % 2 = 0, hash(i) FROM range(5000) t(i) WHERE i >= CAST(? AS BIGINT)`, int64(10))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for r.Next() {
		x, n, s, l, b := r.Doubles(0), r.Ints(1), r.Strings(2), r.Lists(3), r.Bools(4)
		null := r.Valid(2)
		for i := 0; i < r.Len(); i++ {
			want := int64(10 + seen)
			if n[i] != want || x[i] != float64(want)/2 || b[i] != (want%2 == 0) {
				t.Fatalf("row %d: %v %v %v", want, n[i], x[i], b[i])
			}
			if IsNull(null, i) != (want%3 == 0) {
				t.Fatalf("row %d: null is %v", want, IsNull(null, i))
			}
			if want%3 != 0 && !strings.HasSuffix("text number "+itoa(want), string(s.At(i))) {
				t.Fatalf("row %d: text %q", want, s.At(i))
			}
			v, ok := l.At(i)
			if !ok || len(v) != 2 || v[0] != float64(want) || v[1] != 0.5 {
				t.Fatalf("row %d: list %v", want, v)
			}
			seen++
		}
	}
	if err := r.Close(); err != nil || seen != 4990 {
		t.Fatalf("%d rows, %v", seen, err)
	}
}

func itoa(n int64) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func TestErrors(t *testing.T) {
	d := open(t, 1)
	ctx := context.Background()
	var e *Error
	if _, err := d.Query(ctx, "SELECT nothing"); !errors.As(err, &e) || e.Kind != "Binder" {
		t.Errorf("unknown column: %v", err)
	}
	// An error that only turns up while streaming must not look like an end.
	r, err := d.Query(ctx, "SELECT CAST(CASE WHEN i = 90000 THEN 'x' ELSE '1' END AS BIGINT) FROM range(100000) t(i)")
	if err == nil {
		for r.Next() {
		}
		err = r.Close()
	}
	if !errors.As(err, &e) || e.Kind != "Conversion" {
		t.Errorf("late error: %v", err)
	}
	if err := d.Exec(ctx, "SET threads = 3"); err == nil {
		t.Error("the configuration is not locked")
	}
	if _, err := d.Query(ctx, "SELECT ?", struct{}{}); err == nil {
		t.Error("bound a struct")
	}
	if _, err := d.Query(ctx, "SELECT 1", int64(1)); err == nil {
		t.Error("took an argument too many")
	}
}

func TestCancel(t *testing.T) {
	d := open(t, 2)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := d.Exec(ctx, "SELECT max(a.i * b.i) FROM range(10000000) a(i), range(10000000) b(i)")
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 20*time.Second {
		t.Fatalf("%v after %v", err, time.Since(start))
	}
}
