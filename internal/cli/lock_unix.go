//go:build unix

package cli

import (
	"fmt"
	"os"
	"syscall"
)

// lockDir takes turns on an output folder; the kernel lets go when a process dies.
func lockDir(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("lock output folder: %w", err)
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		d.Close()
		return nil, fmt.Errorf("lock output folder: %w", err)
	}
	sweep(dir)
	return func() { d.Close() }, nil
}
