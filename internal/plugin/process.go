package plugin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// Process is a running plug-in. It is not safe for concurrent use.
type Process struct {
	Offer    Offer  // chosen by Begin
	Version  string // of the plug-in
	Protocol int

	c      Command
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan line
	quit   chan struct{}
	offers []Offer
	next   int64
	exited chan error

	mu   sync.Mutex
	said []string // last lines of stderr
	cut  int      // lines of stderr that were not logged
	logs int
}

// line is one line of stdout, or why there are no more.
type line struct {
	text []byte
	err  error
}

const (
	saidLines = 12
	maxLogged = 1000
)

// Run starts a plug-in and reads its hello. The caller must Close it.
func Run(ctx context.Context, c Command) (*Process, error) {
	p := &Process{c: c, lines: make(chan line, 64), quit: make(chan struct{}), exited: make(chan error, 1), next: 1}
	if len(c.Args) == 0 {
		return nil, &Error{Name: c.Name, Msg: "has no command", Wrong: true}
	}
	p.cmd = exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	p.cmd.Dir = c.Dir
	p.cmd.WaitDelay = 2 * time.Second // a grandchild may hold the pipes open
	group(p.cmd)
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start plug-in %s: %w", c.Name, err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start plug-in %s: %w", c.Name, err)
	}
	words, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("start plug-in %s: %w", c.Name, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, &Error{Name: c.Name, Msg: fmt.Sprintf("cannot be started: %v", err), Hint: "is " + c.Args[0] + " installed, executable and on the PATH? Relative paths start at the plan's folder", Wrong: true}
	}
	var read sync.WaitGroup
	read.Go(func() { p.listen(words) })
	read.Go(func() { p.read(out) })
	go func() {
		read.Wait()
		p.exited <- p.cmd.Wait()
	}()
	if err := p.greet(ctx); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// read cuts stdout into lines.
func (p *Process) read(out io.Reader) {
	b := bufio.NewReaderSize(out, 64<<10)
	defer close(p.lines)
	send := func(l line) bool {
		select {
		case p.lines <- l:
			return true
		case <-p.quit:
			_, _ = io.Copy(io.Discard, out)
			return false
		}
	}
	for {
		var text []byte
		for {
			part, err := b.ReadSlice('\n')
			text = append(text, part...)
			if errors.Is(err, bufio.ErrBufferFull) && len(text) <= MaxLine {
				continue
			}
			if len(text) > MaxLine {
				send(line{err: fmt.Errorf("wrote a line of more than %d KiB", MaxLine>>10)})
				_, _ = io.Copy(io.Discard, out)
				return
			}
			if err != nil {
				if len(bytes.TrimSpace(text)) > 0 {
					send(line{text: text})
				}
				return
			}
			break
		}
		if !send(line{text: text}) {
			return
		}
	}
}

// listen logs stderr and remembers its end.
func (p *Process) listen(words io.Reader) {
	b := bufio.NewReaderSize(words, 4096)
	for {
		text, err := b.ReadSlice('\n') // a longer line comes in pieces
		if s := strings.TrimRight(strings.ToValidUTF8(string(text), "�"), "\r\n"); s != "" {
			p.mu.Lock()
			if p.said = append(p.said, s); len(p.said) > saidLines {
				p.said = p.said[1:]
			}
			p.logs++
			if p.logs > maxLogged {
				p.cut++
			} else if p.c.Log != nil {
				p.c.Log(s)
			}
			p.mu.Unlock()
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// line waits for the next line of stdout.
func (p *Process) line(ctx context.Context, awaited string) ([]byte, error) {
	timer := time.NewTimer(p.c.Timeout)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, p.fail("a plug-in that needs longer gets it with plugins: {"+p.c.Name+": {command: …, timeout: 10m}}", "was silent for %s while %s", p.c.Timeout, awaited)
	case l, ok := <-p.lines:
		switch {
		case !ok:
			return nil, p.died(awaited)
		case l.err != nil:
			return nil, p.fail("an answer is one short line of JSON", "%v while %s", l.err, awaited)
		}
		return l.text, nil
	}
}

// died says how the process ended before it had answered.
func (p *Process) died(awaited string) error {
	how := "closed its output"
	select {
	case err := <-p.exited:
		p.exited <- err
		how = "ended (exit status 0)"
		if err != nil {
			how = fmt.Sprintf("ended (%v)", err)
		}
	case <-time.After(time.Second):
	}
	return p.fail("", "%s while %s", how, awaited)
}

func (p *Process) fail(hint, format string, args ...any) *Error {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := &Error{Name: p.c.Name, Msg: fmt.Sprintf(format, args...), Hint: hint}
	if p.c.Log == nil { // else it was shown already
		e.Said = slices.Clone(p.said)
	}
	return e
}

func (p *Process) wrong(hint, format string, args ...any) *Error {
	e := p.fail(hint, format, args...)
	e.Wrong = true
	return e
}

const helloForm = `its first line must be {"fairtrial": 1, "offers": [{"name": "…", "kind": "scorer", "fields": ["…"]}]}; print nothing else to stdout`

func (p *Process) greet(ctx context.Context) error {
	text, err := p.line(ctx, "its hello was awaited")
	if err != nil {
		return err
	}
	var h hello
	if err := json.Unmarshal(text, &h); err != nil {
		return p.wrong(helloForm, "its first line is no hello: %s", quote(text))
	}
	switch {
	case h.Protocol == nil:
		return p.wrong(helloForm, "its hello names no version of the protocol: %s", quote(text))
	case *h.Protocol != Protocol:
		return p.wrong("use a plug-in, or a fairtrial, of the other version", "speaks version %d of the protocol, this fairtrial speaks %d", *h.Protocol, Protocol)
	case len(h.Offers) == 0:
		return p.wrong(helloForm, "its hello offers nothing")
	}
	for _, o := range h.Offers {
		if o.Kind != Scorer && o.Kind != Model {
			return p.wrong(helloForm, "offers %q of the kind %q: scorer and model are known", o.Name, o.Kind)
		}
	}
	p.offers, p.Version, p.Protocol = h.Offers, h.Version, *h.Protocol
	return nil
}

// Choose picks the offer of a kind: the one of the plug-in's name, else the only one.
func (p *Process) Choose(kind string) error {
	var of []Offer
	var names []string
	for _, o := range p.offers {
		names = append(names, o.Kind+" "+o.Name)
		if o.Kind == kind {
			of = append(of, o)
		}
	}
	for _, o := range of {
		if o.Name == p.c.Name || len(of) == 1 {
			p.Offer = o
			return nil
		}
	}
	if len(of) == 0 {
		return p.wrong("", "offers no %s: it has %s", kind, strings.Join(names, ", "))
	}
	return p.wrong("name the plug-in of the plan as one of them", "offers several and none of its own name: %s", strings.Join(names, ", "))
}

// Begin says what is asked for. Choose comes before it.
func (p *Process) Begin(s Start) error {
	s.Offer, s.Kind = p.Offer.Name, p.Offer.Kind
	b, err := json.Marshal(map[string]Start{"start": s})
	if err != nil {
		return fmt.Errorf("start plug-in %s: %w", p.c.Name, err)
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		return p.died("it was told what is asked for")
	}
	return nil
}

// Ask puts a batch of at most BatchRows rows, which it numbers, and returns their answers
// in the same order.
func (p *Process) Ask(ctx context.Context, rows []Row) ([]Answer, error) {
	first := p.next
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"batch\":%d}\n", len(rows))
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for i := range rows {
		rows[i].N = p.next
		p.next++
		if err := e.Encode(rows[i]); err != nil {
			return nil, fmt.Errorf("ask plug-in %s: %w", p.c.Name, err)
		}
	}
	wrote := make(chan error, 1)
	go func() { // a plug-in may answer before it has read everything
		_, err := p.in.Write(b.Bytes())
		wrote <- err
	}()
	out := make([]Answer, len(rows))
	have := make([]bool, len(rows))
	for k := range rows {
		text, err := p.line(ctx, fmt.Sprintf("rows %d to %d were asked about (%d of %d answered)", first, p.next-1, k, len(rows)))
		if err != nil {
			return nil, err
		}
		a, err := p.answer(text)
		if err != nil {
			return nil, err
		}
		at := a.N - first
		switch {
		case at < 0 || at >= int64(len(rows)):
			return nil, p.fail("an answer carries the n of its row", "answered row n=%d, which was not asked: %d to %d were", a.N, first, p.next-1)
		case have[at]:
			return nil, p.fail("each row gets one answer", "answered row n=%d twice", a.N)
		}
		out[at], have[at] = a, true
	}
	if err := <-wrote; err != nil {
		return nil, p.died("it was asked about rows")
	}
	return out, nil
}

func (p *Process) answer(text []byte) (Answer, error) {
	var a struct {
		Answer
		N *int64 `json:"n"`
	}
	if err := json.Unmarshal(text, &a); err != nil {
		hint := `an answer is {"n": 1, "value": 0.5} or {"n": 1, "ungraded": "why"}; what is meant for people goes to stderr`
		if bytes.Contains(text, []byte("NaN")) || bytes.Contains(text, []byte("Infinity")) {
			hint = `JSON has no NaN and no Infinity: answer {"n": 1, "ungraded": "why"}`
		}
		return Answer{}, p.fail(hint, "wrote a line that is no answer: %s", quote(text))
	}
	if a.N == nil {
		return Answer{}, p.fail("an answer carries the n of its row", "wrote an answer without n: %s", quote(text))
	}
	a.Answer.N = *a.N
	if string(a.Value) == "null" {
		a.Value = nil
	}
	if a.Value == nil && a.Ungraded == "" {
		a.Ungraded = "no value and no reason"
	}
	return a.Answer, nil
}

// Close ends the conversation. Lines that nobody asked for and an exit status other than 0
// are errors.
func (p *Process) Close(ctx context.Context) error {
	defer p.kill()
	_ = p.in.Close()
	timer := time.NewTimer(min(p.c.Timeout, 10*time.Second))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil // all answers are there
	case l, ok := <-p.lines:
		if ok && l.err == nil {
			return p.fail("each row gets one answer", "wrote a line after its last answer: %s", quote(l.text))
		}
	}
	select {
	case err := <-p.exited:
		p.exited <- err
		if err != nil {
			return p.fail("", "ended (%v) after its last answer", err)
		}
	case <-timer.C:
	}
	return nil
}

// Cut is how many lines of stderr were not logged.
func (p *Process) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cut
}

// Stop ends a plug-in that was only greeted.
func (p *Process) Stop() {
	_ = p.in.Close()
	p.kill()
}

func (p *Process) kill() {
	select {
	case <-p.quit:
	default:
		close(p.quit)
	}
	killGroup(p.cmd)
}

// quote shows the beginning of a line.
func quote(text []byte) string {
	s := strings.ToValidUTF8(strings.TrimSpace(string(text)), "�")
	if r := []rune(s); len(r) > 120 {
		s = string(r[:120]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
