package score

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func schemaEntries() []*Entry {
	e := &Entry{Name: "json_schema", Aliases: []string{"json-schema"}, Group: "Structure", Lo: 0, Hi: 1, Direction: Up, Binary: true,
		Meaning: "1 if the output is JSON that fits the schema (draft 2020-12 unless $schema says another; $ref inside the schema alone; formats are checked if asked)",
		Value:   "JSON Schema, as a map or as JSON text", Oracle: "Python jsonschema",
		Params: []Param{{Name: "fence", Kind: Flag, Default: false, Doc: "a Markdown fence around the whole is allowed"}, formatsParam()}}
	e.build = func(a *args) (kernel, error) {
		if !a.HasValue {
			return nil, keyErr("value", "", "missing: json_schema needs a JSON Schema")
		}
		return newSchema(a, false)
	}
	return []*Entry{e}
}

type schemaKernel struct {
	anywhere, fence bool
	formats         bool
	objects         bool               // lists do not count
	schema          *jsonschema.Schema // nil: validity alone
	perCase         *tree              // a schema with variables
}

func newSchema(a *args, anywhere bool) (kernel, error) {
	k := &schemaKernel{anywhere: anywhere, formats: a.flag("formats")}
	if anywhere {
		k.objects = a.flag("objects")
	} else {
		k.fence = a.flag("fence")
	}
	if !a.HasValue {
		return k, nil
	}
	v := a.Value
	if s, ok := v.(string); ok {
		parsed, err := parseJSON(s)
		if err != nil {
			return nil, keyErr("value", "", "expected a JSON Schema, and the text is not JSON: %v", err)
		}
		v = parsed
	}
	t, err := newTree(v)
	if err != nil {
		return nil, keyErr("value", "", "%v", err)
	}
	if t.fill != nil {
		k.perCase = t
		return k, nil
	}
	if k.schema, err = compileSchema(t.constant, k.formats); err != nil {
		return nil, keyErr("value", "", "not a JSON Schema: %v", err)
	}
	return k, nil
}

// noLoader refuses references to files and URLs: a scorer touches neither.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, errors.New("a reference outside the schema is not followed: " + url)
}

func formatsParam() Param {
	return Param{Name: "formats", Kind: Flag, Default: false, Doc: "check `format` in the schema too"}
}

func compileSchema(v any, formats bool) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	if formats {
		c.AssertFormat()
	}
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("mem:schema.json", v); err != nil {
		return nil, err
	}
	return c.Compile("mem:schema.json")
}

func (k *schemaKernel) score(c *Case) Score {
	schema := k.schema
	if k.perCase != nil {
		v, err := k.perCase.of(c)
		if err != nil {
			return ungraded(err.Error())
		}
		if schema, err = compileSchema(v, k.formats); err != nil {
			return ungraded("with this case's variables it is not a JSON Schema: " + err.Error())
		}
	}
	if k.anywhere {
		out := failed("no JSON object or list")
		findJSON(c.Output, !k.objects, func(v any) bool {
			if schema == nil {
				out = passed("JSON found")
				return false
			}
			if err := schema.Validate(v); err != nil {
				out = failed(schemaReason(err))
				return true
			}
			out = passed("JSON that fits the schema")
			return false
		})
		return out
	}
	text := c.Output
	if k.fence {
		text = stripFence(text)
	}
	if schema == nil {
		if json.Valid([]byte(text)) {
			return passed("")
		}
		_, err := parseJSON(text)
		if err == nil {
			return failed("not JSON")
		}
		return failed("not JSON: " + err.Error())
	}
	v, err := parseJSON(text)
	if err != nil {
		return failed("not JSON: " + err.Error())
	}
	if err := schema.Validate(v); err != nil {
		return failed(schemaReason(err))
	}
	return passed("")
}

// schemaReason is the first leaf of a validation error, with where it is.
func schemaReason(err error) string {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return short(err.Error())
	}
	for len(v.Causes) > 0 {
		v = v.Causes[0]
	}
	text := v.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 && strings.Contains(text[:i], "'") {
		text = text[i+2:]
	}
	return short("/" + strings.Join(v.InstanceLocation, "/") + ": " + text)
}
