//go:build !snowflake && !bigquery

package connect

import (
	"errors"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/engine"
)

func TestWithoutTags(t *testing.T) {
	for _, kind := range []string{"snowflake", "bigquery"} {
		_, err := puller(t).Pull(t.Context(), Query{Name: "w", Kind: kind, Address: kind + "://x"})
		var wrong *engine.DataError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "this build of fairtrial cannot read "+kind) || !strings.Contains(wrong.Hint, "-tags "+kind) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
