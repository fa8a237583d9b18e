// Command coverage simulates how often 95 % intervals hold the truth and prints the
// tables of docs/statistics.md. It refuses to judge; the slow tests beside it do.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/fairtrial/fairtrial/internal/cases"
)

// grid is every design that is published. Ordinary: at least 100 rows of each class
// expected (200 positives for average precision), AUC ≤ 0.95, no cluster above 5 %.
func grid() []design {
	var out []design
	for _, n := range []int{500, 2000, 10000} {
		for _, prev := range []float64{0.05, 0.3} {
			out = append(out, design{name: fmt.Sprintf("n %d, prevalence %g", n, prev), task: cases.Binary, n: n, prev: prev, strength: 1.5,
				ordinary: float64(n)*prev >= 100})
		}
		out = append(out, design{name: fmt.Sprintf("regression, n %d", n), task: cases.Regression, n: n, ordinary: true})
	}
	out = append(out,
		design{name: "n 2000, prevalence 0.3, AUC 0.95", task: cases.Binary, n: 2000, prev: 0.3, strength: 2.3, ordinary: true},
		design{name: "n 2000, prevalence 0.3, 200 clusters of 10, correlation 0.2", task: cases.Binary, n: 2000, prev: 0.3, strength: 1.5, cluster: 10, icc: 0.2, ordinary: true},
		design{name: "n 10000, prevalence 0.3, 1000 clusters of 10, correlation 0.2", task: cases.Binary, n: 10000, prev: 0.3, strength: 1.5, cluster: 10, icc: 0.2, ordinary: true},
		design{name: "n 300, prevalence 0.3, 30 clusters of 10, correlation 0.2", task: cases.Binary, n: 300, prev: 0.3, strength: 1.5, cluster: 10, icc: 0.2},
		design{name: "n 2000, prevalence 0.3, weights of sigma 0.5", task: cases.Binary, n: 2000, prev: 0.3, strength: 1.5, weights: 0.5, ordinary: true},
		design{name: "n 2000, prevalence 0.3, weights of sigma 1", task: cases.Binary, n: 2000, prev: 0.3, strength: 1.5, weights: 1},
		design{name: "regression, n 2000, weights of sigma 0.5", task: cases.Regression, n: 2000, weights: 0.5, ordinary: true},
		design{name: "regression, n 2000, 200 clusters of 10, correlation 0.2", task: cases.Regression, n: 2000, cluster: 10, icc: 0.2, ordinary: true},
		design{name: "n 2000, prevalence 0.3, 200 clusters of 10, correlation 0.2, weights of sigma 0.5", task: cases.Binary, n: 2000, prev: 0.3, strength: 1.5, cluster: 10, icc: 0.2, weights: 0.5, ordinary: true},
		design{name: "three classes, n 500", task: cases.Multiclass, n: 500, strength: 1.5, ordinary: true},
		design{name: "three classes, n 2000", task: cases.Multiclass, n: 2000, strength: 1.5, ordinary: true},
		design{name: "n 200, prevalence 0.1", task: cases.Binary, n: 200, prev: 0.1, strength: 1.5},
	)
	return out
}

// floor is the least coverage promised on the ordinary grid: 94 % (93 % for average
// precision, from 200 positives), less the binomial 99.9 % band of the draws.
func floor(c coverage) (float64, bool) {
	if !c.design.ordinary {
		return 0, false
	}
	want := 0.94
	if c.quantity == "average_precision" || c.quantity == "average_precision, paired difference" {
		if float64(c.design.n)*c.design.prev < 200 {
			return 0, false
		}
		want = 0.93
	}
	n := float64(c.draws - c.undefined)
	return want - 3.09*math.Sqrt(want*(1-want)/n), true
}

func main() {
	draws := flag.Int("draws", 4000, "data sets a design")
	gates := flag.Bool("gates", false, "print the worked numbers of gates instead")
	only := flag.String("only", "", "metrics to simulate, by name with commas between; empty: all")
	part := flag.String("design", "", "only the designs whose name holds this")
	two := flag.Bool("two-way", false, "compare the ways to cluster by two columns instead")
	staged := flag.Bool("looks", false, "plans that stop when decided instead")
	title := flag.Bool("title", false, "print the heading of the page too")
	flag.Parse()
	if *two {
		twoWay(os.Stdout, *draws)
		return
	}
	if *staged {
		if err := looks(os.Stdout, *draws); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		return
	}
	if *gates {
		if *title {
			fmt.Printf("# Worked numbers of gates\n\nMade by `go run ./internal/tools/coverage -gates`: %d simulated data sets a row, paired accuracy, `no_worse_than: baseline`.\n\n", *draws)
		}
		if err := worked(os.Stdout, *draws); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		return
	}
	if *title {
		fmt.Printf("# Simulated coverage of 95 %% intervals\n\nMade by `go run ./internal/tools/coverage` (%d data sets a design; the truth is the value on 8 million rows). \"Promised\" is the ordinary grid of [statistics.md](statistics.md); everything else is published without a promise.\n\n", *draws)
	}
	fmt.Println("| design | quantity | truth | coverage % | truth below / above % | mean width | undefined | promised |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	bad := 0
	for _, d := range grid() {
		if !strings.Contains(d.name, *part) {
			continue
		}
		cs, err := simulate(d, *draws, *only)
		if err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		for _, c := range cs {
			n := float64(c.draws - c.undefined)
			promise := ""
			if f, ok := floor(c); ok {
				promise = "kept"
				if c.share() < f {
					promise = "BROKEN"
					bad++
				}
			}
			fmt.Printf("| %s | %s | %.4f | %.1f | %.1f / %.1f | %.4f | %d | %s |\n", c.design.name, c.quantity, c.truth, 100*c.share(),
				100*float64(c.below)/n, 100*float64(c.above)/n, c.width/n, c.undefined, promise)
		}
	}
	if bad > 0 {
		fmt.Fprintf(os.Stderr, "%d promises broken\n", bad)
		os.Exit(1)
	}
}
