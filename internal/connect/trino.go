package connect

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/trinodb/trino-go-client/trino"
)

// openTrino connects to Trino by http(s)://user[:password]@host:port?catalog=…&schema=….
// Trino has no transaction over several statements here: rows that change between the
// count and the reading are found by their number.
func openTrino(ctx context.Context, q Query) (database, error) {
	u, err := url.Parse(q.Address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User == nil {
		return nil, q.refuse("http://user@host:8080?catalog=hive&schema=default", "the address of the Trino server cannot be read")
	}
	v := u.Query()
	if v.Get("source") == "" {
		v.Set("source", "fairtrial")
	}
	u.RawQuery = v.Encode()
	db, err := sql.Open("trino", u.String())
	if err != nil {
		return nil, q.fail("cannot connect", err)
	}
	err = answers(ctx, u)
	if err == nil {
		err = db.PingContext(ctx)
	}
	if err != nil {
		_ = db.Close()
		return nil, q.fail("cannot connect", err)
	}
	return &sqlDatabase{query: q, db: db, conn: db, kinds: trinoKind, mark: "?",
		version: "SELECT 'Trino ' || node_version FROM system.runtime.nodes WHERE coordinator LIMIT 1",
		wrong: func(err error) bool {
			var e *trino.ErrTrino
			return errors.As(err, &e) && e.ErrorType == "USER_ERROR"
		}}, nil
}

// answers fails when nobody listens: the driver itself would try for two minutes. What
// else can go wrong is left to the driver, which knows the address's certificates.
func answers(ctx context.Context, u *url.URL) error {
	ctx, stop := context.WithTimeout(ctx, connectTimeout)
	defer stop()
	at := url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/v1/info"}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return err
	}
	r, err := http.DefaultClient.Do(req)
	var dial *net.OpError
	switch {
	case err == nil:
		return r.Body.Close()
	case errors.As(err, &dial) && dial.Op == "dial", errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return nil
}

func trinoKind(t string) (kind, bool) {
	head, _, _ := strings.Cut(strings.ToLower(t), "(")
	switch strings.TrimSpace(head) {
	case "boolean":
		return boolean, true
	case "tinyint", "smallint", "integer", "bigint":
		return integer, true
	case "real", "double", "decimal":
		return float, true
	case "date":
		return date, true
	case "timestamp", "timestamp with time zone":
		return moment, true
	case "varchar", "char", "uuid", "json", "time", "ipaddress":
		return text, true
	}
	return text, false
}
