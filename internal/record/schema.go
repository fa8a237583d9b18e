package record

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/fairtrial/fairtrial/internal/result"
)

// Schema is the JSON Schema (2020-12) of a record, made from its Go types.
func Schema() ([]byte, error) {
	number := reflect.TypeOf(result.Number(0))
	r := &jsonschema.Reflector{
		ExpandedStruct: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			if t == number { // an absent number is null, never NaN
				return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "number"}, {Type: "null"}}}
			}
			if t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Int64 {
				return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "integer"}, {Type: "null"}}}
			}
			return nil
		},
	}
	s := r.Reflect(&Record{})
	s.Title = "fairtrial record"
	s.ID = "https://fairtrial.dev/schema/record/v1"
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("make record schema: %w", err)
	}
	return b, nil
}
