package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"unsafe"
)

const canIsolate = true

// variable tells a process that it builds a sandbox.
const variable = "FAIRTRIAL_SANDBOX"

// nobody is who programs run as where we are root: the bound on processes does not hold
// for root.
const nobody = 65534

// contain gives the process its group and, isolated, its namespaces.
func contain(c *exec.Cmd, isolated bool) {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if isolated {
		a.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		if os.Getuid() == 0 {
			a.UidMappings = append(a.UidMappings, syscall.SysProcIDMap{ContainerID: nobody, HostID: nobody, Size: 1})
			a.GidMappings = append(a.GidMappings, syscall.SysProcIDMap{ContainerID: nobody, HostID: nobody, Size: 1})
			a.GidMappingsEnableSetgroups = true
		}
	}
	c.SysProcAttr = a
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
}

// Entered reports whether this process was started to become a sandboxed program.
func Entered() bool { return os.Getenv(variable) != "" }

// Enter builds the sandbox around this process and becomes the program. It returns only
// where that fails.
func Enter() int {
	runtime.LockOSThread() // capabilities are a thread's
	var j job
	err := json.NewDecoder(os.Stdin).Decode(&j)
	if err == nil {
		err = enter(&j)
	}
	_ = json.NewEncoder(os.NewFile(3, "report")).Encode(report{Nonce: j.Nonce, Setup: err.Error()})
	return 126
}

func enter(j *job) error {
	work := j.Root
	if j.Isolated {
		if err := buildRoot(j); err != nil {
			return err
		}
		work = "/scratch"
	}
	if err := os.Chdir(work); err != nil {
		return err
	}
	if err := input(j.Input); err != nil {
		return err
	}
	if j.Isolated {
		if err := dropPrivileges(work, j.Nobody); err != nil {
			return err
		}
	}
	limits := []limit{{syscall.RLIMIT_CORE, 0}, {syscall.RLIMIT_CPU, j.CPU}, {syscall.RLIMIT_FSIZE, j.Files}, {syscall.RLIMIT_NOFILE, j.Open}, {syscall.RLIMIT_AS, j.Memory}}
	if j.Isolated { // else it would count all that the user runs
		limits = append(limits, limit{rlimitProcesses, j.Processes})
	}
	return become(j.Argv, []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + work, "TMPDIR=" + work, "LANG=C.UTF-8", "OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1"}, limits)
}

type limit struct {
	which int
	most  uint64
}

// become sets the limits and becomes the program. All memory is had before the first limit,
// and calls are raw: Go's runtime, which may start a thread at any moment, does not survive
// that it cannot.
func become(argv, env []string, limits []limit) error {
	path, err := syscall.BytePtrFromString(argv[0])
	if err != nil {
		return err
	}
	args, err := syscall.SlicePtrFromStrings(argv)
	if err != nil {
		return err
	}
	vars, err := syscall.SlicePtrFromStrings(env)
	if err != nil {
		return err
	}
	set := make([]syscall.Rlimit, len(limits))
	for i, l := range limits {
		if err := syscall.Getrlimit(l.which, &set[i]); err != nil {
			return fmt.Errorf("read limit %d: %w", l.which, err)
		}
		set[i].Max = min(set[i].Max, l.most)
		set[i].Cur = set[i].Max
	}
	debug.SetGCPercent(-1)
	for i, l := range limits {
		if _, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, uintptr(l.which), uintptr(unsafe.Pointer(&set[i])), 0, 0, 0); e != 0 { //nolint:gosec // the kernel's own structure
			return fmt.Errorf("set limit %d: %w", l.which, e)
		}
	}
	_, _, e := syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(&args[0])), uintptr(unsafe.Pointer(&vars[0]))) //nolint:gosec // as above
	return fmt.Errorf("start %s: %w", argv[0], e)
}

const rlimitProcesses = 6 // RLIMIT_NPROC

// input makes b the standard input, by a file that has no name any more.
func input(b []byte) error {
	f, err := os.OpenFile(".task", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.Remove(".task"); err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return syscall.Dup3(int(f.Fd()), 0, 0)
}

// buildRoot makes the only file system that the program sees.
func buildRoot(j *job) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("detach mounts: %w", err)
	}
	if err := syscall.Mount("tmpfs", j.Root, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "size=1m,mode=755"); err != nil {
		return fmt.Errorf("mount a root: %w", err)
	}
	see := append([]string{"/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"}, j.Binds...)
	slices.Sort(see)
	for _, p := range slices.Compact(see) {
		if p == "/" || p == "." {
			return errors.New("the interpreter's prefix is the whole file system")
		}
		if err := bind(j.Root, p); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("show %s: %w", p, err)
		}
	}
	for _, dir := range []string{"scratch", ".old"} {
		if err := os.Mkdir(filepath.Join(j.Root, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.Symlink("/scratch", filepath.Join(j.Root, "tmp")); err != nil && !os.IsExist(err) {
		return err
	}
	if err := syscall.Mount("tmpfs", filepath.Join(j.Root, "scratch"), "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d,nr_inodes=4096,mode=700", j.Files)); err != nil {
		return fmt.Errorf("mount a folder: %w", err)
	}
	if err := syscall.PivotRoot(j.Root, filepath.Join(j.Root, ".old")); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := syscall.Unmount("/.old", syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the old root: %w", err)
	}
	if err := os.Remove("/.old"); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY|syscall.MS_NOSUID|syscall.MS_NODEV, ""); err != nil {
		return fmt.Errorf("make the root read-only: %w", err)
	}
	return nil
}

// bind shows a path of the machine at the same place below root, for reading.
func bind(root, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	at := filepath.Join(root, path)
	if _, err := os.Lstat(at); err == nil {
		return nil // it lies in another that is shown already
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		to, err := os.Readlink(path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(path, "/etc/") { // the file, wherever it lies
			if path, err = filepath.EvalSymlinks(path); err != nil {
				return err
			}
			return bindFile(path, at)
		}
		return os.Symlink(to, at)
	}
	if !info.IsDir() {
		return bindFile(path, at)
	}
	if err := os.Mkdir(at, 0o755); err != nil {
		return err
	}
	return bindMount(path, at)
}

func bindFile(path, at string) error {
	f, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY, 0o444)
	if err != nil {
		return err
	}
	_ = f.Close()
	return bindMount(path, at)
}

// bindMount binds and takes the right to write; what is locked on the mount stays.
func bindMount(path, at string) error {
	if err := syscall.Mount(path, at, "", syscall.MS_BIND, ""); err != nil {
		if err := syscall.Mount(path, at, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
			return err
		}
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(at, &s); err != nil {
		return err
	}
	flags := uintptr(syscall.MS_REMOUNT | syscall.MS_BIND | syscall.MS_RDONLY | syscall.MS_NOSUID)
	// ST_NODEV, ST_NOEXEC, ST_NOATIME, ST_NODIRATIME and ST_RELATIME have the values of MS_NODEV …
	// but the last, and devices must stay usable
	flags |= uintptr(s.Flags) & (syscall.MS_NODEV | syscall.MS_NOEXEC | syscall.MS_NOATIME | syscall.MS_NODIRATIME)
	if s.Flags&0x1000 != 0 {
		flags |= syscall.MS_RELATIME
	}
	return syscall.Mount("", at, "", flags, "")
}

// dropPrivileges leaves the program without capabilities, for good.
func dropPrivileges(work string, toNobody bool) error {
	_, _, _ = syscall.RawSyscall(syscall.SYS_KEYCTL, 1, 0, 0) // a key ring of its own
	const noNewPrivileges, dropBounding, readBounding = 38, 24, 23
	if err := prctl(noNewPrivileges, 1); err != nil {
		return fmt.Errorf("give up privileges: %w", err)
	}
	for c := uintptr(0); prctl(readBounding, c) == nil; c++ {
		if err := prctl(dropBounding, c); err != nil {
			return fmt.Errorf("give up capability %d: %w", c, err)
		}
	}
	if !toNobody {
		return nil // an ordinary user, whom the bound on processes holds for
	}
	if err := os.Chown(work, nobody, nobody); err != nil {
		return err
	}
	if err := syscall.Setgroups([]int{}); err != nil {
		return fmt.Errorf("leave groups: %w", err)
	}
	if err := syscall.Setresgid(nobody, nobody, nobody); err != nil {
		return fmt.Errorf("leave root's group: %w", err)
	}
	if err := syscall.Setresuid(nobody, nobody, nobody); err != nil {
		return fmt.Errorf("leave root: %w", err)
	}
	return nil
}

func prctl(what, arg uintptr) error {
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, what, arg, 0, 0, 0, 0); e != 0 {
		return e
	}
	return nil
}
