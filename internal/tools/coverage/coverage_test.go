package main

import (
	"os"
	"testing"
)

// The promise of docs/statistics.md: 4 000 draws a design in the slow suite, a small
// sample of one design otherwise, so that the path is exercised on every run.
func TestCoverage(t *testing.T) {
	designs, draws := grid(), 4000
	if os.Getenv("FAIRTRIAL_SLOW") == "" {
		designs, draws = designs[1:2], 150
	}
	if testing.Short() { // under the race detector: the way is taken, by all workers
		draws = 12
	}
	for _, d := range designs {
		cs, err := simulate(d, draws, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cs {
			if f, ok := floor(c); ok && c.share() < f {
				t.Errorf("%s, %s: coverage %.4f of %d draws (%d undefined), promised at least %.4f", d.name, c.quantity, c.share(), c.draws, c.undefined, f)
			}
		}
	}
}
