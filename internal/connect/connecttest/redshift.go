package connecttest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Redshift gives the address of a server that stands before a real PostgreSQL and speaks
// to its clients as Amazon documents Redshift to: version 8.0.2 and few parameters at the
// start, its own version(), SUPER (type 4000, JSON as text) for jsonb, no enums, no binary
// results of what it calls its own. It is no Redshift: a query's meaning is PostgreSQL's.
func Redshift(t testing.TB, postgres string) string {
	t.Helper()
	u, err := url.Parse(postgres)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	server := u.Host
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			go func() {
				defer func() { _ = client.Close() }()
				_ = between(client, server) // a test sees a broken connection
			}()
		}
	}()
	u.Host = l.Addr().String()
	return u.String()
}

const (
	redshiftVersion = "'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.12103'"
	jsonb, super    = 3802, 4000
)

func between(client net.Conn, address string) error {
	server, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	first, err := pgproto3.NewBackend(client, client).ReceiveStartupMessage()
	if err != nil {
		return err
	}
	if _, encrypted := first.(*pgproto3.SSLRequest); encrypted {
		if _, err := client.Write([]byte("N")); err != nil {
			return err
		}
		if first, err = pgproto3.NewBackend(client, client).ReceiveStartupMessage(); err != nil {
			return err
		}
	}
	start, ok := first.(*pgproto3.StartupMessage)
	if !ok {
		return fmt.Errorf("%T at the start", first)
	}
	b, err := start.Encode(nil)
	if err == nil {
		_, err = server.Write(b)
	}
	if err != nil {
		return err
	}
	go func() {
		_ = relay(server, client, asked)
		_ = server.Close()
	}()
	return relay(client, server, answered)
}

// relay passes messages, each as change wants it; nil is none.
func relay(to io.Writer, from io.Reader, change func(kind byte, body []byte) ([]byte, error)) error {
	for {
		var head [5]byte
		if _, err := io.ReadFull(from, head[:]); err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return err
		}
		out, err := change(head[0], body)
		if err != nil {
			return err
		}
		if _, err := to.Write(out); err != nil {
			return err
		}
	}
}

func plainMessage(kind byte, body []byte) []byte {
	out := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4)) //nolint:gosec // a message of a test
	return append(out, body...)
}

// asked is what the client says: version() is Redshift's, and results that Redshift has no
// binary form for must not be asked for in one.
func asked(kind byte, body []byte) ([]byte, error) {
	switch kind {
	case 'Q', 'P':
		body = bytes.ReplaceAll(body, []byte("version()"), []byte(redshiftVersion))
	case 'B':
		var m pgproto3.Bind
		if err := m.Decode(body); err != nil {
			return nil, err
		}
		if slices.Contains(m.ResultFormatCodes, 1) {
			return nil, fmt.Errorf("a binary result was asked for")
		}
	}
	return plainMessage(kind, body), nil
}

// answered is what the server says.
func answered(kind byte, body []byte) ([]byte, error) {
	switch kind {
	case 'S':
		var m pgproto3.ParameterStatus
		if err := m.Decode(body); err != nil {
			return nil, err
		}
		switch m.Name {
		case "server_version":
			m.Value = "8.0.2"
		case "client_encoding", "DateStyle", "integer_datetimes", "is_superuser", "server_encoding", "session_authorization", "TimeZone":
		default: // PostgreSQL 8.0 knows no others
			return nil, nil
		}
		return m.Encode(nil)
	case 'T':
		var m pgproto3.RowDescription
		if err := m.Decode(body); err != nil {
			return nil, err
		}
		for i, f := range m.Fields {
			if f.DataTypeOID == jsonb {
				m.Fields[i].DataTypeOID = super
			}
		}
		return m.Encode(nil)
	}
	return plainMessage(kind, body), nil
}
