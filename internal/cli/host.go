package cli

import (
	"context"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/fairtrial/fairtrial/internal/record"
)

func host() record.Host {
	return record.Host{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version(), Engine: engineName}
}

// gitState is the commit of the plan's folder; nil outside a repository or without git.
func gitState(ctx context.Context, dir string) *record.Git {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "rev-parse", "HEAD").Output()
	if err != nil {
		return nil
	}
	g := &record.Git{Commit: strings.TrimSpace(string(out)), Dirty: true}
	if out, err := exec.CommandContext(ctx, "git", "-C", dir, "status", "--porcelain", "--untracked-files=no", ".").Output(); err == nil {
		g.Dirty = len(out) > 0
	}
	return g
}

// cpuTime is the processor seconds of this process so far.
func cpuTime() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// peakBytes is the largest resident size so far (Linux counts in KiB).
func peakBytes() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return u.Maxrss
	}
	return u.Maxrss * 1024
}
