package stub

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Fast answers every request on an address of the loopback with the same chat completion
// after the latency, until the listener fails. It reads no more of HTTP/1.1 than a length
// and writes bytes built once: on a machine that it shares with what it measures, a server
// that costs much would be the limit itself. Bodies without a length are refused.
func Fast(address string, latency time.Duration, body []byte, ready func(url string)) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	if ip := l.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
		return fmt.Errorf("the stub listens on the loopback only, not on %s", ip)
	}
	ready("http://" + l.Addr().String())
	reply := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go serve(c, latency, reply)
	}
}

// serve answers the requests of one connection, one after the other.
func serve(c net.Conn, latency time.Duration, reply []byte) {
	defer func() { _ = c.Close() }()
	in := bufio.NewReaderSize(c, 4096)
	for {
		length, err := header(in)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}
			return
		}
		if _, err := in.Discard(length); err != nil {
			return
		}
		time.Sleep(latency)
		if _, err := c.Write(reply); err != nil {
			return
		}
	}
}

// header reads a request's head and gives the length of its body.
func header(in *bufio.Reader) (length int, err error) {
	for n := 0; ; n++ {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			return length, nil
		}
		const name = "content-length:"
		switch {
		case n == 0:
		case len(line) > len(name) && strings.EqualFold(string(line[:len(name)]), name):
			if length, err = strconv.Atoi(strings.TrimSpace(string(line[len(name):]))); err != nil || length < 0 {
				return 0, fmt.Errorf("content-length %q is not a length", line)
			}
		case len(line) > 18 && strings.EqualFold(string(line[:18]), "transfer-encoding:"):
			return 0, fmt.Errorf("a body without a length")
		}
	}
}
