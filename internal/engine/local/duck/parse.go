package duck

import (
	"errors"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// Parse reports what is wrong with the grammar of statements; nothing is run, and tables
// need not be there.
func (d *DB) Parse(sql string) error {
	var conn bindings.Connection
	if bindings.Connect(d.db, &conn) != bindings.StateSuccess {
		return errors.New("parse with duckdb: no connection")
	}
	defer bindings.Disconnect(&conn)
	var list bindings.ExtractedStatements
	n := bindings.ExtractStatements(conn, sql, &list)
	defer bindings.DestroyExtracted(&list)
	if n > 0 {
		return nil
	}
	if text := bindings.ExtractStatementsError(list); text != "" {
		return newError(text)
	}
	return errors.New("no statement")
}
