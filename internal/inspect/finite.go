package inspect

import (
	"bufio"
	"io"
)

// finite reads JSON as Python writes it and hands on JSON: NaN, Infinity and -Infinity
// outside texts become null.
type finite struct {
	in     *bufio.Reader
	inText bool
	escape bool
	rest   []byte
}

func newFinite(r io.Reader) *finite { return &finite{in: bufio.NewReaderSize(r, 1<<16)} }

func (f *finite) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(f.rest) > 0 {
			k := copy(p[n:], f.rest)
			n, f.rest = n+k, f.rest[k:]
			continue
		}
		if n > 0 && f.in.Buffered() == 0 {
			return n, nil
		}
		b, err := f.in.ReadByte()
		if err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		switch {
		case f.escape:
			f.escape = false
		case f.inText:
			f.escape, f.inText = b == '\\', b != '"'
		case b == '"':
			f.inText = true
		case b == 'N' && f.follows("aN"), b == 'I' && f.follows("nfinity"), b == '-' && f.follows("Infinity"):
			f.rest = []byte("null")
			continue
		}
		p[n] = b
		n++
	}
	return n, nil
}

// follows takes a word from the input if it stands there.
func (f *finite) follows(word string) bool {
	got, _ := f.in.Peek(len(word))
	if string(got) != word {
		return false
	}
	_, _ = f.in.Discard(len(word))
	return true
}
