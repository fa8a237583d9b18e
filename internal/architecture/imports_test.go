package architecture

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/fairtrial/fairtrial/"

// layers reads testdata/layers.txt: `level package` lines, `deny package import`
// lines and `module path [package …]` lines, the packages that may import a module.
func layers(t *testing.T) (level map[string]int, deny [][2]string, modules map[string][]string) {
	t.Helper()
	f, err := os.Open("testdata/layers.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	level, modules = map[string]int{}, map[string][]string{}
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		w := strings.Fields(strings.SplitN(s.Text(), "#", 2)[0])
		switch {
		case len(w) == 0:
		case w[0] == "deny" && len(w) == 3:
			deny = append(deny, [2]string{w[1], w[2]})
		case w[0] == "module" && len(w) >= 3:
			modules[w[1]] = w[2:]
		case len(w) == 2:
			l, err := strconv.Atoi(w[0])
			if err != nil {
				t.Fatalf("layers.txt:%d: %v", n, err)
			}
			level[w[1]] = l
		default:
			t.Fatalf("layers.txt:%d: not a rule: %q", n, s.Text())
		}
	}
	return level, deny, modules
}

type pkg struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p pkg
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// TestImports: every package is listed with its level and imports nothing above it
// (same level only where both are listed and Go's own cycle check allows it); denials
// hold; every third-party module is listed for the packages that use it.
func TestImports(t *testing.T) {
	level, deny, modules := layers(t)
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if name == strings.TrimSuffix(module, "/") {
			continue // the map: doc.go alone
		}
		own, ok := level[name]
		if !ok {
			t.Errorf("package %s is not listed in testdata/layers.txt", name)
			continue
		}
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, module) {
				external(t, name, imp, modules)
				continue
			}
			to := strings.TrimPrefix(imp, module)
			if l, ok := level[to]; ok && l > own {
				t.Errorf("%s (level %d) imports %s (level %d)", name, own, to, l)
			}
			for _, d := range deny {
				if under(name, d[0]) && under(to, d[1]) {
					t.Errorf("%s imports %s, which is denied", name, to)
				}
			}
		}
		for _, imp := range append(p.TestImports, p.XTestImports...) {
			if !strings.HasPrefix(imp, module) {
				external(t, name+" (tests)", imp, modules)
			}
		}
	}
}

func external(t *testing.T, name, imp string, modules map[string][]string) {
	first := strings.SplitN(imp, "/", 2)[0]
	if !strings.Contains(first, ".") { // standard library
		return
	}
	for m, users := range modules {
		if imp != m && !strings.HasPrefix(imp, m+"/") {
			continue
		}
		for _, u := range users {
			if under(strings.TrimSuffix(name, " (tests)"), u) || u == "tests" && strings.HasSuffix(name, " (tests)") {
				return
			}
		}
		t.Errorf("%s imports %s, which testdata/layers.txt does not allow it", name, imp)
		return
	}
	t.Errorf("%s imports %s: third-party modules are listed in testdata/layers.txt and DEPENDENCIES.md", name, imp)
}

func under(name, root string) bool { return name == root || strings.HasPrefix(name, root+"/") }

// TestModulesAreExplained: each direct dependency has its line in DEPENDENCIES.md.
func TestModulesAreExplained(t *testing.T) {
	b, err := os.ReadFile("../../DEPENDENCIES.md")
	if err != nil {
		t.Fatal(err)
	}
	_, _, modules := layers(t)
	for m := range modules {
		if !strings.Contains(string(b), "`"+m+"`") {
			t.Errorf("DEPENDENCIES.md has no line for `%s`", m)
		}
	}
}
