// Package slice says which cases belong together: it parses the where language
// into predicates, and turns column values, crosses, predicates and bins into
// partitions whose parts have stable names.
// It refuses functions, arithmetic, casts and sub-queries, and every comparison
// whose meaning would depend on an implicit cast: what it accepts means the same
// in Go (Eval) and in SQL (SQL, CodeSQL).
package slice
