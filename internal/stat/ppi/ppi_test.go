package ppi

import (
	"errors"
	"math"
	"os"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
)

func draws(t *testing.T, few int) int {
	t.Helper()
	if os.Getenv("FAIRTRIAL_SLOW") != "" {
		return 20000
	}
	return few
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// answers draws a system of which a share is good, as a judge of given errors sees it;
// labels of them are a random part.
func answers(r *resample.RNG, n, labels int, share, se, sp float64) []Row {
	rows := make([]Row, n)
	for i := range rows {
		good := r.Float64() < share
		passed := r.Float64() < se
		if !good {
			passed = r.Float64() >= sp
		}
		rows[i] = Row{Judge: flag(passed), Label: math.NaN()}
		if i < labels {
			rows[i].Label = flag(good)
		}
	}
	return rows
}

func covers(value, se, df, truth float64) bool {
	return math.Abs(value-truth) <= dist.TQuantile(0.975, df)*se
}

// Show: the corrected interval of a judge of sensitivity .85 and specificity .70 holds the
// truth and is narrower than that of the labels alone; the raw one does not hold it.
func TestCoverage(t *testing.T) {
	reps := draws(t, 800)
	for _, c := range []struct {
		labels, rows  int
		share, se, sp float64
	}{
		{200, 5000, .7, .85, .70},
		{100, 3000, .5, .85, .70},
		{500, 20000, .9, .95, .7},
		{200, 5000, .7, .6, .5}, // a useless judge costs nothing
	} {
		if testing.Short() && c.rows > 5000 {
			continue
		}
		r := resample.NewRNG(1, "ppi")
		var held, heldRaw int
		var width, alone float64
		for range reps {
			e, err := Mean(answers(r, c.rows, c.labels, c.share, c.se, c.sp), false)
			if err != nil {
				t.Fatal(err)
			}
			q := dist.TQuantile(0.975, e.DF)
			held += int(flag(covers(e.Value, e.SE, e.DF, c.share)))
			heldRaw += int(flag(covers(e.Raw, e.RawSE, e.DF, c.share)))
			width += 2 * q * e.SE / float64(reps)
			alone += 2 * q * e.LabelsOnlySE / float64(reps)
		}
		share, raw := 100*float64(held)/float64(reps), 100*float64(heldRaw)/float64(reps)
		t.Logf("%d of %d labelled, share %.1f, Se %.2f, Sp %.2f: covers %.1f %% (raw %.1f %%), width %.4f (labels alone %.4f)", c.labels, c.rows, c.share, c.se, c.sp, share, raw, width, alone)
		slack := 3.1 * 100 * math.Sqrt(.94*.06/float64(reps))
		if share < 94-slack {
			t.Errorf("covers %.1f %%", share)
		}
		if useless := c.se+c.sp < 1.2; !useless && (raw > 60 || width >= alone) || useless && width > 1.01*alone {
			t.Errorf("raw covers %.1f %%, width %.4f, labels alone %.4f", raw, width, alone)
		}
	}
}

// Labels drawn with unequal known chances: most where the judge is unsure. Weighted by
// them the interval holds; unweighted it would not.
func TestChosenLabels(t *testing.T) {
	reps := draws(t, 800)
	r := resample.NewRNG(2, "chosen")
	held, heldUnweighted := 0, 0
	for range reps {
		rows := answers(r, 6000, 0, .7, .85, .70)
		plain := make([]Row, 0, len(rows))
		for i := range rows {
			chance := 0.02
			if rows[i].Judge == 0 {
				chance = 0.2
			}
			rows[i].Chance = chance
			if r.Float64() < chance {
				// the truth behind what the judge saw, by Bayes' rule
				good := .7 * .85 / (.7*.85 + .3*.30)
				if rows[i].Judge == 0 {
					good = .7 * .15 / (.7*.15 + .3*.70)
				}
				rows[i].Label = flag(r.Float64() < good)
			}
			x := rows[i]
			x.Chance = 0
			plain = append(plain, x)
		}
		e, err := Mean(rows, false)
		if err != nil {
			t.Fatal(err)
		}
		u, err := Mean(plain, false)
		if err != nil {
			t.Fatal(err)
		}
		held += int(flag(covers(e.Value, e.SE, e.DF, .7)))
		heldUnweighted += int(flag(covers(u.LabelsOnly, u.LabelsOnlySE, u.DF, .7)))
	}
	share := 100 * float64(held) / float64(reps)
	t.Logf("covers %.1f %%; labels taken as if drawn evenly %.1f %%", share, 100*float64(heldUnweighted)/float64(reps))
	if share < 94-3.1*100*math.Sqrt(.94*.06/float64(reps)) || heldUnweighted > reps/2 {
		t.Errorf("covers %.1f %%", share)
	}
}

// Conversations of ten answers that share their fate: rows alone are too sure.
func TestClusters(t *testing.T) {
	reps := draws(t, 800)
	r := resample.NewRNG(3, "clusters")
	held, heldRows := 0, 0
	for range reps {
		var rows []Row
		for g := range 400 {
			level := .4 + .6*r.Float64() // mean .7
			labelled := g < 60
			for range 10 {
				x := answers(r, 1, 0, level, .85, .70)[0]
				if labelled {
					x = answers(r, 1, 1, level, .85, .70)[0]
				}
				x.Cluster = g
				rows = append(rows, x)
			}
		}
		e, err := Mean(rows, true)
		if err != nil {
			t.Fatal(err)
		}
		held += int(flag(covers(e.Value, e.SE, e.DF, .7)))
		e, err = Mean(rows, false)
		if err != nil {
			t.Fatal(err)
		}
		heldRows += int(flag(covers(e.Value, e.SE, e.DF, .7)))
	}
	share, rows := 100*float64(held)/float64(reps), 100*float64(heldRows)/float64(reps)
	t.Logf("covers %.1f %%; as if rows were independent %.1f %%", share, rows)
	if share < 94-3.1*100*math.Sqrt(.94*.06/float64(reps)) || rows > share-3 {
		t.Errorf("covers %.1f %% by cluster, %.1f %% by row", share, rows)
	}
}

// Two systems of the same quality; the judge errs more on one of them. The raw difference is
// "significant" nearly always, the corrected one in 5 %.
func TestPairedDifference(t *testing.T) {
	reps := draws(t, 800)
	r := resample.NewRNG(4, "paired")
	better, rawBetter := 0, 0
	for range reps {
		a, b := answers(r, 5000, 300, .7, .85, .70), answers(r, 5000, 300, .7, .85, .80)
		for i := range a {
			a[i].Judge -= b[i].Judge
			a[i].Label -= b[i].Label
		}
		e, err := Mean(a, false)
		if err != nil {
			t.Fatal(err)
		}
		better += int(flag(!covers(e.Value, e.SE, e.DF, 0)))
		rawBetter += int(flag(!covers(e.Raw, e.RawSE, e.DF, 0)))
	}
	share := 100 * float64(better) / float64(reps)
	t.Logf("significant %.1f %%, raw %.1f %%", share, 100*float64(rawBetter)/float64(reps))
	if share > 6+3.1*100*math.Sqrt(.06*.94/float64(reps)) || rawBetter < reps/2 {
		t.Errorf("significant in %.1f %%", share)
	}
}

// The published numbers of the design: π = .2667, SE .0262.
func TestRoganGladen(t *testing.T) {
	raw, n := .30, 5000.0
	c, err := RoganGladen(raw, math.Sqrt(raw*(1-raw)/n), Card{Good: 120, GoodPassed: 102, Bad: 180, BadFailed: 162})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(c.Value-.2666666667) > 1e-9 || math.Abs(c.SE-.0262109204) > 1e-9 {
		t.Errorf("%.10f, SE %.10f", c.Value, c.SE)
	}
	if _, err := RoganGladen(.5, .01, Card{Good: 100, GoodPassed: 50, Bad: 100, BadFailed: 55}); !errors.Is(err, ErrBlindJudge) {
		t.Errorf("a blind judge: %v", err)
	}
	if _, err := RoganGladen(.5, .01, Card{Good: 100, GoodPassed: 90, Bad: 10, BadFailed: 9}); !errors.Is(err, ErrFewLabels) {
		t.Errorf("few labels: %v", err)
	}
	if c, err := RoganGladen(.05, .01, Card{Good: 100, GoodPassed: 90, Bad: 100, BadFailed: 90}); err != nil || !c.Clipped || c.Value != 0 {
		t.Errorf("%+v %v", c, err)
	}
}

// A judge whose specificity differs from system to system: with the cards of earlier systems
// a new system of the very same quality is called better or worse in at most 5 %; with one
// card taken for granted, far more often.
func TestTransportedCard(t *testing.T) {
	reps := draws(t, 3000)
	card := func(r *resample.RNG, se, sp float64) Card {
		c := Card{Good: 200, Bad: 100}
		c.GoodPassed, c.BadFailed = int(r.Binomial(200, se)), int(r.Binomial(100, sp))
		return c
	}
	for _, systems := range []int{3, 5, 8} {
		r := resample.NewRNG(5, "transport")
		wrong, granted := 0, 0
		width := 0.0
		for range reps {
			var cards []Card
			for range systems {
				cards = append(cards, card(r, .85, .80+.05*r.Normal()))
			}
			const share, n = .7, 3000
			p := share*.85 + (1-share)*(1-(.80+.05*r.Normal()))
			raw := float64(r.Binomial(n, p)) / n
			se := math.Sqrt(raw * (1 - raw) / n)
			c, err := Transported(raw, se, cards)
			if err != nil {
				t.Fatal(err)
			}
			wrong += int(flag(!covers(c.Value, c.SE, c.DF, share)))
			width += 2 * dist.TQuantile(.975, c.DF) * c.SE / float64(reps)
			one, err := RoganGladen(raw, se, cards[0])
			if err != nil {
				t.Fatal(err)
			}
			granted += int(flag(!covers(one.Value, one.SE, one.DF, share)))
		}
		share := 100 * float64(wrong) / float64(reps)
		t.Logf("%d systems: wrongly different in %.1f %% (width %.3f); one card taken for granted %.1f %%", systems, share, width, 100*float64(granted)/float64(reps))
		if share > 5+3.1*100*math.Sqrt(.05*.95/float64(reps)) {
			t.Errorf("%d systems: wrongly different in %.1f %%", systems, share)
		}
	}
	if _, err := Transported(.5, .01, make([]Card, 2)); !errors.Is(err, ErrFewSystems) {
		t.Errorf("two systems: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	r := resample.NewRNG(6)
	if _, err := Mean(answers(r, 1000, 99, .5, .9, .9), false); !errors.Is(err, ErrFewLabels) {
		t.Errorf("99 labels: %v", err)
	}
	rows := answers(r, 1000, 200, .5, .9, .9)
	rows[3].Judge = math.NaN()
	if _, err := Mean(rows, false); err == nil {
		t.Error("a row without a score was taken")
	}
	rows = answers(r, 1000, 200, .5, .9, .9)
	rows[3].Chance = 0.5
	if _, err := Mean(rows, false); err == nil {
		t.Error("chances of some labels only were taken")
	}
	rows[3].Chance = 1.5
	if _, err := Mean(rows, false); err == nil {
		t.Error("a chance above 1 was taken")
	}
	rows = answers(r, 1000, 200, .5, .9, .9)
	if _, err := Mean(rows, true); !errors.Is(err, ErrFewLabels) {
		t.Errorf("one cluster: %v", err)
	}
	// All rows labelled: nothing is left to predict, and the labels decide.
	e, err := Mean(answers(r, 400, 400, .5, .9, .9), false)
	if err != nil || math.Abs(e.Value-e.LabelsOnly) > 1e-12 {
		t.Errorf("%+v %v", e, err)
	}
}
