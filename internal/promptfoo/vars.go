package promptfoo

import "sort"

// vars are variables in the order in which they were first written.
type vars struct {
	names  []string
	values map[string]any
}

func newVars() *vars { return &vars{values: map[string]any{}} }

func (v *vars) put(name string, x any) {
	if _, ok := v.values[name]; !ok {
		v.names = append(v.names, name)
	}
	v.values[name] = x
}

// combinations are promptfoo's: each value of a list whose first is a text with each of
// the others, the first variable slowest.
func (v *vars) combinations(expand bool) []map[string]any {
	out := []map[string]any{{}}
	for _, name := range v.names {
		values := []any{v.values[name]}
		if list, ok := v.values[name].([]any); ok && expand {
			if len(list) == 0 {
				values = nil
			} else if _, text := list[0].(string); text {
				values = list
			}
		}
		var next []map[string]any
		for _, c := range out {
			for _, x := range values {
				m := make(map[string]any, len(c)+1)
				for k, y := range c {
					m[k] = y
				}
				m[name] = x
				if next = append(next, m); len(next) > mostCases {
					return next
				}
			}
		}
		out = next
	}
	return out
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
