// Package connecttest starts real servers for tests, on loopback only.
package connecttest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Postgres gives the address of a PostgreSQL server whose database is empty: that of
// FAIRTRIAL_TEST_PG, else one that is started here and ends with the test. Without
// PostgreSQL's programs the test is skipped, in CI it fails.
func Postgres(t testing.TB) string {
	t.Helper()
	if url := os.Getenv("FAIRTRIAL_TEST_PG"); url != "" {
		return url
	}
	bin := postgresPrograms()
	if bin == "" {
		const msg = "PostgreSQL is not here: apt-get install postgresql, or set FAIRTRIAL_TEST_PG"
		if os.Getenv("CI") != "" {
			t.Fatal(msg)
		}
		t.Skip("SKIPPED, NOT TESTED: " + msg)
	}
	dir, err := os.MkdirTemp("", "fairtrial-pg-") // short: a socket's path lies in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := asUser(t, dir)
	port := freePort(t)
	data := filepath.Join(dir, "data")
	pass := filepath.Join(dir, "pass")
	if err := os.WriteFile(pass, []byte(Password+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) {
		t.Helper()
		c := exec.Command(filepath.Join(bin, name), args...)
		c.SysProcAttr, c.Dir = as, dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	run("initdb", "-D", data, "-U", "tester", "-A", "scram-sha-256", "--pwfile", pass, "-E", "UTF8", "--locale=C", "-N")
	log := filepath.Join(dir, "log")
	run("pg_ctl", "-D", data, "-w", "-l", log, "-o", fmt.Sprintf("-p %s -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off", port), "start")
	t.Cleanup(func() { run("pg_ctl", "-D", data, "-m", "immediate", "stop") })
	return "postgres://tester:" + Password + "@127.0.0.1:" + port + "/postgres"
}

// Password is that of the test server; no output may hold it.
const Password = "s3cr3t-of-tests"

func postgresPrograms() string {
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			return filepath.Dir(p)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// asUser: PostgreSQL refuses to run as root, so there it runs as nobody.
func asUser(t testing.TB, dir string) *syscall.SysProcAttr {
	if os.Getuid() != 0 {
		return nil
	}
	const nobody = 65534
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

func freePort(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()[strings.LastIndexByte(l.Addr().String(), ':')+1:]
}
