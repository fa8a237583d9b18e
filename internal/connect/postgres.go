package connect

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// connectTimeout is how long a server may take to answer at all.
const connectTimeout = 15 * time.Second

// openPostgres connects to PostgreSQL, or to what speaks its protocol. All is read in
// one read-only transaction that sees one state of the data; Redshift, which has no
// such level by that name, is always serializable.
func openPostgres(ctx context.Context, q Query) (database, error) {
	cfg, err := pgx.ParseConfig(q.Address)
	if err != nil {
		return nil, q.refuse("postgres://user:password@host:5432/database", "the address of the database cannot be read: %s", hide(err.Error(), q.Address))
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	cfg.RuntimeParams["application_name"] = "fairtrial"
	version := "SELECT current_database() || ', ' || split_part(version(), ' on ', 1)"
	options := &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
	if q.Kind == "redshift" {
		options.Isolation = sql.LevelDefault
		version = "SELECT current_database() || ', Redshift ' || split_part(version(), 'Redshift ', 2)"
		cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	db := stdlib.OpenDB(*cfg)
	tx, err := db.BeginTx(ctx, options)
	if err != nil {
		_ = db.Close()
		return nil, q.fail("cannot connect", err)
	}
	return &sqlDatabase{query: q, db: db, conn: tx, kinds: postgresKind, mark: "$1", version: version,
		wrong: func(err error) bool { // classes of SQLSTATE that speak of the statement
			var e *pgconn.PgError
			return errors.As(err, &e) && (strings.HasPrefix(e.Code, "42") || strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "25") || strings.HasPrefix(e.Code, "0A"))
		},
		end: func() { _ = tx.Rollback() }, // nothing was written
	}, nil
}

func postgresKind(t string) (kind, bool) {
	switch t {
	case "BOOL":
		return boolean, true
	case "INT2", "INT4", "INT8", "OID":
		return integer, true
	case "FLOAT4", "FLOAT8", "NUMERIC":
		return float, true
	case "DATE":
		return date, true
	case "TIMESTAMP", "TIMESTAMPTZ":
		return moment, true
	case "TEXT", "VARCHAR", "BPCHAR", "CHAR", "NAME", "UUID", "JSON", "JSONB", "INET", "CIDR", "MACADDR", "TIME", "XML", "CITEXT", "UNKNOWN":
		return text, true
	}
	// A user's own type, such as an enum, has no name here but its number.
	return text, t != "" && strings.Trim(t, "0123456789") == ""
}
