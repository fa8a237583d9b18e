package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// casesReport is the report of the example of answers.
func casesReport(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../examples/support-answers")); err != nil {
		t.Fatal(err)
	}
	if status, said := program(t, dir, noEnv, "run", "plan.yaml", "-o", "out"); status != 1 {
		t.Fatalf("%d: %s", status, said)
	}
	b, err := os.ReadFile(filepath.Join(dir, "out", "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// drive sets the filters one after the other, and notes what is left.
const drive = `setTimeout(async () => {
  const form = document.querySelector("form.filters"), said = [];
  const set = async (values) => {
    form.reset();
    await new Promise((f) => setTimeout(f, 50));
    for (const [name, value] of Object.entries(values)) {
      form.elements[name].value = value;
      form.elements[name].dispatchEvent(new Event("input", {bubbles: true}));
    }
    await new Promise((f) => setTimeout(f, 400));
    const shown = [...document.querySelectorAll("details.case")].filter((c) => !c.hidden && !c.parentElement.hidden && c.parentElement.open);
    said.push(shown.length + "/" + [...document.querySelectorAll("details.cases")].filter((g) => !g.hidden).length + ": " + form.querySelector("[role=status]").textContent);
  };
  await set({kind: "pass_to_fail"});
  await set({kind: "flip", slice: [...form.elements.slice.options].find((o) => o.text === "topic=returns").value});
  await set({scorer: "0", from: "0.5"});
  await set({scorer: "0", from: "0.5", to: "0.6"});
  await set({kind: "lacking"});
  await set({});
  const pre = document.createElement("pre"); pre.id = "driven"; pre.textContent = said.join("\n"); document.body.append(pre);
}, 100);`

// TestBrowserFiltersCases: under the page's own policy there are filters, which find cases
// and say how many; without a script there are none, and every case stands.
func TestBrowserFiltersCases(t *testing.T) {
	t.Parallel()
	notRaced(t, "a browser reads a finished report")
	s := casesReport(t)
	if len(s) > 2_000_000 {
		t.Errorf("the report has %d bytes", len(s))
	}
	policy := regexp.MustCompile(`script-src( 'sha256-[^']*')+`)
	for name, want := range map[string]bool{"on": true, "off": false} {
		page := filepath.Join(t.TempDir(), name+".html")
		still := s
		if !want {
			still = policy.ReplaceAllString(s, "script-src 'none'")
		}
		write(t, page, still)
		dom := chromium(t, page)
		if has := regexp.MustCompile(`<form class="filters"[^>]*hidden`).MatchString(dom); has == want {
			t.Errorf("scripts %s: filters are hidden: %v", name, has)
		}
		if strings.Contains(dom, "All 41 cases on this page.") != want || strings.Count(dom, `<details class="case"`) != 41 || regexp.MustCompile(`<details class="cases?"[^>]*hidden`).MatchString(dom) {
			t.Errorf("scripts %s: not every case stands", name)
		}
	}
	page := filepath.Join(t.TempDir(), "driven.html")
	write(t, page, strings.Replace(regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllString(s, ""), "</body>", "<script>"+drive+"</script></body>", 1))
	m := regexp.MustCompile(`(?s)<pre id="driven">(.*)</pre>`).FindStringSubmatch(chromium(t, page))
	want := "12/1: 12 of 41 cases on this page match.\n2/1: 2 of 41 cases on this page match.\n25/5: 25 of 41 cases on this page match.\n0/0: None of the 41 cases on this page matches; the data may have others.\n0/0: None of the 41 cases on this page matches; the data may have others.\n19/5: All 41 cases on this page."
	if m == nil || m[1] != want {
		t.Errorf("%q", m)
	}
}

// TestBrowserCasesPage: axe finds nothing on the page of cases, folded or with all open.
func TestBrowserCasesPage(t *testing.T) {
	t.Parallel()
	notRaced(t, "a browser reads a finished report")
	axe, err := os.ReadFile("../../web/node_modules/axe-core/axe.min.js")
	if err != nil {
		missing(t, "axe-core is not installed: make web")
	}
	s := casesReport(t)
	accessible(t, string(axe), s, "cases.html")
	accessible(t, string(axe), strings.ReplaceAll(s, "<details ", "<details open "), "open.html")
}

// TestBrowserHostileCases: long words and signs of all kinds neither run nor widen the page.
func TestBrowserHostileCases(t *testing.T) {
	t.Parallel()
	notRaced(t, "a browser reads a finished report")
	axe, err := os.ReadFile("../../web/node_modules/axe-core/axe.min.js")
	if err != nil {
		missing(t, "axe-core is not installed: make web")
	}
	b := newLiteralBench(t)
	text := `</p><script>document.title="ran"</script>\u202eevil\u001b[2J שלום ` + strings.Repeat("long", 800)
	b.write("cases.jsonl", strings.ReplaceAll(`{"id": "a", "q": "T", "ref": "In Rome", "ctx": ["T"]}
{"id": "bT", "q": "T", "ref": "In May", "ctx": ["T"]}
`, "T", strings.ReplaceAll(text, `"`, `\"`)))
	for i, m := range []string{"candidate.jsonl", "baseline.jsonl"} {
		b.write(m, strings.ReplaceAll(`{"id": "a", "output": "T `+[]string{"In Rome", "x"}[i]+`"}
{"id": "bT", "output": "T"}
`, "T", strings.ReplaceAll(text, `"`, `\"`)))
	}
	b.write("plan.yaml", "name: hostile\ntask: rag\ndata: {source: cases.jsonl, columns: {id: id, question: q, reference: ref, contexts: ctx}}\nmodels: {"+twoModels+"}\nscorers:\n  - {type: contains, value: \"{{ref}}\", as: right}\n")
	_, stderr := with3(b, "run", "plan.yaml", "-o", "out")
	page, err := os.ReadFile(filepath.Join(b.dir, "out", "report.html"))
	if err != nil {
		t.Fatal(err, stderr)
	}
	s := strings.ReplaceAll(string(page), "<details ", "<details open ")
	file := filepath.Join(b.dir, "open.html")
	write(t, file, s)
	if dom := chromium(t, file); strings.Contains(dom, "<title>ran") || !strings.Contains(dom, "⟨U+202E⟩evil␛[2J שלום") {
		t.Error("a text is more than text")
	}
	accessible(t, string(axe), s, "hostile.html")
}

// TestBrowserJudgedCases: claims with their verdicts, both orders of a comparison and what
// lacks a verdict stand beside the answers; axe finds nothing.
func TestBrowserJudgedCases(t *testing.T) {
	t.Parallel()
	notRaced(t, "a browser reads a finished report")
	axe, err := os.ReadFile("../../web/node_modules/axe-core/axe.min.js")
	if err != nil {
		missing(t, "axe-core is not installed: make web")
	}
	b := newLiteralBench(t)
	b.write("cases.jsonl", `{"id": "a", "q": "Where?", "ref": "In Rome", "ctx": ["In Rome. By the river", "Bread is cheap"]}
{"id": "b", "q": "When?", "ref": "In May", "ctx": ["In May"]}
{"id": "c", "q": "Why?", "ref": "No reason", "ctx": ["No reason"]}
`)
	b.write("candidate.jsonl", `{"id": "a", "output": "In Rome. In Paris, which is longer."}
{"id": "b", "output": "In May."}
{"id": "c", "output": "I do not know."}
`)
	b.write("baseline.jsonl", `{"id": "a", "output": "In Rome."}
{"id": "b", "output": "In June, and that is longer."}
{"id": "c", "output": "No reason."}
`)
	b.kinds("rag", ", contexts: ctx", twoModels, `  - {type: faithfulness, judge: strict}
  - {type: pairwise, as: preferred, judge: strict, rubric: {criterion: Longer is better., shows: [question, answer]}}
`, "  - {metric: preferred, at_least: 0.01, min_rows: 2}\n")
	_, stderr := with3(b, "run", "plan.yaml", "-o", "out")
	page, err := os.ReadFile(filepath.Join(b.dir, "out", "report.html"))
	if err != nil {
		t.Fatal(err, stderr)
	}
	s := string(page)
	for _, want := range []string{
		`<span dir="auto">In Paris, which is longer</span> <strong>unsupported</strong><blockquote dir="auto">In Paris, which is longer</blockquote><p class="soft" dir="auto">by the letter</p>`,
		`<span dir="auto">this answer first, the other second</span> <strong>`, `<span dir="auto">the other answer first, this one second</span> <strong>`, "<em>ungraded</em>", `<td class="n">ungraded</td>`,
	} {
		if !strings.Contains(s, want) {
			t.Errorf("no %s", want)
		}
	}
	accessible(t, string(axe), strings.ReplaceAll(s, "<details ", "<details open "), "judged.html")
}
