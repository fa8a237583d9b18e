// Command bench makes benchmark data and measures the DuckDB scan floor; bench/run.sh
// drives it. It refuses to measure fairtrial itself, which runs as its own process.
//
//	bench make ROWS FILE    write ROWS rows to FILE (Parquet), the same every time
//	bench floor FILE        scan the benchmark's columns and print CPU seconds
//	bench cpu COMMAND …     run a command; print its CPU seconds and peak bytes to stderr
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "make":
		n, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		return makeData(n, args[2])
	case len(args) == 2 && args[0] == "floor":
		return floor(args[1])
	case len(args) >= 2 && args[0] == "cpu":
		return measure(args[1:])
	}
	return fmt.Errorf("usage: make ROWS FILE | floor FILE | cpu COMMAND …")
}

// dataSQL: 20 % positives; two correlated scores in (0, 1), 5 % of the rows rounded to
// two digits (ties); five text columns of 2, 5, 10, 50 and 100 skewed values. All
// numbers come from a hash of the row number, so that the file is the same each time.
const dataSQL = `COPY (
WITH u AS (
  SELECT i,
    ((hash(i * 31 + 1) >> 11)::DOUBLE + 0.5) / 9007199254740992.0 AS u1, ((hash(i * 31 + 2) >> 11)::DOUBLE + 0.5) / 9007199254740992.0 AS u2,
    ((hash(i * 31 + 3) >> 11)::DOUBLE + 0.5) / 9007199254740992.0 AS u3, ((hash(i * 31 + 4) >> 11)::DOUBLE + 0.5) / 9007199254740992.0 AS u4,
    ((hash(i * 31 + 5) >> 11)::DOUBLE + 0.5) / 9007199254740992.0 AS u5, ((hash(i * 31 + 6) >> 11)::DOUBLE + 0.5) / 9007199254740992.0 AS u6,
    ((hash(i * 31 + 7) >> 11)::DOUBLE + 0.5) / 9007199254740992.0 AS u7
  FROM range(%d) t(i)),
z AS (
  SELECT *, (u5 < 0.2)::INTEGER AS y,
    sqrt(-2 * ln(u1)) * cos(2 * pi() * u2) AS za, sqrt(-2 * ln(u1)) * sin(2 * pi() * u2) AS zb, sqrt(-2 * ln(u3)) * cos(2 * pi() * u4) AS zc FROM u),
s AS (
  SELECT *, 1 / (1 + exp(-(-1.9 + 1.3 * (0.8 * zc + 0.6 * za) + 1.8 * y))) AS pa, 1 / (1 + exp(-(-1.9 + 1.3 * (0.8 * zc + 0.6 * zb) + 1.7 * y))) AS pb FROM z)
SELECT y AS label,
  CASE WHEN u6 < 0.05 THEN round(pa, 2) ELSE pa END AS score_a, CASE WHEN u6 < 0.05 THEN round(pb, 2) ELSE pb END AS score_b,
  'c2_' || floor(2 * u7 * u7)::INTEGER AS c2, 'c5_' || floor(5 * u1 * u2)::INTEGER AS c5, 'c10_' || floor(10 * u3 * u3)::INTEGER AS c10,
  'c50_' || floor(50 * u4 * u4)::INTEGER AS c50, 'c100_' || floor(100 * u6 * u6)::INTEGER AS c100
FROM s) TO %s (FORMAT parquet, COMPRESSION snappy)`

func makeData(n int64, file string) error {
	db, err := duck.Open(duck.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	tmp := file + ".tmp"
	if err := db.Exec(context.Background(), fmt.Sprintf(dataSQL, n, duck.Text(tmp))); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

// floor reads every column that the benchmark's plan needs, the text columns hashed:
// the least that any engine on DuckDB must do.
func floor(file string) error {
	db, err := duck.Open(duck.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	before := cpu(syscall.RUSAGE_SELF)
	r, err := db.Query(context.Background(), fmt.Sprintf(`SELECT sum(label), sum(score_a), sum(score_b),
		max(hash(c2)), max(hash(c5)), max(hash(c10)), max(hash(c50)), max(hash(c100)) FROM read_parquet(%s)`, duck.Text(file)))
	if err != nil {
		return err
	}
	for r.Next() { //nolint:revive // only the cost counts
	}
	if err := r.Close(); err != nil {
		return err
	}
	fmt.Printf("%.4f\n", cpu(syscall.RUSAGE_SELF)-before)
	return nil
}

func cpu(who int) float64 {
	var u syscall.Rusage
	if syscall.Getrusage(who, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func measure(command []string) error {
	c := exec.Command(command[0], command[1:]...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	start := time.Now()
	err := c.Run()
	if c.ProcessState == nil {
		return err
	}
	u, _ := c.ProcessState.SysUsage().(*syscall.Rusage)
	fmt.Fprintf(os.Stderr, "measured cpu %.4f peak %d wall %.4f\n", cpu(syscall.RUSAGE_CHILDREN), u.Maxrss*1024, time.Since(start).Seconds())
	var exit *exec.ExitError
	if err != nil && !asExit(err, &exit) {
		return err
	}
	return nil
}

func asExit(err error, to **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError) //nolint:errorlint // exec returns it bare
	*to = e
	return ok
}
