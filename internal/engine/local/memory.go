package local

import (
	"bufio"
	"bytes"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/engine"
)

// limit is how many bytes a request may use, and what says so: its own limit, else the least
// of GOMEMLIMIT and 80 % of the memory that is free. 0 where nothing says it.
func (e *Engine) limit(r engine.Request) (bytes int64, of string) {
	if r.Memory > 0 {
		return r.Memory, "the memory limit"
	}
	if free := e.available(); free > 0 {
		bytes, of = free/10*8, "80 % of the free memory"
	}
	if soft := debug.SetMemoryLimit(-1); soft < math.MaxInt64 && (bytes == 0 || soft < bytes) { // −1 only asks
		return soft, "GOMEMLIMIT"
	}
	return bytes, of
}

// duckMemory is DuckDB's own share: it streams, so that it needs little.
func duckMemory(limit int64) int64 {
	if limit == 0 {
		return 0
	}
	return max(limit/2, 256<<20)
}

// available is the memory that this process may still take: what the machine has
// free, and what the control groups around the process leave. 0 where neither says.
func available() int64 { return availableIn("/proc", "/sys/fs/cgroup") }

func availableIn(proc, cgroup string) int64 {
	free := field(path.Join(proc, "meminfo"), "MemAvailable:") * 1024
	for _, dir := range groups(proc, cgroup) {
		for _, names := range [][2]string{{"memory.max", "memory.current"}, {"memory.limit_in_bytes", "memory.usage_in_bytes"}} {
			max, current := number(path.Join(dir, names[0])), number(path.Join(dir, names[1]))
			if max <= 0 || max > 1<<60 {
				continue
			}
			// Pages of files can be dropped at any time: they are not in the way.
			left := max - current + field(path.Join(dir, "memory.stat"), "inactive_file")
			if left = min(left, max); left > 0 && (free == 0 || left < free) {
				free = left
			}
		}
	}
	return free
}

// groups are the folders of the control groups of this process, inner ones first.
func groups(proc, cgroup string) []string {
	text, err := os.ReadFile(path.Join(proc, "self/cgroup"))
	if err != nil {
		return nil
	}
	var out []string
	for _, line := range strings.Split(string(text), "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 || parts[1] != "" && !strings.Contains(","+parts[1]+",", ",memory,") {
			continue
		}
		root := cgroup
		if parts[1] != "" {
			root = path.Join(cgroup, "memory")
		}
		for dir := path.Clean("/" + parts[2]); ; dir = path.Dir(dir) {
			out = append(out, path.Join(root, dir))
			if dir == "/" {
				break
			}
		}
	}
	return out
}

// number reads a file that holds one number; 0 for none ("max").
func number(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// field reads the number behind a name in a file of "name number" lines; 0 for none.
func field(file, name string) int64 {
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if parts := strings.Fields(s.Text()); len(parts) >= 2 && parts[0] == name {
			n, _ := strconv.ParseInt(parts[1], 10, 64)
			return n
		}
	}
	return 0
}
