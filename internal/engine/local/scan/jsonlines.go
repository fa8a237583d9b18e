package scan

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"

	"github.com/fairtrial/fairtrial/internal/engine"
)

// longestLine bounds the lines that badLine looks at.
const longestLine = 16 << 20

// badLine finds the first line of a JSONL file that is not one JSON object, which
// DuckDB does not number reliably; nil where each line is one. NaN and Infinity, which Python
// writes, are let through as DuckDB does.
func badLine(f input) (*engine.DataError, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, missing(f.path, err)
	}
	defer file.Close()
	var src io.Reader = file
	if f.gzip {
		z, err := gzip.NewReader(file)
		if err != nil {
			return &engine.DataError{Where: f.path, Msg: "is not a gzip file, whatever its name says"}, nil
		}
		src = z
	}
	lines := bufio.NewScanner(src)
	lines.Buffer(make([]byte, 1<<16), longestLine)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\xef\xbb\xbf")))
		if len(line) == 0 {
			continue
		}
		where := f.path + ", line " + strconv.Itoa(n)
		if n == 1 && line[0] == '[' {
			return &engine.DataError{Where: f.path, Msg: "is one JSON array, not one object a line",
				Hint: "write each row as an object on a line of its own: jq -c '.[]' turns one into the other"}, nil
		}
		for _, word := range []string{"NaN", "Infinity"} {
			line = bytes.ReplaceAll(line, []byte(word), []byte("0"))
		}
		var syntax *json.SyntaxError
		if err := json.Unmarshal(line, new(json.RawMessage)); errors.As(err, &syntax) {
			return &engine.DataError{Where: where, Msg: "is not valid JSON: " + syntax.Error()}, nil
		}
		if line[0] != '{' {
			return &engine.DataError{Where: where, Msg: "is not a JSON object", Hint: `each line must be one object: {"id": …, "score": …}`}, nil
		}
	}
	return nil, nil
}
