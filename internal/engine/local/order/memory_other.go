//go:build !linux

package order

// array is a large slice of plain values; see memory_linux.go.
type array[T any] struct{ v []T }

func newArray[T any](n int) array[T] { return array[T]{v: make([]T, n)} }

func (a *array[T]) free() { a.v = nil }
