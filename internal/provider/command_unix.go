//go:build unix

package provider

import (
	"os/exec"
	"syscall"
)

// alone puts a command into its own process group, so that giving up ends what it started
// too, and a Ctrl-C at the terminal does not reach it before us.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
