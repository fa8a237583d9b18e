package plan

import _ "embed"

//go:embed schema.json
var schema []byte //nolint:gochecknoglobals // an embedded file

// Schema is the JSON Schema (2020-12) of a plan as it is written.
func Schema() []byte { return append([]byte(nil), schema...) }
