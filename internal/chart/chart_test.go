package chart

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/result"
)

func TestUnknownIsNullAndBandsNeedIntervals(t *testing.T) {
	f := Frame{Title: "t", XHigh: 1, YHigh: 1, Vertical: result.None()}
	plain := []Point{{Series: "a", X: 0, Y: result.None(), Lower: result.None(), Upper: result.None()}}
	banded := append([]Point{{Series: "a", X: 0, Y: 0.5, Lower: 0.4, Upper: 0.6}}, plain...)
	for _, c := range []struct {
		points []Point
		area   bool
	}{{plain, false}, {banded, true}} {
		b, err := json.Marshal(Lines(f, c.points, []string{"a"}, []string{"--candidate"}, false))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), `"y":null`) || strings.Contains(string(b), `"area"`) != c.area {
			t.Errorf("%s", b)
		}
	}
}

func TestIntervalsKeepTheirOrder(t *testing.T) {
	s := Intervals(Frame{Vertical: 0}, []Point{{Series: "z", Colour: "--fail"}, {Series: "a", Colour: "--pass"}})
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"sort":["z","a"]`, `"colour":"var(--fail)"`, `"scale":null`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
}
