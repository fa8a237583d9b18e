package duck

import (
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
)

// KindOf is what a DuckDB type, as DESCRIBE writes it, is to an evaluation.
func KindOf(typ string) cases.Kind {
	if strings.HasSuffix(typ, "]") {
		return cases.Other
	}
	switch head, _, _ := strings.Cut(typ, "("); head {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL":
		return cases.Number
	case "BOOLEAN":
		return cases.Bool
	case "DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE":
		return cases.Time
	case "VARCHAR", "ENUM", "UUID", "JSON", "TIME", "INTERVAL":
		return cases.Text
	}
	return cases.Other
}
