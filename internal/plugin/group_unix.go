//go:build unix

package plugin

import (
	"os/exec"
	"syscall"
)

// group gives the process a group of its own, so that what it started ends with it.
func group(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { killGroup(c); return nil }
}

func killGroup(c *exec.Cmd) {
	if c.Process != nil {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
	}
}
