package connecttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// startServer starts a server's program in its folder, waits until ready gives no error,
// and ends it with the test. A program that ends before, or is not ready in time, fails
// the test with the last of what it logged.
func startServer(t testing.TB, name string, c *exec.Cmd, within time.Duration, ready func() error) {
	t.Helper()
	log, err := os.Create(filepath.Join(c.Dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	t.Cleanup(func() {
		_ = c.Process.Kill() // it may have ended already
		<-ended
		_ = log.Close()
	})
	said := func() []byte {
		b, _ := os.ReadFile(log.Name())
		return b[max(0, len(b)-4000):]
	}
	for deadline := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		err := ready()
		if err == nil {
			return
		}
		select {
		case end := <-ended:
			ended <- end
			t.Fatalf("%s ended: %v\n%s", name, end, said())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s was not ready within %v: %v\n%s", name, within, err, said())
		}
	}
}
