package score

import (
	"math/big"
	"sort"
	"strings"
)

// poly is a polynomial with rational coefficients: monomial → coefficient, none zero. A
// monomial is its atoms with repeats, sorted, NUL between: "x\x00x" is x². An atom "√n"
// is the root of the square-free whole number n, so that its square is folded away.
type poly map[string]*big.Rat

// quotient is a ratio of polynomials; two are equal when their cross products are.
type quotient struct{ num, den poly }

const (
	maxTerms = 60
	maxBits  = 2000 // of a coefficient
)

func constant(r *big.Rat) quotient {
	p := poly{}
	if r.Sign() != 0 {
		p[""] = r
	}
	return quotient{p, poly{"": big.NewRat(1, 1)}}
}

func atom(name string) quotient {
	return quotient{poly{name: big.NewRat(1, 1)}, poly{"": big.NewRat(1, 1)}}
}

func (p poly) put(mono string, c *big.Rat) {
	if old, ok := p[mono]; ok {
		c = new(big.Rat).Add(old, c)
	}
	if c.Sign() == 0 {
		delete(p, mono)
	} else {
		p[mono] = c
	}
}

func (p poly) times(q poly) (poly, error) {
	out := poly{}
	if len(p)*len(q) > maxTerms*maxTerms {
		return nil, errTooBig
	}
	for a, x := range p {
		for b, y := range q {
			mono, factor := multiply(a, b)
			c := new(big.Rat).Mul(x, y)
			out.put(mono, c.Mul(c, factor))
			if c.Num().BitLen() > maxBits || c.Denom().BitLen() > maxBits {
				return nil, errTooBig
			}
		}
	}
	if len(out) > maxTerms {
		return nil, errTooBig
	}
	return out, nil
}

// multiply joins two monomials; squares of roots become factors, √2·√3 becomes √6.
func multiply(a, b string) (string, *big.Rat) {
	factor := big.NewRat(1, 1)
	var atoms []string
	root := big.NewInt(1)
	for _, m := range []string{a, b} {
		if m == "" {
			continue
		}
		for _, x := range strings.Split(m, "\x00") {
			if n, ok := strings.CutPrefix(x, "√"); ok {
				v, _ := new(big.Int).SetString(n, 10)
				root.Mul(root, v)
				continue
			}
			atoms = append(atoms, x)
		}
	}
	if root.BitLen() > 1 {
		out, in := squareFree(root)
		factor.SetInt(out)
		if in.BitLen() > 1 {
			atoms = append(atoms, "√"+in.String())
		}
	}
	sort.Strings(atoms)
	return strings.Join(atoms, "\x00"), factor
}

// squareFree writes n as out²·in. Trial division to 10 000 and one test for a whole
// square: larger square factors stay inside, on both sides of a comparison alike.
func squareFree(n *big.Int) (out, in *big.Int) {
	out, in = big.NewInt(1), new(big.Int).Set(n)
	rest := new(big.Int).Set(n)
	for d := int64(2); d < 10000; d++ {
		sq := big.NewInt(d * d)
		if sq.Cmp(rest) > 0 {
			break
		}
		for {
			q, m := new(big.Int).QuoRem(rest, sq, new(big.Int))
			if m.Sign() != 0 {
				break
			}
			rest, out = q, out.Mul(out, big.NewInt(d))
			in = new(big.Int).Set(rest)
		}
	}
	if r := new(big.Int).Sqrt(in); new(big.Int).Mul(r, r).Cmp(in) == 0 {
		return out.Mul(out, r), big.NewInt(1)
	}
	return out, in
}

func (a quotient) times(b quotient) (quotient, error) {
	n, err := a.num.times(b.num)
	if err != nil {
		return a, err
	}
	d, err := a.den.times(b.den)
	return quotient{n, d}, err
}

func (a quotient) divide(b quotient) (quotient, error) {
	if len(b.num) == 0 {
		return a, errNotMath // division by zero
	}
	return a.times(quotient{b.den, b.num})
}

func (a quotient) add(b quotient) (quotient, error) {
	x, err := a.num.times(b.den)
	if err != nil {
		return a, err
	}
	y, err := b.num.times(a.den)
	if err != nil {
		return a, err
	}
	for m, c := range y {
		x.put(m, c)
	}
	d, err := a.den.times(b.den)
	return quotient{x, d}, err
}

func (a quotient) negate() quotient {
	n := poly{}
	for m, c := range a.num {
		n[m] = new(big.Rat).Neg(c)
	}
	return quotient{n, a.den}
}

func (a quotient) power(e int) (quotient, error) {
	if e < 0 {
		if len(a.num) == 0 {
			return a, errNotMath
		}
		a, e = quotient{a.den, a.num}, -e
	}
	out := constant(big.NewRat(1, 1))
	var err error
	for range e {
		if out, err = out.times(a); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (a quotient) equal(b quotient) bool {
	x, err := a.num.times(b.den)
	if err != nil {
		return false
	}
	y, err := b.num.times(a.den)
	if err != nil || len(x) != len(y) {
		return false
	}
	for m, c := range x {
		if d, ok := y[m]; !ok || c.Cmp(d) != 0 {
			return false
		}
	}
	return true
}

// rational is the value of a quotient without atoms.
func (a quotient) rational() (*big.Rat, bool) {
	one := func(p poly) (*big.Rat, bool) {
		if len(p) == 0 {
			return new(big.Rat), true
		}
		c, ok := p[""]
		return c, ok && len(p) == 1
	}
	n, ok := one(a.num)
	d, okD := one(a.den)
	if !ok || !okD || d.Sign() == 0 {
		return nil, false
	}
	return new(big.Rat).Quo(n, d), true
}

func (a quotient) isNumber() bool { _, ok := a.rational(); return ok }

// sqrt is the root of a rational: √(n/d) = √(n·d)/d.
func (a quotient) sqrt() (quotient, error) {
	r, ok := a.rational()
	if !ok || r.Sign() < 0 {
		return a, errNotMath
	}
	if r.Sign() == 0 {
		return a, nil
	}
	out, in := squareFree(new(big.Int).Mul(r.Num(), r.Denom()))
	c := constant(new(big.Rat).SetFrac(out, r.Denom()))
	if in.BitLen() <= 1 {
		return c, nil
	}
	return c.times(atom("√" + in.String()))
}
