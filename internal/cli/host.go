package cli

import (
	"context"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
)

func host() record.Host {
	return record.Host{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version(), Engine: engineName}
}

// gitState is the commit of the plan's folder, and the plan's place in the repository; nil outside a repository or without git.
func gitState(ctx context.Context, file string) *record.Git {
	dir := filepath.Dir(file)
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
	if out, err := exec.CommandContext(ctx, "git", "-C", dir, "rev-parse", "--show-prefix").Output(); err == nil {
		g.Path = strings.TrimRight(string(out), "\r\n") + filepath.Base(file)
	}
	return g
}

// gatePlaces says where the gates stand in the plan's file.
func gatePlaces(p *plan.Plan) []record.GatePlace {
	var out []record.GatePlace
	for _, g := range p.Gates {
		if g.Line > 0 {
			out = append(out, record.GatePlace{Name: g.Name, Line: g.Line, Column: g.Column})
		}
	}
	return out
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
