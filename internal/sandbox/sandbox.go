// Package sandbox runs a program that a model wrote against tests, with no network, no
// files but the interpreter's, no environment, and bounds on time, memory, processes and
// output. It refuses to run without isolation unless that was asked for, and never takes
// a failure of its own for one of the program.
//
// On Linux the program is alone in user, mount, process, network, IPC and host-name
// namespaces; its root is an empty read-only file system into which the interpreter is
// bound, and its only writable folder lies in memory. The process that builds this is this
// program itself, started again (Enter). Elsewhere there is no isolation here.
//
// The tests run in the interpreter that ran the answer. An answer that ends the process
// early does not pass, because the runner reports with a number that is drawn for each
// run; an answer that searches the interpreter's frames for it could. The sandbox keeps
// the machine safe, not the grade honest against an attacker.
package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // the runner
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Options of a sandbox.
type Options struct {
	Interpreter string        // of Python 3: a name on the PATH or a path
	Timeout     time.Duration // CPU time; on the clock twice as long and a second
	Memory      int64         // bytes of address space
	Isolated    bool          // false: bounds alone, the program sees the machine
	Dir         string        // where a relative interpreter's path starts
}

// Bounds that are the same for every program.
const (
	maxOutput    = 8 << 20 // bytes on both streams together: more is a failure
	keptOutput   = 4 << 10 // of them, as evidence
	maxFiles     = 64 << 20
	maxProcesses = 64
	maxOpen      = 128
)

// Sandbox runs programs one after the other or side by side.
type Sandbox struct {
	o       Options
	python  string   // the interpreter's own path
	binds   []string // what it needs to see
	version string
	self    string
}

// Outcome is what became of a program.
type Outcome struct {
	Passed   bool   `json:"passed"`
	Broken   string `json:"broken,omitempty"`   // why the program could not be graded: not its own fault
	Evidence string `json:"evidence,omitempty"` // how it failed
	Timed    bool   `json:"-"`                  // it was ended from outside, late most likely: may go otherwise another day
}

// patience is how long the empty program may take at least.
const patience = 20 * time.Second

//go:embed runner.py
var runner string

// New finds the interpreter and tries the sandbox on an empty program. The error says what
// is missing.
func New(ctx context.Context, o Options) (*Sandbox, error) {
	s := &Sandbox{o: o}
	if o.Isolated && !canIsolate {
		return nil, errors.New("programs can be isolated on Linux alone; sandbox: none runs them without")
	}
	name := o.Interpreter
	if strings.ContainsRune(name, filepath.Separator) && !filepath.IsAbs(name) {
		name = filepath.Join(o.Dir, name)
	}
	const ask = `import sys, os, json, sysconfig
own = sys.executable if sys.prefix != sys.base_prefix else os.path.realpath(sys.executable)
print(json.dumps([own, sys.version, sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"), sys.version_info[0]]))`
	out, err := exec.CommandContext(ctx, name, "-I", "-c", ask).Output()
	if err != nil {
		return nil, fmt.Errorf("the interpreter %s does not start: %w", o.Interpreter, err)
	}
	var said [6]any
	if err := json.Unmarshal(out, &said); err != nil || said[5] != 3.0 {
		return nil, fmt.Errorf("the interpreter %s is no Python 3", o.Interpreter)
	}
	s.python, _ = said[0].(string)
	s.version, _ = said[1].(string)
	for _, x := range said[2:5] {
		p, _ := x.(string)
		s.binds = append(s.binds, filepath.Clean(p))
	}
	if s.self, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("start a sandbox: %w", err)
	}
	// It says that programs can run here, and not how fast: a busy machine may take seconds.
	switch r, err := s.run(ctx, "", "pass", max(s.o.Timeout, patience)); {
	case err != nil:
		return nil, err
	case r.Broken != "":
		return nil, errors.New(r.Broken)
	case !r.Passed:
		return nil, fmt.Errorf("an empty program fails: %s (is the memory enough?)", r.Evidence)
	}
	return s, nil
}

// Key identifies a run: equal keys, equal outcomes, but for programs that are themselves
// left to chance.
func (s *Sandbox) Key(code, tests string) string {
	h := sha256.New()
	for _, x := range []string{runner, s.version, s.o.Timeout.String(), strconv.FormatInt(s.o.Memory, 10), strconv.FormatBool(s.o.Isolated), code, tests} {
		fmt.Fprintf(h, "%d:%s", len(x), x)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// job is what the process that builds the sandbox reads from its standard input.
type job struct {
	Nonce     string
	Root      string // an empty folder
	Nobody    bool   // leave root for nobody
	Isolated  bool
	Binds     []string
	Argv      []string
	Input     []byte // the runner's standard input
	CPU       uint64 // seconds
	Memory    uint64
	Processes uint64
	Files     uint64
	Open      uint64
}

// task is what the runner reads.
type task struct {
	Nonce string `json:"nonce"`
	Code  string `json:"code"`
	Tests string `json:"tests"`
}

// report is what comes back on the third descriptor.
type report struct {
	Nonce  string `json:"nonce"`
	Setup  string `json:"setup"`  // the sandbox could not be built
	Tests  string `json:"tests"`  // the tests themselves are broken
	Failed string `json:"failed"` // the answer fails
	Passed bool   `json:"passed"`
}

// Run runs code and then tests. Its error is that of ctx, or says that nothing can be
// started at all.
func (s *Sandbox) Run(ctx context.Context, code, tests string) (Outcome, error) {
	return s.run(ctx, code, tests, s.o.Timeout)
}

func (s *Sandbox) run(ctx context.Context, code, tests string, timeout time.Duration) (Outcome, error) {
	root, err := os.MkdirTemp("", "fairtrial-sandbox-")
	if err != nil {
		return Outcome{}, fmt.Errorf("start a sandbox: %w", err)
	}
	defer os.RemoveAll(root)
	nonce := rand.Text()
	input, err := json.Marshal(task{nonce, code, tests})
	if err != nil {
		return Outcome{}, fmt.Errorf("start a sandbox: %w", err)
	}
	cpu := uint64((timeout+time.Second-1)/time.Second) + 1 // the kernel counts in ticks, not quite fairly
	work, err := json.Marshal(job{Nonce: nonce, Root: root, Nobody: os.Getuid() == 0, Isolated: s.o.Isolated, Binds: s.binds, Argv: s.argv(), Input: input,
		CPU: cpu, Memory: uint64(s.o.Memory), Processes: maxProcesses, Files: maxFiles, Open: maxOpen})
	if err != nil {
		return Outcome{}, fmt.Errorf("start a sandbox: %w", err)
	}
	limit := 2*timeout + time.Second
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	said, err := s.start(timed, root, work, input)
	if ctx.Err() != nil {
		return Outcome{}, context.Cause(ctx)
	}
	if err != nil {
		return Outcome{Broken: "sandbox: " + err.Error()}, nil
	}
	return said.judge(nonce, timed.Err() != nil, timeout), nil
}

func (s *Sandbox) argv() []string {
	return []string{s.python, "-I", "-B", "-X", "utf8", "-c", runner}
}

// ended is how a process went.
type ended struct {
	reports []byte
	output  []byte
	flooded bool
	state   *os.ProcessState
}

func (s *Sandbox) start(ctx context.Context, root string, work, input []byte) (*ended, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.CommandContext(ctx, s.self)
	cmd.Args = os.Args[:1]
	cmd.Stdin = bytes.NewReader(work)
	if !canIsolate {
		cmd = exec.CommandContext(ctx, s.python, s.argv()[1:]...)
		cmd.Stdin = bytes.NewReader(input)
	}
	cmd.Dir, cmd.Env, cmd.ExtraFiles = root, []string{variable + "=1"}, []*os.File{w}
	contain(cmd, s.o.Isolated)
	out := &capped{}
	out.full = func() { _ = cmd.Cancel() }
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("no namespaces can be had here: %w", err)
	}
	_ = w.Close()
	told := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(io.LimitReader(r, 1<<16))
		told <- b
	}()
	err = cmd.Wait()
	_ = cmd.Cancel() // what it left behind
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil && !errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState == nil {
		return nil, err
	}
	e := &ended{state: cmd.ProcessState}
	select {
	case e.reports = <-told:
	case <-time.After(time.Second): // a process that escaped the group holds the pipe
	}
	e.output, e.flooded = out.take()
	return e, nil
}

// judge reads the first report that is the runner's or the sandbox's.
func (e *ended) judge(nonce string, late bool, timeout time.Duration) Outcome {
	for line := range bytes.SplitSeq(e.reports, []byte("\n")) {
		var r report
		if json.Unmarshal(line, &r) != nil {
			continue
		}
		switch {
		case r.Nonce != nonce: // the program's own words
		case r.Setup != "":
			return Outcome{Broken: "sandbox: " + r.Setup}
		case r.Tests != "":
			return Outcome{Broken: "the tests are broken: " + r.Tests}
		case r.Failed != "":
			return Outcome{Evidence: r.Failed}
		case r.Passed && !e.flooded:
			return Outcome{Passed: true}
		}
	}
	how := "ended the process"
	if e.state != nil {
		how = e.state.String()
	}
	switch {
	case e.flooded:
		return Outcome{Evidence: fmt.Sprintf("wrote more than %d MB", maxOutput>>20)}
	case late, e.state != nil && e.state.UserTime()+e.state.SystemTime() >= timeout*9/10:
		return Outcome{Evidence: "ran longer than " + timeout.String(), Timed: true}
	case strings.HasPrefix(how, "signal: killed"): // by the machine, for want of memory perhaps
		return Outcome{Evidence: "was killed", Timed: true}
	}
	out := Outcome{Evidence: "ended before the tests were through: " + how}
	if last := lastLine(e.output); last != "" {
		out.Evidence += ": " + last
	}
	return out
}

func lastLine(b []byte) string {
	b = bytes.TrimSpace(b)
	b = bytes.TrimSpace(b[bytes.LastIndexByte(b, '\n')+1:])
	return strings.ToValidUTF8(string(b[:min(len(b), 200)]), "\ufffd")
}
