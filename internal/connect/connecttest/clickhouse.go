package connecttest

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/ClickHouse/clickhouse-go/v2" // the driver
)

// ClickHouse gives the address of an empty ClickHouse server, spoken to by its own
// protocol, and what fills it: statements by HTTP, since the driver waits for ever on an
// old server's answer to INSERT … VALUES. It starts the program that FAIRTRIAL_TEST_CLICKHOUSE names, as `make
// test-clickhouse` sets it; without it the test is skipped.
func ClickHouse(t testing.TB) (address string, run func(sql string)) {
	t.Helper()
	program := os.Getenv("FAIRTRIAL_TEST_CLICKHOUSE")
	if program == "" {
		t.Skip("SKIPPED: a real ClickHouse is tested by make test-clickhouse")
	}
	dir, native, web, between := t.TempDir(), freePort(t), freePort(t), freePort(t)
	// yandex is the root that old and new servers read
	for name, text := range map[string]string{
		"config.xml": fmt.Sprintf(`<yandex><logger><level>warning</level><console>1</console></logger>
<listen_host>127.0.0.1</listen_host><tcp_port>%s</tcp_port><http_port>%s</http_port><interserver_http_port>%s</interserver_http_port>
<path>%[4]s/data/</path><tmp_path>%[4]s/tmp/</tmp_path><users_config>users.xml</users_config><timezone>Europe/Berlin</timezone>
<default_profile>default</default_profile><default_database>default</default_database><mark_cache_size>1000000</mark_cache_size></yandex>`, native, web, between, dir),
		"users.xml": `<yandex><profiles><reader><readonly>1</readonly></reader><default><max_memory_usage>1000000000</max_memory_usage></default></profiles>
<users><default><password>` + Password + `</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
<reader><password>other-word</password><networks><ip>127.0.0.1</ip></networks><profile>reader</profile><quota>default</quota></reader></users>
<quotas><default><interval><duration>3600</duration></interval></default></quotas></yandex>`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"--config-file=" + filepath.Join(dir, "config.xml")}
	if filepath.Base(program) == "clickhouse" {
		args = append([]string{"server"}, args...)
	}
	c := exec.Command(program, args...)
	c.Dir = dir
	address = fmt.Sprintf("clickhouse://default:%s@127.0.0.1:%s/default", Password, native)
	db, err := sql.Open("clickhouse", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	startServer(t, "ClickHouse", c, time.Minute, func() error { return db.PingContext(t.Context()) })
	return address, func(sql string) { post(t, "http://127.0.0.1:"+web+"/", sql) }
}

func post(t testing.TB, url, sql string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(sql))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("default", Password)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	if said, err := io.ReadAll(got.Body); err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("%.80s: %s: %.500s (%v)", sql, got.Status, said, err)
	}
}
