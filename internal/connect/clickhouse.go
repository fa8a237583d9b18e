package connect

import (
	"context"
	"errors"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// openClickHouse connects to ClickHouse by clickhouse://user:password@host:9000/database,
// or http(s)://… for its HTTP interface.
func openClickHouse(ctx context.Context, q Query) (database, error) {
	o, err := clickhouse.ParseDSN(q.Address)
	if err != nil {
		return nil, q.refuse("clickhouse://user:password@host:9000/database", "the address of the ClickHouse server cannot be read")
	}
	o.DialTimeout = connectTimeout
	db := clickhouse.OpenDB(o)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, q.fail("cannot connect", err)
	}
	return &sqlDatabase{query: q, db: db, conn: db, kinds: clickHouseKind, mark: "?", version: "SELECT concat('ClickHouse ', version())",
		wrong: func(err error) bool {
			var e *clickhouse.Exception
			return errors.As(err, &e)
		}}, nil
}

func clickHouseKind(t string) (kind, bool) {
	for {
		inner, ok := strings.CutPrefix(t, "Nullable(")
		if !ok {
			inner, ok = strings.CutPrefix(t, "LowCardinality(")
		}
		if !ok {
			break
		}
		t = strings.TrimSuffix(inner, ")")
	}
	head, _, _ := strings.Cut(t, "(")
	switch head {
	case "Bool":
		return boolean, true
	case "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64":
		return integer, true
	case "Float32", "Float64", "Decimal", "Decimal32", "Decimal64", "Decimal128", "Decimal256":
		return float, true
	case "Date", "Date32":
		return date, true
	case "DateTime", "DateTime64":
		return moment, true
	case "String", "FixedString", "Enum8", "Enum16", "UUID", "IPv4", "IPv6":
		return text, true
	}
	return text, false
}
