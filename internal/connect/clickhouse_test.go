package connect

import (
	"errors"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/connect/connecttest"
	"github.com/fairtrial/fairtrial/internal/engine"
)

// The server's time zone is Berlin's: moments must come as what they are in UTC.
func TestClickHouse(t *testing.T) {
	p := puller(t)
	address, _ := connecttest.ClickHouse(t)
	q := Query{Name: "lake", Kind: "clickhouse", Address: address, MaxRows: 1000, MaxBytes: 1e9}
	q.SQL = `SELECT * FROM (
 SELECT toInt64(1) AS id, 'ä|"' AS name, 0.1 AS score, toFloat32(0.5) AS small, toDecimal64(12.125, 3) AS amount, toUInt8(7) AS tiny,
  toDate('2024-02-29') AS day, toDateTime('2024-02-29 11:00:00', 'Europe/Berlin') AS at, CAST('high' AS Enum8('low' = 1, 'high' = 2)) AS g,
  toUUID('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11') AS u, toFixedString('ab', 2) AS f, CAST(1 AS Nullable(Int32)) AS n, toDecimal32(-0.5, 2) AS cent
 UNION ALL
 SELECT toInt64(9007199254740993), '', nan, toFloat32(0.001), toDecimal64(0, 3), toUInt8(0), toDate('1970-01-02'), toDateTime('1970-01-02 00:00:00', 'UTC'), CAST('low' AS Enum8('low' = 1, 'high' = 2)),
  toUUID('00000000-0000-0000-0000-000000000000'), toFixedString('xy', 2), CAST(NULL AS Nullable(Int32)), toDecimal32(7, 2)
) ORDER BY id -- by id`
	x, err := p.Pull(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readBack(t, p, x, "id", "name", "score", "small", "amount", "tiny", "day", "at", "g", "u", "f", "n", "cent"),
		`1|ä|"|0.1|0.5|12.125|7|2024-02-29|2024-02-29 10:00:00|high|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|ab|1|-0.5`,
		`9007199254740993||nan|0.0010000000474974513|0.0|0|1970-01-02|1970-01-02 00:00:00|low|00000000-0000-0000-0000-000000000000|xy|∅|7.0`)
	if !strings.HasPrefix(x.Server, "ClickHouse ") {
		t.Errorf("server %q", x.Server)
	}
	reader := q // a user who may only read, with settings that may not be changed
	reader.Address = strings.Replace(q.Address, "default:"+connecttest.Password, "reader:other-word", 1)
	if y, err := p.Pull(t.Context(), reader); err != nil || y.Rows != 2 {
		t.Errorf("a user who may only read: %v", err)
	}
	for _, c := range []struct{ sql, resume, want string }{
		{"SELECT nope FROM system.one", "", "nope"},
		{"SELECT * FROM nowhere", "", "nowhere"},
		{"SELECT [1] AS list", "", `column "list" has the type Array(UInt8), which cannot be pulled`},
		{"SELECT number AS id FROM system.numbers LIMIT 1001", "", "the query gives 1001 rows, more than max_rows: 1000; none was read"},
		{"SELECT throwIf(number = 5) AS id FROM system.numbers LIMIT 9", "", "throwIf"},
		{"SELECT number AS id, number + 1 AS ID FROM system.numbers LIMIT 9", "", `two columns called "ID"`},
		{"INSERT INTO t VALUES (1)", "", "Syntax error"},
	} {
		q := q
		q.SQL, q.ResumeBy = c.sql, c.resume
		_, err := p.Pull(t.Context(), q)
		var wrong *engine.DataError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.sql, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), connecttest.Password) {
			t.Errorf("%s: the password is shown: %v", c.sql, err)
		}
	}
	bad := q
	bad.Address = strings.Replace(q.Address, connecttest.Password, "wrong-word", 1)
	if _, err := p.Pull(t.Context(), bad); err == nil || strings.Contains(err.Error(), "wrong-word") {
		t.Errorf("with a wrong password: %v", err)
	}
	small := *p
	small.page = 300
	q.SQL, q.ResumeBy = "SELECT toInt64(number) AS id, concat('k', toString(10000 + number)) AS k FROM system.numbers LIMIT 1000", "k"
	if x, err := small.Pull(t.Context(), q); err != nil || x.Rows != 1000 || len(x.Parts) != 4 {
		t.Errorf("in pages: %v %+v", err, x)
	}
}
