package local_test

import (
	"testing"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/engine/enginetest"
	"github.com/fairtrial/fairtrial/internal/engine/local"
)

func TestConformance(t *testing.T) { enginetest.Run(t, func() engine.Engine { return local.New() }) }
