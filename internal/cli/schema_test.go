package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/cases"
	"github.com/fairtrial/fairtrial/internal/plan"
)

// Every parameter of the catalogue stands in the plan's schema, so that an editor does not
// underline it.
func TestSchemaKnowsParameters(t *testing.T) {
	var s struct {
		Defs struct {
			Metric struct {
				OneOf []struct {
					Properties map[string]any `json:"properties"`
				} `json:"oneOf"`
			} `json:"metric"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(plan.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	known := s.Defs.Metric.OneOf[1].Properties
	if len(known) == 0 {
		t.Fatal("the schema has no metric")
	}
	for _, task := range cases.Tasks() {
		for _, m := range catalogue().All(task) {
			for _, p := range m.Params {
				if _, ok := known[p.Name]; !ok && !strings.HasPrefix(p.Name, "cost_") {
					t.Errorf("the schema does not know %s of %s", p.Name, m.Name)
				}
			}
		}
	}
}
