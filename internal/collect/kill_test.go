package collect

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
	"github.com/fairtrial/fairtrial/internal/provider"
)

// TestMain: the test binary collects when it is told to, so that a test can kill it.
func TestMain(m *testing.M) {
	folder := os.Getenv("FAIRTRIAL_TEST_COLLECT")
	if folder == "" {
		os.Exit(m.Run())
	}
	var n int
	if _, err := fmt.Sscan(os.Getenv("FAIRTRIAL_TEST_CASES"), &n); err != nil {
		panic(err)
	}
	p, err := provider.New(provider.Config{Provider: "openai", BaseURL: os.Getenv("FAIRTRIAL_TEST_URL"), Model: "m"})
	if err == nil {
		_, err = Run(context.Background(), made(n), p, Options{Folder: folder, Limits: Limits{Concurrency: killConcurrency}})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

const killConcurrency = 64

// witness sees the calls from the server's side.
type witness struct {
	mu      sync.Mutex
	asked   map[string]int    // prompt → times
	keys    map[string]string // prompt → idempotency key
	stored  map[string]bool   // prompts whose answer was in the log at a kill
	wrong   []string
	calls   int
	killAt  int
	reached chan struct{}
}

func (w *witness) see(c stub.Call) stub.Reply {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[c.Prompt]++
	w.calls++
	if w.stored[c.Prompt] {
		w.wrong = append(w.wrong, c.Prompt+" was asked again though its answer was stored")
	}
	if k, ok := w.keys[c.Prompt]; ok && k != c.Key {
		w.wrong = append(w.wrong, c.Prompt+" was asked again under another idempotency key")
	}
	w.keys[c.Prompt] = c.Key
	if w.calls == w.killAt {
		close(w.reached)
	}
	r := echo(c)
	r.Delay = time.Duration(5+rand.IntN(30)) * time.Millisecond
	return r
}

// TestKill kills the program with SIGKILL at random: no case whose answer had arrived is
// asked again, no more is repeated than was in flight, every call is in the account, and
// the answers are those of an undisturbed run.
func TestKill(t *testing.T) {
	t.Parallel()
	kills, n, span := 8, 800, 150
	if os.Getenv("FAIRTRIAL_SLOW") == "1" {
		kills, n, span = 50, 5000, 180
	}
	w := &witness{asked: map[string]int{}, keys: map[string]string{}, stored: map[string]bool{}}
	s := server(t, w.see)
	folder := t.TempDir()
	inFlight, killed := 0, 0
	for killed < kills {
		w.mu.Lock()
		w.killAt, w.reached = w.calls+1+rand.IntN(span), make(chan struct{})
		reached := w.reached
		w.mu.Unlock()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "FAIRTRIAL_TEST_COLLECT="+folder, "FAIRTRIAL_TEST_URL="+s.URL+"/v1", fmt.Sprint("FAIRTRIAL_TEST_CASES=", n))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-reached:
			time.Sleep(time.Duration(rand.IntN(int(20 * time.Millisecond))))
			_ = cmd.Process.Kill()
			<-ended
			killed++
		case err := <-ended:
			t.Fatalf("the program ended by itself after %d kills: %v", killed, err)
		case <-time.After(time.Minute):
			_ = cmd.Process.Kill()
			t.Fatal("the program hangs")
		}
		past, err := recall(folder, false)
		if err != nil {
			t.Fatal(err)
		}
		if len(past.pending) > killConcurrency {
			t.Errorf("%d calls in flight, with %d allowed", len(past.pending), killConcurrency)
		}
		inFlight += len(past.pending)
		w.mu.Lock()
		if _, _, err := scan(folder, func(k kind, _ int64, payload []byte) error {
			if k == kindAnswer {
				e, err := decodeEntry(payload)
				if err != nil {
					return err
				}
				w.stored["question "+e.ID[1:]] = true
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		w.mu.Unlock()
	}
	stored := len(w.stored)
	o := Options{Folder: folder, Limits: Limits{Concurrency: killConcurrency}}
	res := collected(t, n, model(t, s, nil), o)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, x := range w.wrong {
		t.Error(x)
	}
	if res.Answered != int64(n) || !res.Complete || len(w.asked) != n {
		t.Errorf("%d answers to %d questions of %d", res.Answered, len(w.asked), n)
	}
	repeats := w.calls - n
	if repeats > inFlight {
		t.Errorf("%d repeats with %d calls in flight at the kills", repeats, inFlight)
	}
	if res.Spent.Unknown != int64(inFlight) || res.Spent.Calls != int64(n+inFlight) {
		t.Errorf("the account has %d calls, %d unknown; %d were in flight at kills", res.Spent.Calls, res.Spent.Unknown, inFlight)
	}
	t.Logf("%d kills, %d cases: %d answers were stored before the last run, %d calls in flight at kills, %d repeats", killed, n, stored, inFlight, repeats)
}

// TestTornTail cuts the log at every place of its last records, as a power cut does.
func TestTornTail(t *testing.T) {
	s := server(t, echo)
	folder := t.TempDir()
	collected(t, 5, model(t, s, nil), Options{Folder: folder})
	whole, err := os.ReadFile(filepath.Join(folder, logName))
	if err != nil {
		t.Fatal(err)
	}
	full, err := recall(folder, false)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(whole) - 1; cut > len(whole)-1500; cut -= 13 {
		if err := os.WriteFile(filepath.Join(folder, logName), whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := recall(folder, false)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if p.end > int64(cut) || len(p.answers) > len(full.answers) || p.end+p.damage.torn != int64(cut) || p.damage.bad != 0 {
			t.Fatalf("cut at %d: end %d, damage %+v, %d answers", cut, p.end, p.damage, len(p.answers))
		}
	}
	before := s.Calls()
	res := collected(t, 5, model(t, s, nil), Options{Folder: folder})
	if res.Answered != 5 || res.Session.Calls != s.Calls()-before || res.Session.Calls == 0 {
		t.Errorf("after the cut: %+v", res)
	}
}

// TestDamage flips a byte in the midst: one answer is lost and asked again, those behind
// it are not.
func TestDamage(t *testing.T) {
	s := server(t, echo)
	folder := t.TempDir()
	collected(t, 50, model(t, s, nil), Options{Folder: folder})
	name := filepath.Join(folder, logName)
	var at int64
	if _, _, err := scan(folder, func(k kind, a int64, payload []byte) error {
		var e Entry
		if meta, _, _, err := split(payload); k == kindAnswer && err == nil && json.Unmarshal(meta, &e) == nil && e.ID == "q20" {
			at = a
		}
		return nil
	}); err != nil || at == 0 {
		t.Fatal(err, at)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{0}, at+headerSize+40); err != nil {
		t.Fatal(err)
	}
	f.Close()
	res := collected(t, 50, model(t, s, nil), Options{Folder: folder})
	if s.Calls() != 51 || res.Answered != 50 || res.Spent.Unknown != 1 || res.Damage == "" {
		t.Errorf("%d calls, %+v", s.Calls(), res)
	}
}
