// Package scan reads cases and predictions through DuckDB into columnar rows,
// counting and explaining every row that cannot be used. It refuses to compute
// metrics, and to guess what wrong data may have meant: text in a score column is
// an error that names file, row and column, never a null.
package scan
