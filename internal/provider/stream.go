package provider

import (
	"bufio"
	"bytes"
	"io"
)

// events reads a body of server-sent events: data lines, an empty line after each. take
// gets the name (may be empty) and the data of each and says whether it was the last.
// A body that ends before the last one is cut short.
func events(take func(name string, data []byte, first func()) (last bool, bad *Error), answer func() (Answer, *Error)) reader {
	return func(body io.Reader, first func()) (Answer, []byte, *Error) {
		var name string
		var data []byte
		return lines(body, answer, func(line []byte) (bool, *Error) {
			switch {
			case len(line) == 0:
				if data == nil {
					return false, nil
				}
				n, d := name, data
				name, data = "", nil
				return take(n, d, first)
			case bytes.HasPrefix(line, []byte("event:")):
				name = string(bytes.TrimSpace(line[6:]))
			case bytes.HasPrefix(line, []byte("data:")):
				if data != nil {
					data = append(data, '\n')
				}
				data = append(data, bytes.TrimPrefix(line[5:], []byte(" "))...)
			case line[0] == '{': // an error in plain JSON, status 200
				return false, inBand(append([]byte(nil), line...))
			}
			return false, nil
		})
	}
}

// lines reads a body line by line and keeps all of it.
func lines(body io.Reader, answer func() (Answer, *Error), take func(line []byte) (last bool, bad *Error)) (Answer, []byte, *Error) {
	var raw bytes.Buffer
	in := bufio.NewReaderSize(io.TeeReader(body, &raw), 4<<10)
	for {
		line, err := in.ReadBytes('\n')
		if err == nil || len(line) > 0 && err == io.EOF {
			last, bad := take(bytes.TrimRight(line, "\r\n"))
			if bad != nil {
				return Answer{}, raw.Bytes(), bad
			}
			if last {
				// What follows carries nothing, but read to the end the connection can be used again.
				_, _ = io.Copy(io.Discard, io.LimitReader(in, 64<<10))
				a, bad := answer()
				return a, raw.Bytes(), bad
			}
		}
		if err != nil {
			if err == io.EOF {
				// A last event may lack the empty line after it, or its [DONE]. The body is
				// whole as HTTP counts; answer knows whether it is as the protocol does.
				_, bad := take(nil)
				if bad == nil {
					var a Answer
					if a, bad = answer(); bad == nil {
						return a, raw.Bytes(), nil
					}
				}
				return Answer{}, raw.Bytes(), bad
			}
			return Answer{}, raw.Bytes(), malformed("the stream is cut short: it ends before its last event")
		}
	}
}
