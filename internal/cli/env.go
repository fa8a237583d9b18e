// Package cli is the command line: a file per command, and wire.go, which alone
// knows every driver. It refuses to compute.
package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/fairtrial/fairtrial/internal/record"
)

// Env is everything of the world that commands touch, so that each can be tested in
// process. It goes no deeper: packages get just what they need.
type Env struct {
	Args    []string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Getenv  func(string) string
	Dir     string // working folder
	Now     func() time.Time
	Context context.Context
	// Columns is the width of the terminal on Stdout, 0 when it is not one.
	Columns int
	// Terminal reports whether Stderr is a terminal (progress).
	Terminal bool

	// of one command
	fetched   []fetched
	described int64              // rows of the cases' query
	answered  []record.PluginRun // plug-ins that answered for models
	spent     ledger             // by models and judges of this run
	line      line               // of progress
	earlier   *earlier           // the record that a baseline is taken from
	atEnd     []func()
	piped     []byte // the plan on Stdin, once it was read
	ran       ran
	cpu       float64 // seconds that the process had used when the run began
}

// ran is what `run` leaves for a command around it.
type ran struct {
	plan   string         // as given
	record *record.Record // nil: it ended early
	dir    string
}

// System is the Env of a real process; it stops on interrupt.
func System() *Env {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	e := &Env{Args: os.Args, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Dir: dir, Now: time.Now, Context: ctx,
		Terminal: term.IsTerminal(int(os.Stderr.Fd()))}
	if fd := int(os.Stdout.Fd()); term.IsTerminal(fd) {
		if w, _, err := term.GetSize(fd); err == nil {
			e.Columns = w
		}
	}
	return e
}

// lookup gives a variable of the environment; an empty one counts as not set.
func (e *Env) lookup(name string) (string, bool) {
	v := e.Getenv(name)
	return v, v != ""
}

// unicode reports whether the user's locale can show more than ASCII.
func (e *Env) unicode() bool {
	for _, k := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := e.Getenv(k); v != "" {
			return containsFold(v, "utf-8") || containsFold(v, "utf8")
		}
	}
	return e.Columns == 0 // files and pipes: our output is UTF-8
}
