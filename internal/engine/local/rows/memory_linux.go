package rows

import (
	"syscall"
	"unsafe"
)

// hugePages asks for huge pages where a whole one lies in the capacity of s. It is a
// hint: without it only speed is lost.
func hugePages[T any](s []T) {
	const huge, madvHugepage = 2 << 20, 14
	var zero T
	start := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	end := (start + uintptr(cap(s))*unsafe.Sizeof(zero)) &^ (huge - 1)
	if first := (start + huge - 1) &^ (huge - 1); first < end {
		whole := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), first-start)), end-first)
		_ = syscall.Madvise(whole, madvHugepage)
	}
}
