package order

import (
	"syscall"
	"unsafe"
)

// array is a large slice of plain values outside the Go heap, on huge pages: random
// access to it costs a cache miss, not a page-table walk too. Free it when done.
type array[T any] struct {
	v   []T
	raw []byte
}

func newArray[T any](n int) array[T] {
	var zero T
	size := n * int(unsafe.Sizeof(zero))
	const small, madvHugepage = 1 << 22, 14
	if size < small {
		return array[T]{v: make([]T, n)}
	}
	raw, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return array[T]{v: make([]T, n)}
	}
	_ = syscall.Madvise(raw, madvHugepage) // a hint: without it only speed is lost
	return array[T]{v: unsafe.Slice((*T)(unsafe.Pointer(&raw[0])), n), raw: raw}
}

func (a *array[T]) free() {
	if a.raw != nil {
		_ = syscall.Munmap(a.raw)
	}
	a.v, a.raw = nil, nil
}
