package main

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"sync"

	"github.com/fairtrial/fairtrial/internal/stat/dist"
	"github.com/fairtrial/fairtrial/internal/stat/resample"
)

// crossed is a mean over rows of a user and an item: y = a_user + b_item + noise, whose
// expectation is 0.
type crossed struct {
	name        string
	users       int
	items       int
	n           int
	byUser      float64 // variance of a; that of the noise is 1
	byItem      float64
	skew        bool // few users and items have most rows
	bootstrap   int
	user, item  []int32
	y           []float64
	sumA, sumB  []float64
	sumAB       map[int64]float64
	sizeA       []float64
	sizeB       []float64
	drawA       []float64
	drawB       []float64
	coverOf     map[string]int
	widthOf     map[string]float64
	negative    int
	below       int
	simulations int
}

func crossedGrid() []crossed {
	var out []crossed
	for _, d := range []crossed{
		{name: "no effects", users: 200, items: 100, n: 2000},
		{name: "users", users: 200, items: 100, n: 2000, byUser: 0.2},
		{name: "users and items", users: 200, items: 100, n: 2000, byUser: 0.2, byItem: 0.2},
		{name: "users and items, skewed", users: 200, items: 100, n: 2000, byUser: 0.2, byItem: 0.2, skew: true},
		{name: "few items", users: 200, items: 12, n: 2000, byUser: 0.1, byItem: 0.1},
		{name: "few of both", users: 20, items: 20, n: 400, byUser: 0.2, byItem: 0.2},
		{name: "few of both, no effects", users: 20, items: 20, n: 400},
		{name: "one row a cell", users: 400, items: 400, n: 1600, byUser: 0.5, byItem: 0.5},
	} {
		d.bootstrap = 400
		out = append(out, d)
	}
	return out
}

// pick is a number below k, uniform or skewed to small ones.
func (d *crossed) pick(r *resample.RNG, k int) int32 {
	u := r.Float64()
	if d.skew {
		u *= u
	}
	return int32(u * float64(k))
}

// variances of the mean by users, items and cells, each with G/(G−1).
func (d *crossed) variances(r *resample.RNG) (mean, a, b, ab float64, gA, gB int) {
	effA, effB := make([]float64, d.users), make([]float64, d.items)
	for i := range effA {
		effA[i] = math.Sqrt(d.byUser) * r.Normal()
	}
	for i := range effB {
		effB[i] = math.Sqrt(d.byItem) * r.Normal()
	}
	for i := range d.n {
		d.user[i], d.item[i] = d.pick(r, d.users), d.pick(r, d.items)
		d.y[i] = effA[d.user[i]] + effB[d.item[i]] + r.Normal()
		mean += d.y[i]
	}
	mean /= float64(d.n)
	clear(d.sumA)
	clear(d.sumB)
	clear(d.sizeA)
	clear(d.sizeB)
	clear(d.sumAB)
	order := make([]int64, 0, d.n)
	for i, y := range d.y {
		e := (y - mean) / float64(d.n)
		d.sumA[d.user[i]] += e
		d.sumB[d.item[i]] += e
		d.sizeA[d.user[i]]++
		d.sizeB[d.item[i]]++
		cell := int64(d.user[i])<<32 | int64(d.item[i])
		if _, seen := d.sumAB[cell]; !seen {
			order = append(order, cell)
		}
		d.sumAB[cell] += e
	}
	squares := func(sums, size []float64) (float64, int) {
		total, g := 0.0, 0
		for i, s := range sums {
			total += s * s
			if size[i] > 0 {
				g++
			}
		}
		return total * float64(g) / float64(g-1), g
	}
	a, gA = squares(d.sumA, d.sizeA)
	b, gB = squares(d.sumB, d.sizeB)
	for _, cell := range order {
		ab += d.sumAB[cell] * d.sumAB[cell]
	}
	ab *= float64(len(order)) / float64(len(order)-1)
	return mean, a, b, ab, gA, gB
}

// pigeonhole is the variance of the mean when users and items are each drawn anew, with
// replacement, and a row counts as often as both of its own (Owen 2007).
func (d *crossed) pigeonhole(r *resample.RNG) float64 {
	var sum, squares float64
	for range d.bootstrap {
		clear(d.drawA)
		clear(d.drawB)
		for range d.users {
			d.drawA[int(r.Float64()*float64(d.users))]++
		}
		for range d.items {
			d.drawB[int(r.Float64()*float64(d.items))]++
		}
		total, w := 0.0, 0.0
		for i, y := range d.y {
			x := d.drawA[d.user[i]] * d.drawB[d.item[i]]
			total, w = total+x*y, w+x
		}
		sum += total / w
		squares += total / w * total / w
	}
	n := float64(d.bootstrap)
	return (squares - sum*sum/n) / (n - 1)
}

func crossedMethods() []string {
	return []string{"users only", "items only", "a + b − ab", "largest of a + b − ab, a, b", "a + b", "pigeonhole bootstrap"}
}

func (d *crossed) run(from, to int) {
	d.user, d.item, d.y = make([]int32, d.n), make([]int32, d.n), make([]float64, d.n)
	d.sumA, d.sumB, d.sumAB = make([]float64, d.users), make([]float64, d.items), map[int64]float64{}
	d.sizeA, d.sizeB, d.drawA, d.drawB = make([]float64, d.users), make([]float64, d.items), make([]float64, d.users), make([]float64, d.items)
	d.coverOf, d.widthOf = map[string]int{}, map[string]float64{}
	methods := crossedMethods()
	for k := from; k < to; k++ {
		r := resample.NewRNG(uint64(k), "crossed", d.name)
		mean, a, b, ab, gA, gB := d.variances(r)
		two := a + b - ab
		if two <= 0 {
			d.negative++
		}
		if two < math.Max(a, b) {
			d.below++
		}
		fallen := two
		if two <= 0 {
			fallen = math.Max(a, b)
		}
		least := float64(min(gA, gB) - 1)
		d.simulations++
		for i, x := range []struct{ v, df float64 }{{a, float64(gA - 1)}, {b, float64(gB - 1)}, {fallen, least}, {math.Max(two, math.Max(a, b)), least}, {a + b, least}, {d.pigeonhole(r), least}} {
			half := dist.TQuantile(0.975, x.df) * math.Sqrt(x.v)
			d.widthOf[methods[i]] += 2 * half
			if math.Abs(mean) <= half {
				d.coverOf[methods[i]]++
			}
		}
	}
}

// twoWay prints how often intervals of a mean by two-way clusters hold the truth.
func twoWay(w io.Writer, draws int) {
	methods := crossedMethods()
	fmt.Fprint(w, "| design | users | items | rows |")
	for _, m := range methods {
		fmt.Fprintf(w, " %s |", m)
	}
	fmt.Fprint(w, " a + b − ab below the larger of a, b % | not above 0 % |\n|---|---|---|---|")
	for range methods {
		fmt.Fprint(w, "---|")
	}
	fmt.Fprintln(w, "---|---|")
	for _, d := range crossedGrid() {
		parts := runtime.NumCPU()
		all := make([]crossed, parts)
		var wg sync.WaitGroup
		for p := range parts {
			all[p] = d
			wg.Go(func() { all[p].run(draws*p/parts, draws*(p+1)/parts) })
		}
		wg.Wait()
		fmt.Fprintf(w, "| %s | %d | %d | %d |", d.name, d.users, d.items, d.n)
		n := float64(draws)
		for _, m := range methods {
			cover, width := 0, 0.0
			for _, p := range all {
				cover, width = cover+p.coverOf[m], width+p.widthOf[m]
			}
			fmt.Fprintf(w, " %.1f (%.3f) |", 100*float64(cover)/n, width/n)
		}
		below, negative := 0, 0
		for _, p := range all {
			below, negative = below+p.below, negative+p.negative
		}
		fmt.Fprintf(w, " %.1f | %.1f |\n", 100*float64(below)/n, 100*float64(negative)/n)
	}
}
