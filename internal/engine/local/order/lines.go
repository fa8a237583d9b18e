package order

import (
	"math"
	"math/bits"

	"github.com/fairtrial/fairtrial/internal/engine/local/rows"
)

// lines hold what the walk needs of each row, so that one memory access brings all:
// its label and its codes in the slots (8 bits each, or 16 where a partition has more
// slices; overall has no code), then, when models are paired, a word a slot that the
// baseline leaves for the others. With five partitions that is half a cache line.
type lines struct {
	v                array[uint32]
	codeWords, words int // of a row: of codes, and in all
	width            int // bits of a code
}

// place is where a slot's code stands in a line.
type place struct {
	slot       int // among all slots: overall is 0
	word       int
	shift      int
	mask, none uint32
}

// place of slot 0, overall, has mask 0: its code is always 0.
func (l *lines) place(slot int) place {
	per := 32 / l.width
	p := place{slot: slot, word: slot / per, shift: l.width * (slot % per), none: 1}
	if slot > 0 {
		p.mask = 1<<l.width - 1
		p.none = p.mask
	}
	return p
}

// codeWidth is the bits that hold the codes of all partitions, and none.
func codeWidth(r *rows.Rows) int {
	for _, p := range r.Parts {
		if len(p.Names) > 255 {
			return 16
		}
	}
	return 8
}

func pack(r *rows.Rows, all []slot, paired bool, workers int) lines {
	l := lines{width: codeWidth(r)}
	per := 32 / l.width
	l.codeWords = (len(all) + per - 1) / per
	l.words = l.codeWords
	if paired {
		l.words += len(all)
	}
	l.v = newArray[uint32](r.N * l.words)
	mask := uint32(1)<<l.width - 1
	each((&sorter{workers: workers}).split(r.N), func(_, from, to int) {
		const block = 1024 // of its parts all stay in the cache
		for ; from < to; from += block {
			end := min(from+block, to)
			for _, s := range all {
				code := r.Class
				if s.part >= 0 {
					code = r.Parts[s.part].Code
				}
				at := l.place(s.part + 1)
				v := l.v.v[from*l.words+at.word : (end-1)*l.words+at.word+1]
				for i, c := range code[from:end] {
					v[i*l.words] |= uint32(c) & mask << at.shift
				}
			}
		}
	})
	return l
}

// split says how the 32 bits that the baseline leaves for a row of a population are
// laid out: the doubled count of the other class below it in the high bits, the size of
// its AP value (X, or H2 for a negative) in the low ap bits. Counts are exact where a class has at
// most 2^15 rows; beyond, they are rounded to 1/65536 of the class. The AP value has ap−3
// bits behind the point of its binary logarithm. Only the products of two models' values use
// them; the values' own sums are exact.
type split struct {
	ap   uint8 // bits of the AP value
	drop uint8 // low bits of the count that are not kept
	cut  uint8 // low bits of a float32's 26 that are not kept
}

const (
	placeBits = 16
	one       = 127 << 23 // float32(1), as bits
	sizeBits  = 23 + 3    // of 1+x in [1, 256), counted from 1
)

func splitOf(pos, neg uint32) split {
	need := bits.Len32(2 * max(pos, neg))
	keep := max(min(need, placeBits), 32-sizeBits)
	return split{ap: uint8(32 - keep), drop: uint8(max(0, need-keep)), cut: uint8(sizeBits - (32 - keep))}
}

// keep packs a doubled count and the size of an AP value, 0 ≤ x < 255.
func (s split) keep(place uint32, x float64) uint32 {
	v := math.Float32bits(float32(1+x)) - one
	cut, ap := s.cut&31, s.ap&31 // spares the shifts a check
	v = min((v+1<<cut>>1)>>cut, 1<<ap-1)
	return place>>(s.drop&31)<<ap | v
}

// value is the size of the AP value.
func (s split) value(kept uint32) float64 {
	return float64(math.Float32frombits((kept&(1<<(s.ap&31)-1))<<(s.cut&31)+one)) - 1
}

// places is the sum of m doubled counts whose kept parts sum to sum: what was dropped is
// taken to be half.
func (s split) places(sum uint64, m float64) float64 {
	x := float64(sum << s.drop)
	if s.drop > 0 {
		x += m * (float64(uint32(1)<<s.drop) - 1) / 2
	}
	return x
}
