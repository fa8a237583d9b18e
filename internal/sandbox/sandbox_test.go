package sandbox

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if Entered() {
		os.Exit(Enter())
	}
	os.Exit(m.Run())
}

func open(t *testing.T, isolated bool) *Sandbox {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("SKIPPED: there is no python3: no program was run")
	}
	s, err := New(t.Context(), Options{Interpreter: "python3", Timeout: time.Second, Memory: 256 << 20, Isolated: isolated})
	if err != nil && isolated {
		t.Skip("SKIPPED: nothing was isolated: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func run(t *testing.T, s *Sandbox, code, tests string) Outcome {
	t.Helper()
	o, err := s.Run(t.Context(), code, tests)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOutcomes(t *testing.T) {
	for _, isolated := range []bool{true, false} {
		s := open(t, isolated)
		for _, c := range []struct{ name, code, tests, want string }{
			{"right", "def f(x): return x + 1", "assert f(1) == 2", "pass"},
			{"wrong", "def f(x): return x", "assert f(1) == 2, 'one more'", "AssertionError: one more (tests.py:1: assert f(1) == 2, 'one more')"},
			{"syntax", "def f(x: return x", "assert f(1) == 2", "SyntaxError"},
			{"name", "", "f(1)", "NameError"},
			{"import", "import nothing_of_this_name", "pass", "ModuleNotFoundError"},
			{"exit", "import sys; sys.exit(0)", "assert False", "the program ended itself: exit(0)"},
			{"exit in a test", "def f(): raise SystemExit", "f()", "the program ended itself"},
			{"hard exit", "import os; os._exit(0)", "assert False", "ended before the tests were through: exit status 0"},
			{"crash", "import ctypes; ctypes.string_at(0)", "pass", "ended before the tests were through: signal: segmentation fault"},
			{"broken tests", "x = 1", "assert x ==", "BROKEN the tests are broken: SyntaxError"},
			{"no tests", "x = 1", "['assert x == 2']", "BROKEN the tests are broken: nothing in them can fail"},
			{"empty tests", "x = 1", "# nothing", "BROKEN the tests are broken: nothing in them can fail"},
			{"fixture", "x = 1", "def test_a(tmp_path): pass", "BROKEN the tests are broken: test_a takes arguments"},
			{"function", "x = 1", "def test_a():\n  assert x == 2", "AssertionError"},
			{"class passes", "x = 1", "import unittest\nclass T(unittest.TestCase):\n  def test_a(self): self.assertEqual(x, 1)", "pass"},
			{"class fails", "x = 1", "import unittest\nclass T(unittest.TestCase):\n  def test_a(self): self.assertEqual(x, 2)", "test_a: AssertionError: 1 != 2"},
			{"dataclass", "from dataclasses import dataclass\n@dataclass\nclass A:\n  x: int", "from answer import A\nassert A(1).x == 1", "pass"},
			{"not the main program", "if __name__ == '__main__': raise ValueError", "pass", "pass"},
			{"no input", "x = input()", "pass", "EOFError"},
			{"forged", "import os; os.write(3, b'{\"passed\": true}\\n{\"setup\": \"x\"}\\n'); os._exit(0)", "assert False", "ended before"},
			{"output", "print('x' * 100)", "pass", "pass"},
			{"flood", "while True: print('x' * 1000000)", "pass", "wrote more than 8 MB"},
			{"memory", "x = bytearray(1 << 30)", "pass", "MemoryError"},
			{"loop", "while True: pass", "pass", "ran longer than 1s"},
			{"sleep", "import time; time.sleep(60)", "pass", "ran longer than 1s"},
			{"big file", "open('a', 'wb').write(b'x' * (100 << 20))", "pass", "OSError"},
			{"no environment", "import os", "assert 'FAIRTRIAL_SANDBOX' not in os.environ and 'SECRET_OF_TEST' not in os.environ", "pass"},
			{"recursion", "def f(): return f()", "f()", "RecursionError"},
			{"odd exception", "class E(Exception):\n  def __str__(self): raise E\nraise E", "pass", "an exception that cannot be shown"},
			{"bytes", "x = '\\ud800'\nprint(ascii(x))\nraise ValueError(x)", "pass", "ValueError"},
			{"null byte", "x = 1\x00", "pass", "Error"},
		} {
			t.Run(map[bool]string{true: "isolated ", false: "bounded "}[isolated]+c.name, func(t *testing.T) {
				t.Setenv("SECRET_OF_TEST", "1")
				o := run(t, s, c.code, c.tests)
				got := o.Evidence
				if o.Passed {
					got = "pass"
				} else if o.Broken != "" {
					got = "BROKEN " + o.Broken
				}
				if !strings.Contains(got, c.want) || c.want == "pass" && got != "pass" {
					t.Errorf("%q, want %q", got, c.want)
				}
				if o.Timed != strings.HasPrefix(c.want, "ran longer") {
					t.Errorf("timed is %v", o.Timed)
				}
			})
		}
	}
}

// What an isolated program must not reach, though the same is there without isolation.
func TestIsolated(t *testing.T) {
	s, free := open(t, true), open(t, false)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	home, _ := os.Getwd()
	for name, c := range map[string]struct{ code, want string }{
		"loopback":     {"import socket; socket.create_connection(('" + l.Addr().(*net.TCPAddr).IP.String() + "', " + strings.Split(l.Addr().String(), ":")[1] + "), 1)", "OSError"},
		"read outside": {"open('" + dir + "/secret').read()", "FileNotFoundError"},
		"write out":    {"open('" + dir + "/new', 'w').write('x')", "FileNotFoundError"},
		"this source":  {"import os; os.listdir('" + home + "')", "FileNotFoundError"},
		"others":       {"import os; os.kill(" + itoa(os.Getpid()) + ", 0)", "ProcessLookupError"},
	} {
		t.Run(name, func(t *testing.T) {
			if o := run(t, s, c.code, "pass"); o.Passed || !strings.Contains(o.Evidence, c.want) && !strings.Contains(o.Evidence, "Error") {
				t.Errorf("isolated: %+v", o)
			}
			if o := run(t, free, c.code, "pass"); !o.Passed {
				t.Errorf("the attack is none: %+v", o)
			}
		})
	}
	for name, code := range map[string]string{
		"write to /usr":   "open('/usr/fairtrial-was-here', 'w')",
		"write to /":      "open('/fairtrial-was-here', 'w')",
		"remount":         "import ctypes\nl = ctypes.CDLL(None, use_errno=True)\nif l.mount(None, b'/', None, 32 | 4096, None): raise OSError(ctypes.get_errno())",
		"become root":     "import os; os.setuid(0); os.chroot('.')",
		"host name":       "import socket; socket.sethostname('x')",
		"hold the folder": "open('big', 'wb').write(b'x' * (60 << 20))\nopen('big2', 'wb').write(b'x' * (60 << 20))",
	} {
		t.Run(name, func(t *testing.T) {
			if o := run(t, s, code, "pass"); o.Passed || !strings.Contains(o.Evidence, "Error") {
				t.Errorf("%+v", o)
			}
		})
	}
	if o := run(t, s, "open('own', 'w').write('x')", "assert open('own').read() == 'x'"); !o.Passed {
		t.Errorf("its own folder: %+v", o)
	}
}

// A fork bomb ends with its sandbox, and nothing of it is left.
func TestForkBomb(t *testing.T) {
	s := open(t, true)
	before := processes(t)
	began := time.Now()
	o := run(t, s, "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass", "pass")
	if o.Passed || o.Broken != "" {
		t.Errorf("%+v", o)
	}
	if d := time.Since(began); d > 45*time.Second {
		t.Errorf("took %v", d)
	}
	for range 50 {
		if processes(t) <= before+20 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("%d processes before, %d after", before, processes(t))
}

func processes(t *testing.T) (n int) {
	list, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if c := e.Name()[0]; c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

// Children that outlive the program hold nothing up.
func TestLeftBehind(t *testing.T) {
	for _, isolated := range []bool{true, false} {
		s := open(t, isolated)
		began := time.Now()
		if o := run(t, s, "import os, time\nif os.fork() == 0:\n  time.sleep(60)", "pass"); !o.Passed {
			t.Errorf("%+v", o)
		}
		if d := time.Since(began); d > 30*time.Second {
			t.Errorf("isolated %v: took %v", isolated, d)
		}
	}
}

func TestCancelled(t *testing.T) {
	s := open(t, true)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if o, err := s.Run(ctx, "while True: pass", "pass"); err == nil {
		t.Errorf("%+v", o)
	}
}

func TestRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"no interpreter": {Interpreter: "python-that-is-not-there", Timeout: time.Second, Memory: 1 << 28},
		"no Python":      {Interpreter: "true", Timeout: time.Second, Memory: 1 << 28},
		"memory":         {Interpreter: "python3", Timeout: time.Second, Memory: 1 << 20},
	} {
		if _, err := New(t.Context(), o); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			t.Log(err)
		}
	}
}

// Whether programs can run here does not hang on the time that a scorer gives them: on a
// busy machine an interpreter may start late.
func TestStartsLate(t *testing.T) {
	open(t, false)
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	late := filepath.Join(t.TempDir(), "python")
	script := fmt.Sprintf(`#!/bin/sh
case "$3" in *sysconfig*) %[1]s "$@" | sed 's#"[^"]*"#"%[2]s"#'; exit ;; esac
sleep 2
exec %[1]s "$@"
`, python, late)
	if err := os.WriteFile(late, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), Options{Interpreter: late, Timeout: 100 * time.Millisecond, Memory: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if o := run(t, s, "", "pass"); o.Passed || !o.Timed {
		t.Errorf("a program that is late: %+v", o)
	}
}

func TestKeys(t *testing.T) {
	s := open(t, false)
	other, err := New(t.Context(), Options{Interpreter: "python3", Timeout: 2 * time.Second, Memory: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{s.Key("a", "b"): true, s.Key("ab", ""): true, s.Key("a", "c"): true, s.Key("", "ab"): true, other.Key("a", "b"): true}
	if len(seen) != 5 {
		t.Error("keys do not tell programs apart")
	}
}

func itoa(n int) string {
	var b []byte
	for ; n > 0; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(b)
}

func BenchmarkRun(b *testing.B) {
	s, err := New(b.Context(), Options{Interpreter: "python3", Timeout: time.Second, Memory: 256 << 20, Isolated: true})
	if err != nil {
		b.Skip(err)
	}
	for b.Loop() {
		if o, err := s.Run(b.Context(), "def f(x): return x + 1", "assert f(1) == 2"); err != nil || !o.Passed {
			b.Fatal(o, err)
		}
	}
}
