package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// same-comparisons A B: the records compare the same metrics on the same slices, with the
// same numbers to the last digit.
func sameComparisons(ts *testscript.TestScript, _ bool, args []string) {
	read := func(file string) []string {
		var r struct {
			Comparisons []map[string]any `json:"comparisons"`
		}
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &r))
		var out []string
		for _, c := range r.Comparisons {
			line := ""
			for _, key := range []string{"metric", "slice", "difference", "se", "lower", "upper", "p_value", "n", "method"} {
				line += fmt.Sprintf("%s %v ", key, c[key])
			}
			out = append(out, line)
		}
		return out
	}
	a, b := read(args[0]), read(args[1])
	if len(a) == 0 || strings.Join(a, "\n") != strings.Join(b, "\n") {
		ts.Fatalf("comparisons differ:\n%s\n\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}

// run-id RECORD NAME: puts the id of a record's run into the environment.
func runID(ts *testscript.TestScript, _ bool, args []string) {
	var r struct {
		Run struct {
			ID string `json:"id"`
		} `json:"run"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	ts.Setenv(args[1], r.Run.ID)
}

// rewrite ids|labels FROM TO N: other ids, or the other label, in the first N rows, and all
// rows in the opposite order.
func rewriteRows(ts *testscript.TestScript, _ bool, args []string) {
	lines := strings.Split(strings.TrimSpace(ts.ReadFile(args[1])), "\n")
	n, err := strconv.Atoi(args[3])
	ts.Check(err)
	out := lines[:1:1]
	for i := len(lines) - 1; i > 0; i-- {
		f := strings.Split(lines[i], ",")
		if i <= n && args[0] == "ids" {
			f[0] = "new" + f[0]
		} else if i <= n {
			f[1] = map[string]string{"0": "1", "1": "0"}[f[1]]
		}
		out = append(out, strings.Join(f, ","))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.Join(out, "\n")+"\n"), 0o644))
}
