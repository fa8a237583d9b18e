package connecttest

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Trino gives the address of a Trino server with an empty memory catalog. It starts the
// programs in the folder FAIRTRIAL_TEST_TRINO with the Java of FAIRTRIAL_TEST_JAVA, as
// `make test-trino` sets them; without them the test is skipped.
func Trino(t testing.TB) string {
	t.Helper()
	home, java := os.Getenv("FAIRTRIAL_TEST_TRINO"), os.Getenv("FAIRTRIAL_TEST_JAVA")
	if home == "" || java == "" {
		t.Skip("SKIPPED: a real Trino is tested by make test-trino")
	}
	dir, port := t.TempDir(), freePort(t)
	write := func(name string, lines ...string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("catalog/memory.properties", "connector.name=memory")
	config := write("config.properties", "coordinator=true", "node-scheduler.include-coordinator=true",
		"http-server.http.port="+port, "discovery.uri=http://127.0.0.1:"+port, "node.internal-address=127.0.0.1",
		"catalog.config-dir="+filepath.Join(dir, "catalog"), "plugin.dir="+filepath.Join(home, "plugin"),
		"query.max-memory=256MB", "query.max-memory-per-node=256MB")
	c := exec.Command(java, "-Xmx1G", "-Djdk.attach.allowAttachSelf=true", "--add-modules=jdk.incubator.vector", "--sun-misc-unsafe-memory-access=allow",
		"-Dnode.environment=test", "-Dnode.id=one", "-Dnode.data-dir="+dir, "-Dconfig="+config, "-cp", filepath.Join(home, "lib", "*"), "io.trino.server.TrinoServer")
	c.Dir = dir
	startServer(t, "Trino", c, 3*time.Minute, func() error { return started("http://127.0.0.1:" + port + "/v1/info") })
	return fmt.Sprintf("http://tester@127.0.0.1:%s?catalog=memory&schema=default", port)
}

// started is nil once the server says that it has.
func started(url string) error {
	r, err := http.Get(url)
	if err != nil {
		return err
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	if err == nil && !strings.Contains(string(b), `"starting":false`) {
		err = fmt.Errorf("it answers %s: %.200s", r.Status, b)
	}
	return err
}
