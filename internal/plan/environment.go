package plan

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// A Lookup gives the value of an environment variable, and whether it is set.
type Lookup func(name string) (string, bool)

// ${NAME}, ${NAME:-default}, and $${ for a literal ${.
var variable = regexp.MustCompile(`\$\$\{|\$\{([^}]*)\}|\$\{`)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces variables in the values of the tree, never in keys: what stands in the
// plan is then as if it had been written there. A value may become a number although it
// is quoted, since YAML asks for quotes about ${ within { }; texts keep their digits.
func (d *decoder) expand(n *node, lookup Lookup) {
	for _, x := range n.items {
		d.expand(x, lookup)
	}
	if n.kind != scalarString || !strings.Contains(n.text, "${") {
		return
	}
	failed := false
	fail := func(hint, format string, args ...any) string {
		if !failed {
			d.fail(n, "", hint, format, args...)
			failed = true
		}
		return ""
	}
	n.text = variable.ReplaceAllStringFunc(n.text, func(m string) string {
		switch {
		case m == "$${":
			return "${"
		case m == "${":
			return fail("close it with }, or write $${ for a plain ${", "a variable is not closed")
		}
		name, otherwise, hasDefault := strings.Cut(m[2:len(m)-1], ":-")
		if !variableName.MatchString(name) {
			return fail("write ${NAME} or ${NAME:-default}", "%q is no name of a variable", name)
		}
		v, ok := "", false
		if lookup != nil {
			v, ok = lookup(name)
		}
		switch {
		case ok:
			n.variable = true
			return v
		case hasDefault:
			return otherwise
		}
		return fail("set it, or give a default: ${"+name+":-…}", "the environment variable %s is not set", name)
	})
	if failed {
		return
	}
	if x, err := strconv.ParseFloat(n.text, 64); err == nil && !math.IsInf(x, 0) && !math.IsNaN(x) {
		n.kind, n.number = scalarNumber, x
	} else if n.text == "true" || n.text == "false" {
		n.kind, n.yes = scalarBool, n.text == "true"
	}
}
