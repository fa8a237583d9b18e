package power

import "testing"

func TestScratch(t *testing.T) {
	t.Log(TwoProportions(.9, .92, .05, .8), TwoProportions(.1, .12, .05, .8), 3212.937062, 3840.847482)
	t.Logf("%.7f %.7f", Means(.03, .5, .05, .8), PairedMeans(.2, 1, .05, .8))
	t.Logf("%.7f %.7f %.7f", McNemar(.06, .04, .05, .8), McNemar(.1, .05, .05, .8), AUC(.8, 1, .05, .9))
}
