package result

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestWriterWritesAsEncodingJSON fills every field that the types have, now or later, at
// random: a field that the writer forgets is found.
func TestWriterWritesAsEncodingJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		es, cs := make([]Estimate, rng.IntN(3)), make([]Comparison, rng.IntN(3))
		fill(rng, reflect.ValueOf(&es).Elem(), 3)
		fill(rng, reflect.ValueOf(&cs).Elem(), 3)
		for _, html := range []bool{false, true} {
			w := &Writer{HTML: html}
			got, err := w.Estimates([]byte("x"), es)
			if err != nil || string(got) != "x"+plain(t, es, html) {
				t.Fatalf("estimates: %v\n%s\n%s", err, got, plain(t, es, html))
			}
			if got, err = w.Comparisons(nil, cs); err != nil || string(got) != plain(t, cs, html) {
				t.Fatalf("comparisons: %v\n%s\n%s", err, got, plain(t, cs, html))
			}
		}
	}
	if _, err := new(Writer).Estimates(nil, []Estimate{{Level: math.NaN()}}); err == nil {
		t.Error("a level that is no number is written")
	}
}

func plain(t *testing.T, v any, html bool) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func fill(rng *rand.Rand, v reflect.Value, deep int) {
	texts := []string{"", "plain", "a\"b\\c", "<ü> & x", "tab\t\x7f", "bad\xff", "line\u2028", "–0.5 … λ"}
	switch v.Kind() {
	case reflect.String:
		v.SetString(texts[rng.IntN(len(texts))])
	case reflect.Float64:
		x := math.Ldexp(rng.Float64()-0.5, rng.IntN(180)-90)
		if k := rng.IntN(12); v.Type() == reflect.TypeFor[Number]() && k < 4 {
			x = []float64{math.NaN(), math.Inf(-1), 0, math.Copysign(0, -1)}[k]
		} else if k == 5 {
			x = 1e-7
		}
		v.SetFloat(x)
	case reflect.Int, reflect.Int64:
		v.SetInt(rng.Int64N(3) * rng.Int64N(1e12))
	case reflect.Pointer:
		if rng.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(rng, v.Elem(), deep-1)
		}
	case reflect.Slice:
		if n := rng.IntN(4) - 1; n >= 0 && deep > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			fill(rng, v.Index(i), deep-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(rng, v.Field(i), deep)
		}
	default:
		panic("a kind of field that this test does not fill: " + v.Type().String())
	}
}
