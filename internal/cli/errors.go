package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/plugin"
	"github.com/fairtrial/fairtrial/internal/report"
	"github.com/fairtrial/fairtrial/internal/slice"
	"github.com/fairtrial/fairtrial/internal/store"
)

// Exit statuses (CONTRACT).
const (
	exitOK           = 0
	exitNoGo         = 1
	exitWrong        = 2
	exitInconclusive = 3
	exitUnavailable  = 4
	exitEmpty        = 99
)

// failure is an error with its exit status and a hint.
type failure struct {
	status int
	err    error
	hint   string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func wrong(hint, format string, args ...any) error {
	return &failure{exitWrong, fmt.Errorf(format, args...), hint}
}

// silent carries an exit status without a message: a verdict, not an error.
type silent struct{ status int }

func (s silent) Error() string { return fmt.Sprintf("exit status %d", s.status) }

// status is the exit status of an error: the one table of codes.
func status(err error) int {
	var f *failure
	var s silent
	var pe *plan.Errors
	var de *engine.DataError
	var se *slice.SyntaxError
	var plug *plugin.Error
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &s):
		return s.status
	case errors.As(err, &f):
		return f.status
	case errors.As(err, &plug) && plug.Wrong:
		return exitWrong
	case errors.As(err, &pe), errors.As(err, &de), errors.As(err, &se), errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrAmbiguous), errors.Is(err, report.ErrExploration):
		return exitWrong
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return exitWrong
	case errors.Is(err, context.Canceled):
		return 130
	}
	return exitUnavailable
}

// explain writes an error and its hint to stderr.
func (e *Env) explain(err error) {
	var s silent
	switch {
	case errors.As(err, &s):
	case e.errorsAsJSON():
		e.explainJSON(err)
	default:
		fmt.Fprintln(e.Stderr, e.words(err))
	}
}

// words are an error and its hint as a reader sees them.
func (e *Env) words(err error) string {
	msg := strings.TrimRight(err.Error(), "\n")
	var pe *plan.Errors
	if errors.As(err, &pe) {
		return msg
	}
	if errors.Is(err, context.Canceled) {
		msg = whatIsKept(err)
	}
	here := e.here()
	out := "error: " + here.Replace(msg)
	if h := hint(err); h != "" {
		out += "\nhint: " + here.Replace(h)
	}
	return out
}

// interrupted is a run that the user ended, and says what is kept of it.
type interrupted struct{ words string }

func (x *interrupted) Error() string { return x.words }
func (x *interrupted) Unwrap() error { return context.Canceled }

// whatIsKept are the words of a run that was ended by the user.
func whatIsKept(err error) string {
	var x *interrupted
	if errors.As(err, &x) {
		return x.words
	}
	return "interrupted; nothing was kept"
}

// here shows paths from the working folder, as they were most likely written.
func (e *Env) here() *strings.Replacer {
	return strings.NewReplacer(filepath.Clean(e.Dir)+string(filepath.Separator), "")
}

func hint(err error) string {
	var f *failure
	var de *engine.DataError
	var se *slice.SyntaxError
	var plug *plugin.Error
	switch {
	case errors.As(err, &plug):
		return plug.Hint
	case errors.As(err, &f) && f.hint != "":
		return f.hint
	case errors.As(err, &de):
		return de.Hint
	case errors.As(err, &se):
		return se.Hint
	}
	return ""
}

func containsFold(s, sub string) bool { return strings.Contains(strings.ToLower(s), sub) }
