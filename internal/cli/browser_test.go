package cli_test

import (
	"bytes"
	"encoding/json"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fairtrial/fairtrial/internal/cli"
	"github.com/fairtrial/fairtrial/web"
)

// missing skips, or fails with CI set, where nothing may be skipped.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip("SKIPPED, NOT TESTED: " + what)
}

// program runs a command in process and gives its exit status and what it said.
func program(t *testing.T, dir string, getenv func(string) string, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	e := &cli.Env{Args: append([]string{"fairtrial"}, args...), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: getenv, Dir: dir, Now: time.Now, Context: t.Context()}
	return cli.Main(e), out.String()
}

func noEnv(name string) string { return alone(nil)(name) }

// browserRun makes a real run and its one-page formats' folder.
func browserRun(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	smallPlan(t, dir)
	if status, said := program(t, dir, noEnv, "run", "plan.yaml", "-o", "out"); status != 0 && status != 1 && status != 3 {
		t.Fatalf("run: %d\n%s", status, said)
	}
	return dir
}

// chromium opens a page and gives its document after scripts have run.
func chromium(t *testing.T, page string, options ...string) string {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		missing(t, "Chromium is not installed: apt-get install chromium")
	}
	args := append([]string{"--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
		"--user-data-dir=" + t.TempDir(), "--virtual-time-budget=30000"}, options...)
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	out, err := exec.CommandContext(t.Context(), path, append(args, "--dump-dom", "file://"+page)...).Output()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return string(out)
}

// TestBrowserDrawsCharts: under the page's own policy each chart is drawn by the script;
// where no script may run each static picture and table stands.
func TestBrowserDrawsCharts(t *testing.T) {
	t.Parallel()
	notRaced(t, "a browser reads a finished report")
	if web.Script() == "" {
		missing(t, "the charts' script is not built: make web")
	}
	page := filepath.Join(browserRun(t), "out", "report.html")
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 2_000_000 {
		t.Errorf("the report has %d bytes", len(b))
	}
	charts := strings.Count(string(b), `class="spec"`)
	if charts < 5 {
		t.Fatalf("%d charts", charts)
	}
	on := chromium(t, page)
	if got := strings.Count(on, `<figure class="drawn"`); got != charts {
		errs := regexp.MustCompile(`data-error="[^"]*"`).FindAllString(on, -1)
		t.Errorf("%d of %d charts drawn: %v", got, charts, errs)
	}
	// Chromium dumps nothing where scripts are off altogether: the policy forbids ours
	still := filepath.Join(t.TempDir(), "still.html")
	write(t, still, regexp.MustCompile(`script-src 'sha256-[^']*'`).ReplaceAllString(string(b), "script-src 'none'"))
	off := chromium(t, still)
	if strings.Contains(off, `class="drawn"`) || strings.Count(off, `<svg class="chart"`) < charts || !strings.Contains(off, "<summary>Values</summary>") {
		t.Errorf("without scripts the pictures and tables do not stand")
	}
}

// probe runs axe and measures, and writes what it found into the page.
const probe = `setTimeout(async () => {
  const r = await axe.run(document, {resultTypes: ["violations"]});
  const found = r.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | "));
  const pre = document.createElement("pre"); pre.id = "probe";
  pre.textContent = JSON.stringify({found, passes: r.passes.length, wide: document.documentElement.scrollWidth, inner: innerWidth});
  document.body.append(pre);
}, 3000);`

// TestBrowserPages: axe finds nothing, and neither a phone's nor a desk's width needs sideways scrolling.
func TestBrowserPages(t *testing.T) {
	t.Parallel()
	notRaced(t, "a browser reads a finished report")
	axe, err := os.ReadFile("../../web/node_modules/axe-core/axe.min.js")
	if err != nil {
		missing(t, "axe-core is not installed: make web")
	}
	dir := browserRun(t)
	if status, said := program(t, dir, noEnv, "report", "out", "--format", "summary", "-o", "out"); status != 0 {
		t.Fatal(said)
	}
	b, err := os.ReadFile(filepath.Join(dir, "data.csv"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "later.csv"), string(b[:2*len(b)/3+1+bytes.IndexByte(b[2*len(b)/3:], '\n')])) // other data: a change is told
	if status, said := program(t, dir, noEnv, "run", "plan.yaml", "--set", "data.source=later.csv", "-o", "later"); status != 0 && status != 1 && status != 3 {
		t.Fatalf("run: %d\n%s", status, said)
	}
	if status, said := program(t, dir, noEnv, "trend", "--metric", "accuracy,roc_auc", "-o", "out"); status != 0 {
		t.Fatal(said)
	}
	for _, name := range []string{"report.html", "summary.html", "trend.html"} {
		b, err := os.ReadFile(filepath.Join(dir, "out", name))
		if err != nil {
			t.Fatal(err)
		}
		accessible(t, string(axe), string(b), name)
	}
}

// accessible has axe look at a page, and measures it, in dark and light, on phone and desk.
func accessible(t *testing.T, axe, s, name string) {
	t.Helper()
	// axe is not allowed by the page's policy, which is another test's matter
	s = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllString(s, "")
	s = strings.Replace(s, "</body>", "<script>"+axe+"</script><script>"+probe+"</script></body>", 1)
	page := filepath.Join(t.TempDir(), "probe-"+name)
	write(t, page, s)
	for _, at := range []struct{ scheme, size string }{{"0", "390,844"}, {"1", "390,844"}, {"0", "1280,900"}, {"1", "1280,900"}} { // dark, light; phone, desk
		dom := chromium(t, page, "--window-size="+at.size, "--blink-settings=preferredColorScheme="+at.scheme)
		m := regexp.MustCompile(`<pre id="probe">(.*)</pre>`).FindStringSubmatch(dom)
		if m == nil {
			t.Fatalf("%s: axe did not finish", name)
		}
		var got struct {
			Found               []string
			Passes, Wide, Inner int
		}
		text := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(m[1])
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Found) > 0 {
			t.Errorf("%s, scheme %s, %s: %s", name, at.scheme, at.size, strings.Join(got.Found, "\n"))
		}
		if got.Wide > got.Inner || (got.Inner > 500) != (at.size == "1280,900") {
			t.Errorf("%s is %d pixels wide in a window of %d", name, got.Wide, got.Inner)
		}
	}
}

// TestOnePage: the PDF is one page, the card has its size.
func TestOnePage(t *testing.T) {
	t.Parallel()
	notRaced(t, "a browser reads a finished report")
	if _, err := exec.LookPath("chromium"); err != nil {
		missing(t, "Chromium is not installed: apt-get install chromium")
	}
	dir := browserRun(t)
	if status, said := program(t, dir, noEnv, "report", "out", "--format", "pdf,png", "-o", "out"); status != 0 {
		t.Fatal(said)
	}
	pdf, err := os.ReadFile(filepath.Join(dir, "out", "summary.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf, -1)); n != 1 || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("the PDF has %d pages", n)
	}
	f, err := os.Open(filepath.Join(dir, "out", "card.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if c, err := png.DecodeConfig(f); err != nil || c.Width != 1200 || c.Height != 630 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestOnePageWithoutChromium(t *testing.T) {
	t.Parallel()
	dir := browserRun(t)
	env := func(k string) string {
		if k == "FAIRTRIAL_CHROMIUM" {
			return "/nowhere/chromium"
		}
		return noEnv(k)
	}
	status, said := program(t, dir, env, "report", "out", "--format", "pdf", "-o", "pdf")
	if status != 2 || !strings.Contains(said, "FAIRTRIAL_CHROMIUM: no program at /nowhere/chromium") {
		t.Errorf("%d: %s", status, said)
	}
	if _, err := os.Stat(filepath.Join(dir, "pdf", "summary.pdf")); err == nil {
		t.Error("a file was left")
	}
	if _, said := program(t, dir, noEnv, "report", "out", "--format", "nothing"); !strings.Contains(said, "summary, pdf, png") {
		t.Errorf("the formats are not all named: %s", said)
	}
}
