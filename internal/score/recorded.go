package score

import (
	"math"
	"strconv"
)

// recordedEntries: scores that stand beside the answers, from another program's run.
func recordedEntries() []*Entry {
	e := &Entry{Name: "recorded", Group: "Recorded", Lo: math.Inf(-1), Hi: math.Inf(1), Direction: Up, Needs: "scores beside the answers", Oracle: "own vectors",
		Meaning: "a score that is recorded with the answer (`scores` in the file of provider recorded)",
		Params: []Param{
			{Name: "score", Kind: Text, Required: true, Doc: "its name in the file"},
			{Name: "min", Kind: Number, Min: -math.MaxFloat64, Doc: "lowest score that there is; one below it is ungraded"},
			{Name: "max", Kind: Number, Min: -math.MaxFloat64, Doc: "highest score that there is"},
			{Name: "pass_fail", Kind: Flag, Default: false, Doc: "each score is 0 or 1"},
			{Name: "direction", Kind: Text, Default: "up", OneOf: []string{"up", "down", "none"}, Doc: "which way is good"},
		}}
	e.build = func(a *args) (kernel, error) {
		k := &recorded{name: a.text("score"), binary: a.flag("pass_fail"), direction: Direction(a.text("direction")), lo: math.Inf(-1), hi: math.Inf(1)}
		if x, ok := a.number("min"); ok {
			k.lo = x
		}
		if x, ok := a.number("max"); ok {
			k.hi = x
		}
		if k.binary {
			k.lo, k.hi = 0, 1
		}
		if k.lo >= k.hi {
			return nil, keyErr("min", "", "%g is not below max, %g", k.lo, k.hi)
		}
		return k, nil
	}
	return []*Entry{e}
}

type recorded struct {
	name      string
	binary    bool
	direction Direction
	lo, hi    float64
}

func (k *recorded) isBinary() bool           { return k.binary }
func (k *recorded) bounds() (lo, hi float64) { return k.lo, k.hi }
func (k *recorded) goodWay() Direction       { return k.direction }
func (k *recorded) allowed(x float64) bool {
	return x >= k.lo && x <= k.hi && (!k.binary || x == 0 || x == 1)
}
func (k *recorded) score(c *Case) Score {
	x, ok := c.Recorded[k.name]
	switch {
	case !ok:
		return ungraded("no score " + strconv.Quote(k.name) + " is recorded")
	case x == nil:
		return ungraded("its score " + strconv.Quote(k.name) + " is recorded as none")
	case !k.allowed(*x):
		return ungraded("its score " + strconv.Quote(k.name) + " is " + strconv.FormatFloat(*x, 'g', -1, 64) + ", which is out of range")
	}
	return graded(*x, "")
}
