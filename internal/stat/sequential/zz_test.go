package sequential

import (
	"fmt"
	"math"
	"testing"
)

type seg = [2]float64

func (w *walk) keep(t float64, segs ...seg) {
	var z, m []float64
	for _, s := range segs {
		if !(s[0] < s[1]) {
			continue
		}
		c := walk{drift: w.drift, t: w.t, z: w.z, mass: w.mass, fine: w.fine}
		c.next(t, s[0], s[1])
		z, m = append(z, c.z...), append(m, c.mass...)
	}
	w.t, w.z, w.mass = t, z, m
}

func segsOf(fail, harm, lower, upper float64) []seg {
	if harm >= lower {
		return []seg{{fail, upper}}
	}
	return []seg{{fail, harm}, {math.Max(fail, lower), upper}}
}

type res struct{ pass, fail, give, n float64 }

func eval(d Design, harm, fail []float64, drift float64) res {
	w := newWalk(drift, 32)
	var r res
	last := len(d.Fractions) - 1
	left := 1.0
	for k, t := range d.Fractions {
		p, f := w.above(t, d.Upper[k]), w.below(t, fail[k])
		if k == last {
			r.pass += p
			r.fail += f
			r.n += left * t
			break
		}
		segs := segsOf(fail[k], harm[k], d.Lower[k], d.Upper[k])
		w.keep(t, segs...)
		cont := 0.0
		for _, m := range w.mass {
			cont += m
		}
		stop := left - cont
		r.pass += p
		r.fail += f
		r.give += stop - p - f
		r.n += stop * t
		left = cont
	}
	return r
}

func failBounds(d Design, harm []float64, spend Spending) []float64 {
	fail := make([]float64, len(d.Upper))
	w, spent := newWalk(0, 32), 0.0
	for k, t := range d.Fractions {
		all := d.Alpha
		if k < len(fail)-1 {
			all = spend(d.Alpha, t)
		}
		fail[k] = -solve(all-spent, func(c float64) float64 { return w.below(t, -c) })
		if k == len(fail)-1 {
			fail[k] = math.Min(fail[k], -1.959964)
			break
		}
		spent = all
		w.keep(t, segsOf(fail[k], harm[k], d.Lower[k], d.Upper[k])...)
	}
	return fail
}

func TestZZ(t *testing.T) {
	for _, looks := range []int{5} {
		var fr []float64
		for k := range looks {
			fr = append(fr, float64(k+1)/float64(looks))
		}
		d, _ := New(0.025, fr, OBrienFleming, true)
		d, _ = d.WithFutility(0.2, OBrienFleming)
		fmt.Println("upper", d.Upper, "\nlower", d.Lower, "\nfail", d.Fail)
		show := func(name string, harm, fail []float64) {
			fmt.Printf("%-28s", name)
			for _, dr := range []float64{3.2415, 1.62, 0, -1.62, -3.2415, -6.483} {
				r := eval(d, harm, fail, dr)
				fmt.Printf(" | p%.3f f%.3f g%.3f n%.3f", r.pass, r.fail, r.give, r.n)
			}
			fmt.Println()
			fmt.Println("   harm", harm, "fail", fail)
		}
		none := make([]float64, looks)
		for k := range none {
			none[k] = math.Inf(-1)
		}
		show("now", none, d.Fail)
		for _, sp := range []string{"poc", "obf"} {
			s := Spending(Pocock)
			if sp == "obf" {
				s = OBrienFleming
			}
			for _, c := range []float64{1.6, 1.96, 2.24, 2.6, 3} {
				harm := make([]float64, looks)
				for k := range harm {
					harm[k] = -c * math.Sqrt(fr[k])
				}
				show(fmt.Sprintf("trend %.2f %s", c, sp), harm, failBounds(d, harm, s))
			}
			harm := make([]float64, looks)
			for k := range harm {
				harm[k] = -d.Lower[k]
			}
			show("symmetric "+sp, harm, failBounds(d, harm, s))
		}
	}
}
