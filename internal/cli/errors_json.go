package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/plan"
)

// errorDocument is what --errors json writes: one line, so that a program that also gets
// warnings finds it last.
type errorDocument struct {
	Schema string         `json:"schema"`
	Status int            `json:"status"` // the exit status
	Errors []errorProblem `json:"errors"`
}

// errorProblem is one mistake. Line and column count from 1; absent: not known.
type errorProblem struct {
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"`  // the plan's key: gates[1].margin
	Where   string `json:"where,omitempty"` // of data: file, row, column
	Hint    string `json:"hint,omitempty"`
	Source  string `json:"source,omitempty"` // the quoted line
	Text    string `json:"text"`             // as the text form says it
}

// errorsAsJSON looks at the arguments themselves: a command line that cannot be parsed
// is answered in the form it asks for, too.
func (e *Env) errorsAsJSON() bool {
	form := ""
	for i, a := range e.Args {
		if a == "--" {
			break
		}
		if v, ok := strings.CutPrefix(a, "--errors="); ok {
			form = v
		} else if a == "--errors" && i+1 < len(e.Args) {
			form = e.Args[i+1]
		}
	}
	return form == "json"
}

func (e *Env) explainJSON(err error) {
	d := errorDocument{Schema: "fairtrial.errors/v1", Status: status(err)}
	var pe *plan.Errors
	if errors.As(err, &pe) {
		for _, p := range pe.List {
			d.Errors = append(d.Errors, errorProblem{Message: p.Msg, File: p.File, Line: p.Line, Column: p.Column, Path: p.Path, Hint: p.Hint, Source: p.Source, Text: p.Error()})
		}
	} else {
		here := e.here()
		msg := strings.TrimRight(err.Error(), "\n")
		if errors.Is(err, context.Canceled) {
			msg = whatIsKept(err)
		}
		x := errorProblem{Message: here.Replace(msg), Hint: here.Replace(hint(err)), Text: here.Replace(msg)}
		var de *engine.DataError
		if errors.As(err, &de) {
			x.Message, x.Where = here.Replace(de.Msg), here.Replace(de.Where)
		}
		d.Errors = []errorProblem{x}
	}
	b, jerr := json.Marshal(d)
	if jerr != nil { // plain structs of texts always encode
		b = []byte(err.Error())
	}
	fmt.Fprintln(e.Stderr, string(b))
}
