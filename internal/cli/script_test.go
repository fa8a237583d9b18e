package cli_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fairtrial/fairtrial/internal/cli"
)

func TestMain(m *testing.M) {
	// What lies in or above the temporary folder is no test's workspace. A program that a
	// test starts comes by here too, and has been told.
	if os.Getenv("FAIRTRIAL_CEILING") == "" {
		if err := os.Setenv("FAIRTRIAL_CEILING", os.TempDir()); err != nil {
			panic(err)
		}
	}
	testscript.Main(m, map[string]func(){"fairtrial": func() { os.Exit(cli.Main(cli.System())) }})
}

// alone is the environment of a program in process: these variables and the ceiling.
func alone(env map[string]string) func(string) string {
	return func(name string) string {
		if v, ok := env[name]; ok || name != "FAIRTRIAL_CEILING" {
			return v
		}
		return os.TempDir()
	}
}

// notRaced skips under -short, which scripts/race.sh alone sets, what the ordinary run
// proves and where nothing runs at the same time that does not elsewhere; why says so.
func notRaced(t *testing.T, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("not raced: " + why)
	}
}

// TestScripts runs testdata/*.txtar: each command of the program in action, and every
// error that a user can meet. "[short] stop" ends those that need no race detector any more.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"rows":   rowsFile,
			"equal":  equalFields,
			"absent": absent,
			"sqlite": sqliteFile,

			"sqlite-script": sqliteScript,

			"same-comparisons": sameComparisons,
			"run-id":           runID,
			"rewrite":          rewriteRows,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("FAIRTRIAL_CEILING", filepath.Dir(e.WorkDir))
			e.Setenv("NO_COLOR", "1")
			e.Setenv("LANG", "C.UTF-8")
			sdk, err := filepath.Abs("../../python/src")
			if err != nil {
				return err
			}
			e.Setenv("PYTHONPATH", sdk)
			e.Setenv("PYTHONDONTWRITEBYTECODE", "1")
			e.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(e.WorkDir, "gitconfig"))
			return nil
		},
	})
}

// exits N COMMAND …: runs the program and checks its exit status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N COMMAND …")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		if _, e := fmt.Sscanf(err.Error(), "exit status %d", &got); e != nil {
			ts.Fatalf("%v", err)
		}
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// rows N SEED FILE [COLUMN…]: N rows of id, label, a (better), b, group, age and columns of
// 37 values, with a fixed seed.
func rowsFile(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	seed, err := strconv.ParseUint(args[1], 10, 64)
	ts.Check(err)
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	b.WriteString("id,label,a,b,group,age")
	for _, column := range args[3:] { // further ones repeat 37 values
		b.WriteString("," + column)
	}
	b.WriteByte('\n')
	for i := range n {
		y := r.IntN(2)
		fmt.Fprintf(&b, "r%d,%d,%.6f,%.6f,g%d,%d", i, y, 0.35*float64(y)+0.64*r.Float64(), 0.3*float64(y)+0.64*r.Float64(), r.IntN(4), 18+r.IntN(60))
		for range args[3:] {
			fmt.Fprintf(&b, ",k%d", i%37)
		}
		b.WriteByte('\n')
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(b.String()), 0o644))
}

// sqlite N SEED FILE: the rows of `rows N SEED` as the table cases of a database.
func sqliteFile(ts *testscript.TestScript, neg bool, args []string) {
	rowsFile(ts, neg, []string{args[0], args[1], "rows.tmp"})
	db, err := sql.Open("sqlite", ts.MkAbs(args[2]))
	ts.Check(err)
	defer func() { ts.Check(db.Close()) }()
	tx, err := db.Begin()
	ts.Check(err)
	_, err = tx.Exec("CREATE TABLE cases (id TEXT, label INTEGER, a REAL, b REAL, grp TEXT, age INTEGER)")
	ts.Check(err)
	for _, line := range strings.Split(strings.TrimSpace(ts.ReadFile("rows.tmp")), "\n")[1:] {
		f := strings.Split(line, ",")
		_, err := tx.Exec("INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?)", f[0], f[1], f[2], f[3], f[4], f[5])
		ts.Check(err)
	}
	ts.Check(tx.Commit())
}

// sqlite-script SQL FILE: a new SQLite database of statements.
func sqliteScript(ts *testscript.TestScript, neg bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[1]))
	ts.Check(err)
	_, err = db.Exec(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(db.Close())
}

// equal FIELD A B: the JSON field has the same value in both files (! for different).
func equalFields(ts *testscript.TestScript, neg bool, args []string) {
	value := func(file string) string {
		for _, l := range strings.Split(ts.ReadFile(file), "\n") {
			if s := strings.TrimSpace(l); strings.HasPrefix(s, `"`+args[0]+`":`) {
				return s
			}
		}
		ts.Fatalf("%s has no %s", file, args[0])
		return ""
	}
	if a, b := value(args[1]), value(args[2]); (a == b) == neg {
		ts.Fatalf("%s: %s and %s", args[0], a, b)
	}
}

// absent WORD FILE…: no file holds the word.
func absent(ts *testscript.TestScript, _ bool, args []string) {
	for _, f := range args[1:] {
		for _, l := range strings.Split(ts.ReadFile(f), "\n") {
			if strings.Contains(l, args[0]) {
				ts.Fatalf("%s holds %q: %.200s", f, args[0], l)
			}
		}
	}
}
