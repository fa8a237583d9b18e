package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/sandbox"
	"github.com/fairtrial/fairtrial/internal/score"
)

// An outcome is run once; one that was ended from outside, or could not be had, again.
func TestOutcomesAreKept(t *testing.T) {
	w := newWorld(t.Context(), nil, t.TempDir())
	defer w.Close()
	w.cache = filepath.Join(t.TempDir(), "programs")
	p := score.Program{Interpreter: "python3", Timeout: time.Second, Memory: 1 << 28}
	if err := w.Ready(p); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: no program was run: ", err)
	}
	calls := 0
	var o sandbox.Outcome
	var bad error
	w.run = func(*sandbox.Sandbox, string, string) (sandbox.Outcome, error) { calls++; return o, bad }
	for i, c := range []struct {
		o     sandbox.Outcome
		err   error
		calls int
	}{
		{sandbox.Outcome{Passed: true}, nil, 1},
		{sandbox.Outcome{Evidence: "no"}, nil, 1},
		{sandbox.Outcome{Evidence: "late", Timed: true}, nil, 2},
		{sandbox.Outcome{Broken: "sandbox"}, nil, 2},
		{sandbox.Outcome{}, errors.New("interrupted"), 2},
	} {
		p.Code, calls, o, bad = string(rune('a'+i)), 0, c.o, c.err
		first, second := w.Run(p), w.Run(p)
		if calls != c.calls || first != second || first.Passed != c.o.Passed {
			t.Errorf("%+v: %d calls, %+v then %+v", c.o, calls, first, second)
		}
	}
	files, err := filepath.Glob(filepath.Join(w.cache, "*", "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, f := range files { // what cannot be read is run again
		if err := os.WriteFile(f, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.Code, calls, o, bad = "a", 0, sandbox.Outcome{Passed: true}, nil
	if r := w.Run(p); calls != 1 || !r.Passed {
		t.Errorf("%d calls, %+v", calls, r)
	}
}
