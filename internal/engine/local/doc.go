// Package local is the engine that runs in this process: DuckDB reads the files,
// the scan makes columns of them, and the kernels walk those. It refuses requests
// that would not fit into memory, before it reads the rows, and never trades
// exactness for memory by itself.
package local
