package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

func drawn(t *testing.T, curves ...record.Curve) []chartView {
	t.Helper()
	half := 0.5
	r := &record.Record{Plan: &plan.Plan{Confidence: 0.95, Models: []plan.Model{{Key: "candidate", Threshold: &half}, {Key: "a<b & c"}}}, Curves: curves}
	views := charts(r)
	for _, v := range views {
		d := xml.NewDecoder(strings.NewReader(string(v.SVG)))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: not XML: %v\n%s", v.Title, err, v.SVG)
			}
		}
		for _, bad := range []string{"NaN", "Inf", "−0<", "a<b"} {
			if strings.Contains(string(v.SVG), bad) {
				t.Errorf("%s holds %q", v.Title, bad)
			}
		}
		for _, row := range v.Rows {
			if len(row) != len(v.Columns) {
				t.Errorf("%s: a row of %d in %d columns", v.Title, len(row), len(v.Columns))
			}
		}
	}
	return views
}

func n(xs ...float64) (out []result.Number) {
	for _, x := range xs {
		out = append(out, result.Number(x))
	}
	return out
}

func TestCharts(t *testing.T) {
	none := math.NaN()
	roc := record.Curve{Kind: "roc", Model: "candidate", Slice: "overall", Points: [][]result.Number{n(0, 0, 0, 0, none), n(0.1, 0.6, 0.5, 0.7, 0.7), n(0.4, 0.9, 0.8, 0.95, 0.5), n(1, 1, 0.99, 1, 0)}}
	odd := roc
	odd.Model = "a<b & c"
	long := record.Curve{Kind: "precision_recall", Model: "candidate", Slice: "overall"}
	for i := range 200 {
		long.Points = append(long.Points, n(float64(i+1)/200, 0.5, 0.4, 0.6, 1-float64(i)/200))
	}
	flat := record.Curve{Kind: "cost", Model: "candidate", Slice: "overall", Points: [][]result.Number{n(0.5, 0), n(0.5, 0)}}
	bins := record.Curve{Kind: "reliability", Model: "candidate", Slice: "overall", Points: [][]result.Number{n(0.001, 0, 0, 0.01, 30), n(0.02, 0.015, 0.01, 0.03, 30)}}
	views := drawn(t, roc, odd, long, flat, bins)
	if len(views) != 4 {
		t.Fatalf("%d charts", len(views))
	}
	if !strings.Contains(string(views[0].SVG), "a&lt;b &amp; c") || strings.Count(string(views[0].SVG), `class="line`) != 2 {
		t.Error("two models are not drawn and named")
	}
	// The dot of the threshold 0.5 stands at the point (0.4, 0.9) of the ROC curve.
	x, y := axis{0, 1, plotLeft, plotRight}.at(0.4), axis{0, 1, plotLow, plotTop}.at(0.9)
	if want := `cx="` + trim(x) + `" cy="` + trim(y) + `" r="4"`; !strings.Contains(string(views[0].SVG), want) {
		t.Errorf("no dot %s", want)
	}
	if len(views[1].Rows) > 20 || views[1].Note == "" {
		t.Errorf("a table of %d rows, note %q", len(views[1].Rows), views[1].Note)
	}
	if got := drawn(t, record.Curve{Kind: "roc", Model: "candidate", Slice: "overall"}, record.Curve{Kind: "new kind", Model: "candidate", Slice: "overall", Points: roc.Points}); len(got) != 0 {
		t.Errorf("%d charts of nothing", len(got))
	}
}

func trim(x float64) string { return fmt.Sprintf("%.1f", x) }

func TestTicks(t *testing.T) {
	for _, a := range []axis{{0, 1, 0, 1}, {0, 0.037, 0, 1}, {-3, 12, 0, 1}, {0.5, 1e6, 0, 1}, {-1e-9, 1e-9, 0, 1}} {
		ticks := a.ticks()
		if len(ticks) < 3 || len(ticks) > 8 {
			t.Errorf("%v: %d ticks %v", a, len(ticks), ticks)
		}
		for i, x := range ticks {
			if x < a.lo-1e-12 || x > a.hi*(1+1e-9)+1e-12 || i > 0 && x <= ticks[i-1] || x == 0 && math.Signbit(x) {
				t.Errorf("%v: tick %g", a, x)
			}
		}
	}
}
