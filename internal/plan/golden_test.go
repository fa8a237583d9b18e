package plan_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/metric"
	"github.com/fairtrial/fairtrial/internal/plan"
)

// Plans full of mistakes, beside the complete list of what is said about each: place,
// path, words and hint. With FAIRTRIAL_UPDATE=1 the lists are written anew, to be read.
func TestGoldenErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no plans", err)
	}
	count := 0
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, err = plan.Parse(src, f, catalogue{metric.NewCatalogue()})
		var bad *plan.Errors
		if !errors.As(err, &bad) {
			t.Errorf("%s: no list of errors: %v", f, err)
			continue
		}
		var b strings.Builder
		for _, p := range bad.List {
			fmt.Fprintf(&b, "%d:%d %s: %s", p.Line, p.Column, p.Path, p.Msg)
			if p.Hint != "" {
				b.WriteString(" | " + p.Hint)
			}
			b.WriteString("\n")
		}
		count += len(bad.List)
		golden := strings.TrimSuffix(f, ".yaml") + ".txt"
		if os.Getenv("FAIRTRIAL_UPDATE") == "1" {
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", f, b.String(), want)
		}
	}
	if count < 60 {
		t.Errorf("only %d mistakes are told", count)
	}
}
