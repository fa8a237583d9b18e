package collect

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/collect/stub"
)

// The disk fills up: the answers in flight are stored in the spare room, the run stops
// with an error, and goes on when there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=5m"); err != nil {
		t.Skipf("NOT TESTED: a small tmpfs cannot be mounted here (%v)", err)
	}
	defer func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) }()
	s := server(t, func(c stub.Call) stub.Reply {
		r := echo(c)
		r.Delay = 10 * time.Millisecond
		return r
	})
	n := 4000
	o := Options{Folder: folder, Limits: Limits{Concurrency: 50}}
	res, err := Run(context.Background(), made(n), model(t, s, nil), o)
	if err == nil || res.Reason != StorageFailed || !strings.Contains(err.Error(), "full") {
		t.Fatalf("%+v, %v", res, err)
	}
	if res.Answered != s.Calls() {
		t.Errorf("%d answers are stored of %d that came", res.Answered, s.Calls())
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT, "size=100m"); err != nil {
		t.Fatal(err)
	}
	before := res.Answered
	res = collected(t, n, model(t, s, nil), o)
	if res.Answered != int64(n) || res.Resumed != before || s.Calls() != int64(n) {
		t.Errorf("%+v after %d calls", res, s.Calls())
	}
}
