// Package agree measures how far raters agree beyond chance: Cohen's κ, Gwet's AC1 and
// Krippendorff's α. It refuses to put words to them.
package agree

import (
	"errors"
	"math"
	"slices"

	"github.com/fairtrial/fairtrial/internal/stat/resample"
)

// Weights say how bad it is to confuse two ordered categories.
type Weights int

const (
	Nominal   Weights = iota // any confusion counts alike
	Linear                   // by distance
	Quadratic                // by its square
)

// Agreement is a coefficient with its large-sample error.
type Agreement struct {
	Value, SE float64
	N         int
	Observed  float64 // share of agreement, weighted as the coefficient is
}

// ErrNoVariation says that chance agreement is complete, so that nothing beyond it can be seen.
var ErrNoVariation = errors.New("all ratings are of one category: agreement beyond chance is undefined")

// Kappa is Cohen's κ (1960, 1968) of a table of counts, rows the first rater's categories and
// columns the second's; the error is that of Fleiss, Cohen & Everitt (1969).
func Kappa(table [][]float64, weights Weights) (Agreement, error) {
	p, row, col, n, err := shares(table)
	if err != nil {
		return Agreement{}, err
	}
	k := len(p)
	w := func(i, j int) float64 {
		d := math.Abs(float64(i-j)) / float64(max(k-1, 1))
		switch weights {
		case Linear:
			return 1 - d
		case Quadratic:
			return 1 - d*d
		}
		if i == j {
			return 1
		}
		return 0
	}
	var po, pe float64
	wr, wc := make([]float64, k), make([]float64, k) // mean weights of a row's and a column's category
	for i := range k {
		for j := range k {
			po += w(i, j) * p[i][j]
			pe += w(i, j) * row[i] * col[j]
			wr[i] += w(i, j) * col[j]
			wc[j] += w(i, j) * row[i]
		}
	}
	if 1-pe < 1e-12 {
		return Agreement{}, ErrNoVariation
	}
	a := Agreement{Value: (po - pe) / (1 - pe), N: int(n), Observed: po}
	sum := 0.0
	for i := range k {
		for j := range k {
			d := w(i, j) - (wr[i]+wc[j])*(1-a.Value)
			sum += p[i][j] * d * d
		}
	}
	rest := a.Value - pe*(1-a.Value)
	a.SE = math.Sqrt(math.Max(0, sum-rest*rest)/n) / (1 - pe)
	return a, nil
}

// AC1 is Gwet's coefficient (2008), which a rare category does not drive to 0 as it does κ.
func AC1(table [][]float64) (Agreement, error) {
	p, row, col, n, err := shares(table)
	if err != nil {
		return Agreement{}, err
	}
	k := len(p)
	if k < 2 {
		return Agreement{}, ErrNoVariation
	}
	var po, pe float64
	mean := make([]float64, k)
	for i := range k {
		mean[i] = (row[i] + col[i]) / 2
		po += p[i][i]
		pe += mean[i] * (1 - mean[i]) / float64(k-1)
	}
	a := Agreement{Value: (po - pe) / (1 - pe), N: int(n), Observed: po}
	// The delta method, as Gwet's: each cell's influence on (po − pe)/(1 − pe).
	sum, avg := 0.0, 0.0
	influence := func(i, j int) float64 {
		agree := 0.0
		if i == j {
			agree = 1
		}
		chance := (2 - mean[i] - mean[j]) / 2 / float64(k-1) * 2 // ∂pe, twice the mean of (1−π_i) and (1−π_j)
		return (agree - a.Value) - (1-a.Value)*(chance-pe)
	}
	for i := range k {
		for j := range k {
			avg += p[i][j] * influence(i, j)
		}
	}
	for i := range k {
		for j := range k {
			d := influence(i, j) - avg
			sum += p[i][j] * d * d
		}
	}
	a.SE = math.Sqrt(sum/n) / (1 - pe)
	return a, nil
}

func shares(table [][]float64) (p [][]float64, row, col []float64, n float64, err error) {
	k := len(table)
	row, col = make([]float64, k), make([]float64, k)
	for _, r := range table {
		if len(r) != k {
			return nil, nil, nil, 0, errors.New("the table is not square")
		}
		for _, x := range r {
			if !(x >= 0) || math.IsInf(x, 1) {
				return nil, nil, nil, 0, errors.New("a count that is negative or not a number")
			}
			n += x
		}
	}
	if n == 0 {
		return nil, nil, nil, 0, errors.New("no ratings")
	}
	for i, r := range table {
		p = append(p, make([]float64, k))
		for j, x := range r {
			p[i][j] = x / n
			row[i] += x / n
			col[j] += x / n
		}
	}
	return p, row, col, n, nil
}

// Level is the scale of ratings: what their distance means.
type Level int

const (
	NominalScale Level = iota
	OrdinalScale
	IntervalScale
	RatioScale
)

// Alpha is Krippendorff's α (2011) of any number of raters, with ratings missing: units[u] are
// the ratings that unit u got, NaN or left out where a rater gave none. Units with fewer than two
// ratings say nothing. The interval is the percentile interval of resampled units (draws of them,
// from seed); a draw without variation is dropped and counted in lost.
type Alpha struct {
	Value, Lower, Upper float64
	Units, Ratings      int // that were pairable
	Lost                int
}

// KrippendorffAlpha computes α and its interval at a two-sided level.
func KrippendorffAlpha(units [][]float64, scale Level, level float64, draws int, seed uint64) (Alpha, error) {
	var pairable [][]float64
	out := Alpha{}
	for _, u := range units {
		var given []float64
		for _, x := range u {
			if !math.IsNaN(x) {
				given = append(given, x)
			}
		}
		if len(given) >= 2 {
			pairable = append(pairable, given)
			out.Ratings += len(given)
		}
	}
	out.Units = len(pairable)
	if out.Units == 0 {
		return out, errors.New("no unit has two ratings")
	}
	var ok bool
	if out.Value, ok = alpha(pairable, scale); !ok {
		return out, ErrNoVariation
	}
	out.Lower, out.Upper = math.NaN(), math.NaN()
	r := resample.NewRNG(seed, "alpha")
	drawn, values := make([][]float64, out.Units), make([]float64, 0, draws)
	for range draws {
		for i := range drawn {
			drawn[i] = pairable[int(r.Uint64()%uint64(out.Units))]
		}
		if a, ok := alpha(drawn, scale); ok {
			values = append(values, a)
		} else {
			out.Lost++
		}
	}
	if len(values) > 1 {
		slices.Sort(values)
		at := func(q float64) float64 {
			x := q * float64(len(values)-1)
			i := min(int(x), len(values)-2)
			return values[i] + (x-float64(i))*(values[i+1]-values[i])
		}
		out.Lower, out.Upper = at((1-level)/2), at((1+level)/2)
	}
	return out, nil
}

func alpha(units [][]float64, scale Level) (float64, bool) {
	count := map[float64]float64{}
	total := 0.0
	for _, u := range units {
		for _, x := range u {
			count[x]++
			total++
		}
	}
	values := make([]float64, 0, len(count))
	for x := range count {
		values = append(values, x)
	}
	slices.Sort(values)
	at := map[float64]int{}
	below := make([]float64, len(values)+1) // ratings below the i-th value
	for i, x := range values {
		at[x] = i
		below[i+1] = below[i] + count[x]
	}
	distance := func(a, b float64) float64 {
		switch scale {
		case OrdinalScale:
			i, j := at[min(a, b)], at[max(a, b)]
			d := below[j+1] - below[i] - (count[a]+count[b])/2
			if i == j {
				return 0
			}
			return d * d
		case IntervalScale:
			return (a - b) * (a - b)
		case RatioScale:
			if a+b == 0 {
				return 0
			}
			return (a - b) * (a - b) / ((a + b) * (a + b))
		}
		if a == b {
			return 0
		}
		return 1
	}
	observed, expected := 0.0, 0.0
	for _, u := range units {
		for i, a := range u {
			for j, b := range u {
				if i != j {
					observed += distance(a, b) / float64(len(u)-1)
				}
			}
		}
	}
	for i, a := range values {
		for j, b := range values {
			if i != j {
				expected += count[a] * count[b] * distance(a, b)
			}
		}
	}
	if expected == 0 {
		return 0, false
	}
	return 1 - (total-1)*observed/expected, true
}
