// Package stub is a model server on the loopback that behaves as it is told: it answers,
// waits, refuses, hangs, cuts its answers short or lies. It is for tests and benchmarks
// and refuses to be reached from elsewhere.
package stub

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Call is one request as the server sees it.
type Call struct {
	N        int64 // number of the call, from 1
	InFlight int64 // with this one
	Path     string
	Header   http.Header
	Body     []byte
	Prompt   string // content of the last message
	Key      string // idempotency key
}

// Reply is what the server does.
type Reply struct {
	Delay  time.Duration
	Status int // 0 is 200
	Header map[string]string
	Body   []byte
	Cut    bool     // promise more bytes than come, then close
	Parts  []string // written and flushed one by one, Pause between them, instead of Body
	Pause  time.Duration
	Hang   bool // take the request and never answer
}

// Answer is a chat completion.
func Answer(text string) Reply { return Reply{Body: Completion(text)} }

// Completion is the body of a chat completion, with the tokens counted as words.
func Completion(text string) []byte {
	b, _ := json.Marshal(map[string]any{
		"id": "c-1", "model": "stub-1", "system_fingerprint": "fp_stub",
		"choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": text}}},
		"usage":   map[string]any{"prompt_tokens": 10, "completion_tokens": len(strings.Fields(text))},
	})
	return b
}

// Fail is an error as OpenAI words it.
func Fail(status int, code, message string) Reply {
	b, _ := json.Marshal(map[string]any{"error": map[string]any{"code": code, "type": code, "message": message}})
	return Reply{Status: status, Body: b}
}

// Server is a running stub.
type Server struct {
	URL      string
	script   func(Call) Reply
	http     *http.Server
	calls    atomic.Int64
	inFlight atomic.Int64
	peak     atomic.Int64
	gone     chan struct{}
	once     sync.Once
}

// New starts a server on a free port.
func New(script func(Call) Reply) (*Server, error) { return Listen("127.0.0.1:0", script) }

// Listen starts a server on an address of the loopback.
func Listen(address string, script func(Call) Reply) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if ip := l.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
		_ = l.Close()
		return nil, fmt.Errorf("the stub listens on the loopback only, not on %s", ip)
	}
	s := &Server{URL: "http://" + l.Addr().String(), script: script, gone: make(chan struct{})}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(l) }()
	return s, nil
}

// Close ends it, and every call that hangs.
func (s *Server) Close() {
	s.once.Do(func() { close(s.gone); _ = s.http.Close() })
}

// Calls is how many requests came.
func (s *Server) Calls() int64 { return s.calls.Load() }

// Peak is how many there were at once, at most.
func (s *Server) Peak() int64 { return s.peak.Load() }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	n := s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	for p := s.peak.Load(); n > p && !s.peak.CompareAndSwap(p, n); p = s.peak.Load() {
	}
	c := Call{N: s.calls.Add(1), InFlight: n, Path: r.URL.RequestURI(), Header: r.Header, Body: body, Key: r.Header.Get("Idempotency-Key")}
	var in struct {
		Messages []struct{ Content string }
	}
	if json.Unmarshal(body, &in) == nil && len(in.Messages) > 0 {
		c.Prompt = in.Messages[len(in.Messages)-1].Content
	}
	s.play(w, r, s.script(c))
}

func (s *Server) play(w http.ResponseWriter, r *http.Request, reply Reply) {
	if reply.Delay > 0 && !s.wait(r, reply.Delay) {
		return
	}
	if reply.Hang {
		s.wait(r, time.Hour)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	for k, v := range reply.Header {
		h.Set(k, v)
	}
	if reply.Cut {
		h.Set("Content-Length", fmt.Sprint(len(reply.Body)+100))
	}
	if reply.Status != 0 {
		w.WriteHeader(reply.Status)
	}
	_, _ = w.Write(reply.Body)
	for _, p := range reply.Parts {
		_, _ = io.WriteString(w, p)
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		if reply.Pause > 0 && !s.wait(r, reply.Pause) {
			return
		}
	}
	if reply.Cut {
		panic(http.ErrAbortHandler) // closes the connection
	}
}

func (s *Server) wait(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-s.gone:
	}
	return false
}
