package connect

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

func arrowBatch(t testing.TB) arrow.RecordBatch {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64}, {Name: "score", Type: arrow.PrimitiveTypes.Float64}, {Name: "small", Type: arrow.PrimitiveTypes.Float32},
		{Name: "n", Type: arrow.PrimitiveTypes.Uint8}, {Name: "ok", Type: arrow.FixedWidthTypes.Boolean}, {Name: "day", Type: arrow.FixedWidthTypes.Date32},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Millisecond}}, {Name: "group", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}},
		{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
	defer b.Release()
	for i := range 5 {
		b.Field(0).(*array.Int64Builder).Append(int64(i) - 1)
		b.Field(1).(*array.Float64Builder).Append(0.1 * float64(i))
		b.Field(2).(*array.Float32Builder).Append(0.5)
		b.Field(3).(*array.Uint8Builder).Append(255)
		b.Field(4).(*array.BooleanBuilder).Append(i%2 == 0)
		b.Field(5).(*array.Date32Builder).Append(arrow.Date32(i - 1))
		b.Field(6).(*array.TimestampBuilder).Append(arrow.Timestamp(-1))
		if err := b.Field(7).(*array.BinaryDictionaryBuilder).AppendString([]string{"a", "b"}[i%2]); err != nil {
			t.Fatal(err)
		}
		if i == 3 {
			b.Field(8).AppendNull()
		} else {
			b.Field(8).(*array.StringBuilder).Append("é" + strings.Repeat("x", i*5))
		}
	}
	return b.NewRecordBatch()
}

func arrowBytes(t testing.TB, stream bool) []byte {
	r := arrowBatch(t)
	defer r.Release()
	var b bytes.Buffer
	if stream {
		w := ipc.NewWriter(&b, ipc.WithSchema(r.Schema()))
		for range 2 {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	w, err := ipc.NewFileWriter(&b, ipc.WithSchema(r.Schema()), ipc.WithLZ4())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArrow(t *testing.T) {
	for _, stream := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "scores.arrow")
		if err := os.WriteFile(path, arrowBytes(t, stream), 0o644); err != nil {
			t.Fatal(err)
		}
		p := puller(t)
		p.page = 4
		x, err := p.Arrow(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		got := readBack(t, p, x, "id", "score", "small", "n", "ok", "day", "at", "group", "name")
		if len(got) != 10 || len(x.Parts) != 3 || x.Rows != 10 {
			t.Fatalf("%d rows in %d parts", len(got), len(x.Parts))
		}
		equal(t, got[5:9], "-1|0.0|0.5|255|true|1969-12-31|1969-12-31 23:59:59.999|a|é", "0|0.1|0.5|255|false|1970-01-01|1969-12-31 23:59:59.999|b|éxxxxx",
			"1|0.2|0.5|255|true|1970-01-02|1969-12-31 23:59:59.999|a|éxxxxxxxxxx", "2|0.30000000000000004|0.5|255|false|1970-01-03|1969-12-31 23:59:59.999|b|∅")
	}
}

func TestArrowWrong(t *testing.T) {
	whole := arrowBytes(t, false)
	p := puller(t)
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"empty":  {nil, "the file is empty"},
		"text":   {[]byte("id,score\n1,2\n"), "is no Arrow file"},
		"cut":    {whole[:len(whole)/2], "is no Arrow file"},
		"header": {[]byte("ARROW1\x00\x00"), "is no Arrow file"},
	} {
		path := filepath.Join(t.TempDir(), name+".feather")
		if err := os.WriteFile(path, c.body, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Arrow(t.Context(), path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name+".feather") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Arrow(t.Context(), "/nowhere/x.arrow"); err == nil {
		t.Error("no file, no error")
	}
}

// FuzzArrow: whatever the bytes, there is an answer or an error.
func FuzzArrow(f *testing.F) {
	f.Add(arrowBytes(f, false))
	f.Add(arrowBytes(f, true))
	f.Add([]byte("ARROW1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "x.arrow")
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		_, _ = puller(t).Arrow(t.Context(), path)
	})
}
