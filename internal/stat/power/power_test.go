package power

import (
	"math"
	"testing"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
)

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %.10f, want %.10f", what, got, want)
	}
}

// R 4.2: power.prop.test, power.t.test, pROC power.roc.test, each with tolerance
// 1e-12 and to all printed digits; the rest are closed forms evaluated in R. Power 80
// % and two-sided 5 % unless said.
func TestRowsOfKnownDesigns(t *testing.T) {
	near(t, "proportions .90 .92", TwoProportions(.90, .92, .05, .8), 3212.937062, 5e-7)
	near(t, "proportions .10 .12", TwoProportions(.10, .12, .05, .8), 3840.847482, 5e-7)
	near(t, "means", Means(.03, .5, .05, .8), 4361.449314, 1e-6)
	near(t, "paired means", PairedMeans(.2, 1, .05, .8), 198.1513013, 5e-8)
	near(t, "McNemar", McNemar(.06, .04, .05, .8), 1959.860407, 5e-7)
	near(t, "McNemar", McNemar(.10, .05, .05, .8), 468.5679795, 5e-8)
	near(t, "McNemar", McNemar(.03, .02, .05, .8), 3922.081168, 5e-7)
	near(t, "non-inferiority", NonInferiorityPaired(.10, 0, .02, .025, .8), 1962.22, 5e-3)
	near(t, "non-inferiority", NonInferiorityPaired(.10, 0, .01, .025, .8), 7848.88, 5e-3)
	near(t, "non-inferiority", NonInferiorityPaired(.05, 0, .01, .025, .8), 3924.44, 5e-3)
	near(t, "non-inferiority .05", NonInferiorityPaired(.10, 0, .01, .05, .8), 6182.56, 5e-3)
	near(t, "unpaired non-inferiority", NonInferiorityUnpaired(.9, .9, .02, .025, .8), 3532.00, 5e-3)
	near(t, "AUC", AUC(.8, 1, .05, .9), 16.6191992, 5e-8)
}

func TestSmallestEffect(t *testing.T) {
	near(t, "per standard error", SmallestEffect(1, .05, .8), 2.8016, 5e-5)
	near(t, "one-sided", SmallestEffect(1, .10, .8), 2.4865, 5e-5)
	near(t, "McNemar psi .10 n 2000", SmallestEffect(math.Sqrt(.1/2000), .05, .8), .0198, 5e-5)
}

// The generic rule agrees with the special ones where they share a variance, and
// undoes SmallestEffect.
func TestRowsNeeded(t *testing.T) {
	se := math.Sqrt(.10 / 2000)
	near(t, "paired", RowsNeeded(2000, se, .01, .05, .8), NonInferiorityPaired(.10, 0, .01, .05, .8), 1e-8)
	near(t, "at the smallest effect", RowsNeeded(2000, se, SmallestEffect(se, .05, .8), .025, .8), 2000, 1e-9)
	near(t, "sign of the distance", RowsNeeded(50, .1, -.2, .025, .9), RowsNeeded(50, .1, .2, .025, .9), 0)
	// Rows for the paired difference of two areas: n·(SE·(z+z)/distance)².
	near(t, "by hand", RowsNeeded(113, .05, .05, .025, .8), 113*math.Pow(1.959963984540054+.8416212335729143, 2), 1e-9)
}

// Questions of an LLM evaluation (Miller 2024): (z+z)²(w²+s_A²/K_A+s_B²/K_B)/d²,
// in whole questions, with w² = 1/9 and d = .03.
func TestRowsNeededForQuestions(t *testing.T) {
	near(t, "many samples", RowsNeeded(1, math.Sqrt(1./9), .03, .025, .8), 969, .5)
	near(t, "one sample", RowsNeeded(1, math.Sqrt(1./9+1./6+1./6), .03, .025, .8), 3876, .5)
}

func TestPairingGain(t *testing.T) {
	p, psi := .9, .10
	gain := NonInferiorityUnpaired(p, p, .01, .05, .8) / NonInferiorityPaired(psi, 0, .01, .05, .8)
	near(t, "pairing gain 2p(1-p)/psi", gain, 2*p*(1-p)/psi, 1e-12)
}

func TestDesignEffect(t *testing.T) {
	near(t, "ten rows a user, icc .1", DesignEffect(10, .1), 1.9, 1e-15)
	near(t, "single rows", DesignEffect(1, .7), 1, 0)
}

// At the returned size the power of the t test is what was asked.
func TestMeansReachTheirPower(t *testing.T) {
	for _, effect := range []float64{.02, .1, .5, 1, 2.5} {
		for _, power := range []float64{.3, .8, .95} {
			n := PairedMeans(effect, 1, .05, power)
			if n > 2 {
				crit := dist.TQuantile(.975, n-1)
				near(t, "power", 1-dist.NoncentralTCDF(crit, n-1, effect*math.Sqrt(n)), power, 1e-9)
			}
			normal := RowsNeeded(1, 1, effect, .025, power)
			if n < normal || n > normal+4 && n > 2 {
				t.Errorf("effect %g power %g: %g pairs, %g by the normal", effect, power, n, normal)
			}
		}
	}
	if n := PairedMeans(100, 1, .05, .8); n != 2 {
		t.Errorf("an obvious effect needs %g pairs, want the least, 2", n)
	}
}

func TestRefusals(t *testing.T) {
	nan := math.NaN()
	for what, x := range map[string]float64{
		"no difference": TwoProportions(.5, .5, .05, .8), "no effect": Means(0, 1, .05, .8), "no spread": PairedMeans(.1, 0, .05, .8), "absurd effect": PairedMeans(101, 1, .05, .8),
		"p above 1": TwoProportions(.5, 1.2, .05, .8), "equal discordance": McNemar(.05, .05, .05, .8), "psi above 1": McNemar(.7, .6, .05, .8),
		"beyond the margin": NonInferiorityPaired(.1, -.02, .01, .05, .8), "d above psi": NonInferiorityPaired(.01, .02, .01, .05, .8),
		"unpaired beyond": NonInferiorityUnpaired(.7, .8, .05, .05, .8), "chance": AUC(.5, 1, .05, .9), "perfect": AUC(1, 1, .05, .9),
		"power 1": RowsNeeded(100, .1, .1, .05, 1), "alpha 0": RowsNeeded(100, .1, .1, 0, .8), "no distance": RowsNeeded(100, .1, 0, .05, .8),
		"no error": RowsNeeded(100, 0, .1, .05, .8), "NaN": RowsNeeded(100, nan, .1, .05, .8), "effect, alpha 2": SmallestEffect(1, 2, .8),
	} {
		if !math.IsNaN(x) {
			t.Errorf("%s = %v, want NaN", what, x)
		}
	}
}
