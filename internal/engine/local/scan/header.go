package scan

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/fairtrial/fairtrial/internal/engine"
)

// header is what the first record of a CSV file says.
type header struct {
	names []string
	delim byte
	size  int64 // bytes up to the first data row
	line  int64 // average bytes of a line at the start of the file, uncompressed
	data  bool  // something follows the header
}

// maxHeader bounds the first record.
const maxHeader = 1 << 20

// readHeader reads the first record of a CSV file. The delimiter is a tab for
// .tsv, else the one of , ; tab | that occurs most often outside quotes in that
// record (the earlier of equals). A byte-order mark is skipped; names are trimmed of spaces.
func readHeader(f input) (header, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return header{}, missing(f.path, err)
	}
	defer file.Close()
	var src io.Reader = file
	if f.gzip {
		z, err := gzip.NewReader(file)
		if err != nil {
			return header{}, &engine.DataError{Where: f.path, Msg: "is not a gzip file, whatever its name says"}
		}
		src = z
	}
	head := make([]byte, maxHeader)
	n, err := io.ReadFull(bufio.NewReader(src), head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return header{}, &engine.DataError{Where: f.path, Msg: "cannot be read: " + cause(err)}
	}
	h, err := parseHeader(head[:n], f.tab)
	var wrong *engine.DataError
	if errors.As(err, &wrong) {
		wrong.Where = f.path
	}
	return h, err
}

func parseHeader(head []byte, tab bool) (header, error) {
	h := header{delim: ','}
	fail := func(hint, format string, args ...any) (header, error) {
		return header{}, &engine.DataError{Msg: fmt.Sprintf(format, args...), Hint: hint}
	}
	total := len(head)
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	bom := total - len(head)
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return fail("save it as UTF-8", "the file is UTF-16")
	}
	end, quoted := recordEnd(head)
	if quoted {
		return fail("", "the header has a quote that is never closed")
	}
	record := bytes.TrimRight(head[:end], "\r\n")
	if len(bytes.TrimSpace(record)) == 0 {
		return fail("the first line must hold the column names", "the first line is empty")
	}
	if bytes.IndexByte(record, 0) >= 0 {
		return fail("", "the header holds a zero byte: this is not a text file")
	}
	if !utf8.Valid(record) {
		return fail("save it as UTF-8", "the header is not UTF-8 text")
	}
	if tab {
		h.delim = '\t'
	} else {
		h.delim = sniff(record)
	}
	var err error
	if h.names, err = splitRecord(record, h.delim); err != nil {
		return fail("", "the header cannot be read: %s", err)
	}
	for i, name := range h.names {
		if name == "" {
			// pandas writes the row index under an empty name: it may stand there as long as nobody asks for it.
			h.names[i] = fmt.Sprintf("column %d", i+1)
		}
	}
	rest := head[end:]
	h.size = int64(bom + end)
	h.data = len(bytes.TrimSpace(rest)) > 0
	if lines := bytes.Count(rest, []byte{'\n'}); lines > 0 {
		h.line = int64(bytes.LastIndexByte(rest, '\n')+1) / int64(lines)
	} else {
		h.line = int64(len(rest))
	}
	return h, nil
}

// recordEnd is the offset behind the first line break outside quotes.
func recordEnd(b []byte) (end int, quoted bool) {
	for i, c := range b {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			return i + 1, false
		case c == '\r' && i+1 < len(b) && b[i+1] != '\n':
			return i + 1, false
		}
	}
	return len(b), quoted
}

func sniff(record []byte) byte {
	candidates := [...]byte{',', ';', '\t', '|'}
	var count [len(candidates)]int
	quoted := false
	for _, c := range record {
		if c == '"' {
			quoted = !quoted
		}
		if k := bytes.IndexByte(candidates[:], c); k >= 0 && !quoted {
			count[k]++
		}
	}
	best := 0
	for k := range candidates {
		if count[k] > count[best] {
			best = k
		}
	}
	return candidates[best]
}

// splitRecord splits one CSV record as RFC 4180 has it.
func splitRecord(record []byte, delim byte) ([]string, error) {
	var out []string
	for {
		var field string
		if len(record) > 0 && record[0] == '"' {
			var b strings.Builder
			i := 1
			for ; ; i++ {
				if i >= len(record) {
					return nil, errors.New("a quote is never closed")
				}
				if record[i] == '"' {
					if i+1 < len(record) && record[i+1] == '"' {
						i++
					} else {
						break
					}
				}
				b.WriteByte(record[i])
			}
			field, record = b.String(), record[i+1:]
			if len(record) > 0 && record[0] != delim {
				return nil, fmt.Errorf("text follows the closing quote of %q", field)
			}
		} else {
			end := bytes.IndexByte(record, delim)
			if end < 0 {
				end = len(record)
			}
			field, record = string(record[:end]), record[end:]
		}
		out = append(out, strings.TrimSpace(field))
		if len(record) == 0 {
			return out, nil
		}
		record = record[1:]
	}
}
