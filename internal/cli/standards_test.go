package cli_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const company = "name: company\nmetrics: [log_loss]\nslices: [g]\ngates:\n  - {metric: average_precision, at_least: 0.55, why: better than guessing}\n"

// A standard from a Git repository or behind a URL is taken in when it is what its digest
// pins, kept, and from then on used without asking anyone.
func TestStandardsFromElsewhere(t *testing.T) {
	t.Parallel()
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(company)))
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch r.URL.Path {
		case "/company.yaml":
			fmt.Fprint(w, company)
		case "/long.yaml":
			fmt.Fprint(w, strings.Repeat("# long\n", 200_000))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	repository := filepath.Join(dir, "standards")
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("git", append([]string{"-C", repository, "-c", "user.name=n", "-c", "user.email=n@example.org"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write(filepath.Join(repository, "risk", "company.yaml"), company)
	git("init", "--quiet")
	git("add", ".")
	git("commit", "--quiet", "-m", "one")
	git("tag", "v1")
	commit := git("rev-parse", "HEAD")
	write(filepath.Join(repository, "risk", "company.yaml"), company+"# changed\n")
	git("commit", "--quiet", "-a", "-m", "two")
	git("tag", "v2")
	write(filepath.Join(dir, "d.csv"), good(400))

	check := func(extends string) (int, string) {
		t.Helper()
		write(filepath.Join(dir, "plan.yaml"), strings.Replace(ordinary, "FILE", "d.csv", 1)+"extends: "+extends+"\n")
		status, out, errs := in(dir, "check", "plan.yaml")
		return status, out + errs
	}
	for _, tc := range []struct {
		what, extends string
		status        int
		says          string
	}{
		{"not pinned", server.URL + "/company.yaml", 2, "write sha256: " + digest},
		{"a URL", "{url: " + server.URL + "/company.yaml, sha256: " + digest + "}", 0, ""},
		{"no such page", "{url: " + server.URL + "/none.yaml, sha256: " + strings.Repeat("0", 64) + "}", 2, "the server answers 404 Not Found"},
		{"too long", "{url: " + server.URL + "/long.yaml, sha256: " + strings.Repeat("0", 64) + "}", 2, "longer than the 1024 KiB"},
		{"another text", "{url: " + server.URL + "/company.yaml, sha256: " + strings.Repeat("0", 64) + "}", 2, "the file is " + digest},
		{"not a digest", "{url: " + server.URL + "/company.yaml, sha256: abc}", 2, "is not what sha256 pins"},
		{"git, changed since", "{git: ./standards, rev: v2, file: risk/company.yaml, sha256: " + strings.Repeat("1", 64) + "}", 2, "risk/company.yaml of ./standards at v2 is not what sha256 pins"},
		{"git, no such tag", "{git: standards, rev: v3, file: risk/company.yaml, sha256: " + strings.Repeat("1", 64) + "}", 2, `no tag, branch or commit "v3"`},
		{"git, no such file", "{git: standards, rev: v1, file: company.yaml, sha256: " + strings.Repeat("1", 64) + "}", 2, "has no file company.yaml"},
		{"git, an option", "{git: standards, rev: --upload-pack=touch, file: company.yaml, sha256: " + strings.Repeat("1", 64) + "}", 2, "is no revision"},
		{"git, no repository", "{git: ./nothing, rev: v1, file: company.yaml, sha256: " + strings.Repeat("1", 64) + "}", 2, "fetch ./nothing at v1: git fetch:"},
	} {
		if status, said := check(tc.extends); status != tc.status || !strings.Contains(said, tc.says) {
			t.Errorf("%s: exit %d\n%s\nwant %d and %q", tc.what, status, said, tc.status, tc.says)
		}
	}
	// By tag, full and short commit; each from an empty workspace.
	for _, rev := range []string{"v1", commit, commit[:8]} {
		if err := os.RemoveAll(filepath.Join(dir, ".fairtrial")); err != nil {
			t.Fatal(err)
		}
		if status, said := check("{git: ./standards, rev: " + rev + ", file: risk/company.yaml, sha256: " + digest + "}"); status != 0 {
			t.Errorf("git at %s: exit %d\n%s", rev, status, said)
		}
	}
	// The kept text is used though the server knows it no more, and says so in the record.
	before := asked
	check("{url: " + server.URL + "/gone.yaml, sha256: " + digest + "}")
	if status, out, errs := in(dir, "run", "plan.yaml", "-q", "-o", "out"); status != 0 || !strings.Contains(out, "average_precision at least 0.55") {
		t.Errorf("exit %d\n%s%s", status, out, errs)
	}
	text, err := os.ReadFile(filepath.Join(dir, "out", "record.json"))
	if err != nil || !strings.Contains(string(text), server.URL+"/gone.yaml") || asked != before {
		t.Errorf("asked %d more times, %v", asked-before, err)
	}
}
