package promptfoo

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/score"
)

// csvRow is a test that is a row of a CSV file.
type csvRow struct {
	line        int
	names       []string
	vars        map[string]any
	asserts     []plan.Tree
	description string
	threshold   *float64
}

// csv reads tests: a column is a variable, `__expected` and `__expected1` … are assertions in
// one line.
func (r *reader) csv(path, shown string) (out []test, err error) {
	b, err := r.bytes(path, shown)
	if err != nil {
		return nil, err
	}
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	in.FieldsPerRecord, in.LazyQuotes = -1, true
	head, err := in.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty")
		}
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", shown, err)
		}
		line, _ := in.FieldPos(0)
		if len(fields) != len(head) {
			return nil, fmt.Errorf("%s:%d: %d fields, and the header has %d", shown, line, len(fields), len(head))
		}
		row, err := r.csvRow(shown, line, head, fields)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", shown, line, err)
		}
		out = append(out, test{file: shown, row: row})
	}
}

func (r *reader) csvRow(file string, line int, head, fields []string) (*csvRow, error) {
	row := &csvRow{line: line, vars: map[string]any{}}
	metric := ""
	thresholds := map[int]float64{}
	var found []map[string]any
	for i, name := range head {
		name, value := strings.TrimSpace(name), fields[i]
		switch {
		case strings.HasPrefix(name, "__expected"):
			if strings.TrimSpace(value) != "" {
				found = append(found, expected(strings.TrimSpace(value)))
			}
		case name == "__description":
			row.description = value
		case name == "__metric":
			metric = value
		case name == "__threshold":
			if x, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && x-x == 0 {
				row.threshold = &x
			}
		case strings.HasPrefix(name, "__config:__expected"):
			at, key, _ := strings.Cut(strings.TrimPrefix(name, "__config:__expected"), ":")
			n := 1
			if at != "" {
				var err error
				if n, err = strconv.Atoi(at); err != nil {
					return nil, fmt.Errorf("the column %s names no __expected column", name)
				}
			}
			x, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if key != "threshold" || err != nil {
				return nil, fmt.Errorf("the column %s holds a number, and threshold alone is known", name)
			}
			thresholds[n-1] = x
		case name == "__prefix" || name == "__suffix":
			if value != "" {
				r.left(file, line, name, "is not carried: put it into the prompt")
			}
		case name == "__providerOutput":
			if value != "" {
				r.left(file, line, name, "is not carried: use provider: recorded")
			}
		case strings.HasPrefix(name, "__metadata:"):
		default:
			row.names = append(row.names, name)
			row.vars[name] = value
		}
	}
	for i, m := range found {
		if metric != "" {
			m["metric"] = metric
		}
		if x, ok := thresholds[i]; ok {
			m["threshold"] = x
		}
		b, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		t, err := plan.ReadJSONTree(b, line)
		if err != nil {
			return nil, err
		}
		row.asserts = append(row.asserts, t)
	}
	return row, nil
}

var oneLine = regexp.MustCompile(`^(not-)?([a-z][a-z0-9:-]*?)(?:\((\d+(?:\.\d+)?)\))?(?::([\s\S]*))?$`)

// expected is an assertion in one line, as promptfoo reads it; what begins with no type is
// the output that is expected.
func expected(s string) map[string]any {
	for prefix, kind := range map[string]string{"javascript:": "javascript", "fn:": "javascript", "eval:": "javascript", "python:": "python", "grade:": "llm-rubric", "llm-rubric:": "llm-rubric"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return map[string]any{"type": kind, "value": rest}
		}
	}
	if strings.HasPrefix(s, "file://") {
		return map[string]any{"type": "javascript", "value": s}
	}
	m := oneLine.FindStringSubmatch(s)
	if m == nil {
		return map[string]any{"type": "equals", "value": s}
	}
	kind := m[2]
	c, known := carriedTypes()[kind]
	if !known && notCarried(kind) == notCarried("") || kind == "ends-with" {
		return map[string]any{"type": "equals", "value": s}
	}
	out := map[string]any{"type": m[1] + kind}
	if v := m[4]; v != "" {
		switch {
		case kind == "is-json" || kind == "contains-json":
			out["value"] = v
		case c.value == "list" && strings.Contains(kind, "contains"):
			out["value"] = score.SplitList(v)
		default:
			out["value"] = strings.TrimSpace(v)
		}
	}
	if c.value == "none" && kind != "is-refusal" || kind == "levenshtein" || kind == "rouge-n" || kind == "starts-with" {
		out["threshold"] = 0.75 // promptfoo's, where the line has none
		if x, err := strconv.ParseFloat(m[3], 64); err == nil {
			out["threshold"] = x
		}
	}
	return out
}
