package rows

// Column is an empty column with room for n rows. Large ones ask for huge pages: the
// kernel then maps and clears them some hundred times less often.
func Column[T any](n int) []T {
	column := make([]T, 0, n)
	hugePages(column)
	return column
}
