//go:build !linux

package rows

func hugePages[T any]([]T) {}
