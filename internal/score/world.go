package score

import (
	"strings"
	"time"
)

// World does what this package refuses to: it runs programs and asks databases, for the
// scorers of group Execution. One goroutine at a time.
type World interface {
	// Ready finds what programs of these settings need; the error says what is missing.
	Ready(p Program) error
	// Run runs p.Code and then p.Tests.
	Run(p Program) Ran
	// Rows runs a query for reading. The error is the query's own, for evidence, unless it
	// is an *Unfit.
	Rows(q Query) ([][]any, error)
	// Parses reports what is wrong with the grammar of a statement, "" for nothing.
	Parses(dialect, sql string) string
}

// Program is an answer's code with the tests of its case.
type Program struct {
	Language    string
	Interpreter string
	Isolated    bool
	Timeout     time.Duration
	Memory      int64
	Code, Tests string
}

// Ran is what became of a program.
type Ran struct {
	Passed   bool
	Broken   string // why it could not be graded: no fault of the code
	Evidence string
}

// Query is one statement for one database. Rows hold nil, bool, int64, float64 and string.
type Query struct {
	Database string
	SQL      string
	Timeout  time.Duration
	MaxRows  int
}

// Unfit is an error of the database, not of the query.
type Unfit struct{ Why string }

func (e *Unfit) Error() string { return e.Why }

// worldly is a kernel that needs the World.
type worldly interface{ connect(w World) error }

// Connect gives a scorer the World where it needs it; without it such a scorer leaves every
// case ungraded. The error says what the World lacks.
func (s *Scorer) Connect(w World) error {
	for _, inner := range s.Inner() {
		if err := inner.Connect(w); err != nil {
			return err
		}
	}
	if k, ok := s.kernel.(worldly); ok {
		return k.connect(w)
	}
	return nil
}

// Check finds what is wrong with a case before any model is asked about it: a gold query
// that fails, tests that are not there. Most scorers find nothing.
func (s *Scorer) Check(c *Case) error {
	for _, inner := range s.Inner() {
		if err := inner.Check(c); err != nil {
			return err
		}
	}
	if k, ok := s.kernel.(interface{ check(c *Case) error }); ok {
		return k.check(c)
	}
	return nil
}

const notConnected = "nothing runs it here"

// codeOf takes the code out of an answer: the first fenced block that names one of the
// languages, else the first that names none, else the whole. A fence that is not closed
// runs to the end.
func codeOf(output string, languages ...string) string {
	lines := strings.SplitAfter(output, "\n")
	found, plain := "", ""
	for i := 0; i < len(lines); i++ {
		mark, info, ok := fence(lines[i])
		if !ok {
			continue
		}
		var b strings.Builder
		for i++; i < len(lines); i++ {
			if m, rest, ok := fence(lines[i]); ok && rest == "" && m[0] == mark[0] && len(m) >= len(mark) {
				break
			}
			b.WriteString(lines[i])
		}
		switch name, _, _ := strings.Cut(strings.ToLower(info), " "); {
		case contains(languages, name):
			if found == "" && b.Len() > 0 {
				found = b.String()
			}
		case name == "" && plain == "":
			plain = b.String()
		}
	}
	switch {
	case found != "":
		return found
	case plain != "":
		return plain
	}
	return output
}

// fence reads a line of three ` or ~ and more, with what stands behind them.
func fence(line string) (mark, info string, ok bool) {
	t := strings.TrimSpace(line)
	if len(t) < 3 || t[0] != '`' && t[0] != '~' {
		return "", "", false
	}
	n := 0
	for n < len(t) && t[n] == t[0] {
		n++
	}
	info = strings.TrimSpace(t[n:])
	return t[:n], info, n >= 3 && !strings.Contains(info, "`")
}
