package jsonstream_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/jsonstream"
)

func TestSkipStopsAtTheNextValue(t *testing.T) {
	for _, skipped := range []string{`1`, `"]}"`, `null`, `[]`, `{}`, `{"a": [1, {"b": []}], "c": "}"}`} {
		d := json.NewDecoder(strings.NewReader(skipped + ` "next"`))
		if err := jsonstream.Skip(d); err != nil {
			t.Fatalf("%s: %v", skipped, err)
		}
		if got, err := d.Token(); err != nil || got != "next" {
			t.Errorf("after %s: %v, %v", skipped, got, err)
		}
	}
}

func TestSkipRefusesWhatIsCutShort(t *testing.T) {
	for _, text := range []string{``, `[`, `{"a": [1, 2]`, `{"a":`} {
		if err := jsonstream.Skip(json.NewDecoder(strings.NewReader(text))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", text, err)
		}
	}
	var syntax *json.SyntaxError
	if err := jsonstream.Skip(json.NewDecoder(strings.NewReader(`[1 2]`))); !errors.As(err, &syntax) {
		t.Errorf("not JSON: %v", err)
	}
}
