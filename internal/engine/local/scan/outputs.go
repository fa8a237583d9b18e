package scan

import (
	"math"

	"github.com/fairtrial/fairtrial/internal/engine/local/duck"
)

// maxModels is the most models of one request: a row's missing predictions are the
// bits of one word.
const maxModels = 60

// why says why a number cannot be used. The zero value says that it can.
type why uint8

const (
	isNull why = iota + 1
	isNaN
	isInfinite
	isAbsent  // no row of the model's own file has the id
	isPartial // a list of probabilities holds a null
	whys
)

// words end the sentence "score_v2 …".
func (w why) words() string {
	return [...]string{"", "is null", "is NaN", "is infinite", "has no row with this id", "holds a null"}[w]
}

// badRow is a row that makes the data wrong: reading stops there.
type badRow struct {
	i      int // row of the chunk
	col    string
	value  float64
	length int // length of a list that should have another; -1 otherwise
	want   int
	above  string // the column of an upper end whose value is end, below the lower end
	end    float64
}

// outputs are the outputs of one model for the rows of one chunk.
type outputs struct {
	score []float64   // binary, regression
	pred  []uint16    // multiclass
	probs [][]float64 // by class, then row
	why   [chunkRows]why
	any   bool // some why is set
	k     int  // length of the lists of probabilities, 0 before the first
}

const exponent = 0x7ff0_0000_0000_0000

// check marks the rows of a column that cannot be used.
func (o *outputs) check(x []float64, valid []uint64) {
	for i, v := range x {
		if valid != nil && duck.IsNull(valid, i) {
			o.mark(i, isNull)
		} else if math.Float64bits(v)&exponent == exponent {
			o.mark(i, notFinite(v))
		}
	}
}

func notFinite(v float64) why {
	if math.IsNaN(v) {
		return isNaN
	}
	return isInfinite
}

func (o *outputs) mark(i int, w why) {
	if o.why[i] == 0 {
		o.why[i] = w
	}
	o.any = true
}

// outside finds the first usable row whose value is not in [0,1].
func (o *outputs) outside(x []float64, drop *[chunkRows]bool) int {
	for i, v := range x {
		if !(v >= 0 && v <= 1) && o.why[i] == 0 && !drop[i] {
			return i
		}
	}
	return -1
}

// read takes the outputs of a model from the current chunk. probability asks for
// values in [0,1]; probabilities of classes are always asked for it. Rows that the
// filter drops are not looked at.
func (o *outputs) read(r *duck.Reader, mc *modelColumns, names []string, probability bool, drop *[chunkRows]bool) (*badRow, error) {
	n := r.Len()
	if o.any {
		clear(o.why[:])
		o.any = false
	}
	if mc.score >= 0 {
		o.score = r.Doubles(mc.score)
		// Where all are numbers in [0,1] there is nothing else to look for.
		if valid := r.Valid(mc.score); valid != nil || !probability || o.outside(o.score, drop) >= 0 {
			o.check(o.score, valid)
			if i := o.outside(o.score, drop); probability && i >= 0 {
				return &badRow{i: i, col: names[0], value: o.score[i], length: -1}, nil
			}
		}
	}
	if mc.pred != nil {
		if err := mc.pred.encode(r); err != nil {
			return nil, err
		}
		o.pred = mc.pred.scratch[:n]
		if bad := mc.pred.unusable(); len(bad) > 0 {
			for i, c := range o.pred {
				for _, b := range bad {
					if c == b.code {
						o.mark(i, b.why)
					}
				}
			}
		}
		names = names[1:]
	}
	if len(mc.probs) > 0 {
		o.probs = o.probs[:0]
		for _, at := range mc.probs {
			x := r.Doubles(at)
			o.check(x, r.Valid(at))
			o.probs = append(o.probs, x)
		}
		if mc.ends {
			return o.crossed(names[1:], drop), nil
		}
		for c, x := range o.probs {
			if i := o.outside(x, drop); i >= 0 {
				return &badRow{i: i, col: names[c], value: x[i], length: -1}, nil
			}
		}
	}
	if mc.list >= 0 {
		return o.readLists(r, mc.list, names[0], drop), nil
	}
	return nil, nil
}

// crossed finds the first usable row whose prediction interval ends before it begins.
func (o *outputs) crossed(names []string, drop *[chunkRows]bool) *badRow {
	for i, low := range o.probs[0] {
		if high := o.probs[1][i]; high < low && o.why[i] == 0 && !drop[i] {
			return &badRow{i: i, col: names[0], value: low, length: -1, above: names[1], end: high}
		}
	}
	return nil
}

func (o *outputs) readLists(r *duck.Reader, at int, name string, drop *[chunkRows]bool) *badRow {
	lists, valid := r.Lists(at), r.Valid(at)
	for i := 0; i < r.Len(); i++ {
		if drop[i] {
			continue
		}
		if duck.IsNull(valid, i) {
			o.mark(i, isNull)
			continue
		}
		values, ok := lists.At(i)
		if o.k == 0 && len(values) > 0 {
			o.k = len(values)
			o.probs = make([][]float64, o.k)
			for c := range o.probs {
				o.probs[c] = make([]float64, chunkRows)
			}
		}
		if !ok {
			o.mark(i, isPartial)
			continue
		}
		if len(values) != o.k || o.k == 0 {
			return &badRow{i: i, col: name, length: len(values), want: o.k}
		}
		for c, v := range values {
			o.probs[c][i] = v
			if math.Float64bits(v)&exponent == exponent {
				o.mark(i, notFinite(v))
			} else if v < 0 || v > 1 {
				return &badRow{i: i, col: name, value: v, length: -1}
			}
		}
	}
	return nil
}
