package score

import "math"

// Limits of tercom and of sacrebleu, which decide values on long texts.
const (
	maxShiftSize       = 10
	maxShiftDistance   = 50
	beamWidth          = 25
	maxShiftCandidates = 1000
	unreached          = math.MaxInt32 / 2
)

const (
	opNone byte = iota
	opSame
	opChange
	opInsert // a word of the reference that the output lacks
	opDelete // a word of the output too many
)

// shiftEdits counts edits where moving a run of words is one edit (Snover et al. 2006):
// greedily the shift that saves most, as tercom and sacrebleu choose it, until none saves.
type shiftEdits struct {
	ref []int32

	cost []int32 // (len(output)+1) rows of len(ref)+1
	op   []byte
	old  []int32 // the output that the rows belong to: its prefix is not computed again

	words, candidate, better []int32
	align                    []int32 // reference position → output position
	refErr, outErr           []bool
	trace                    []byte
}

// rate is the number of edits from out to ref.
func (e *shiftEdits) rate(out, ref []int32) int {
	if len(ref) == 0 {
		return len(out)
	}
	e.ref, e.old = ref, e.old[:0]
	n := (len(out) + 1) * (len(ref) + 1)
	if cap(e.cost) < n {
		e.cost, e.op = make([]int32, n), make([]byte, n)
	}
	e.cost, e.op = e.cost[:n], e.op[:n]
	for j := range len(ref) + 1 {
		e.cost[j], e.op[j] = int32(j), opInsert
	}
	e.words = append(e.words[:0], out...)
	shifts, checked := 0, 0
	for {
		var saved int
		saved, checked = e.shift(checked)
		if checked >= maxShiftCandidates || saved <= 0 {
			break
		}
		shifts++
		e.words, e.better = e.better, e.words
	}
	return shifts + e.distance(e.words)
}

// distance is the edit distance within a beam about the diagonal.
func (e *shiftEdits) distance(out []int32) int {
	n, m := len(out), len(e.ref)
	w := m + 1
	start := 0
	// Rows depend on the words before them and on the two lengths alone, but the last
	// row has a wider beam: a row is kept when its words are the same.
	for start < len(e.old) && start < n-1 && e.old[start] == out[start] {
		start++
	}
	if len(e.old) == n && start == n-1 && e.old[n-1] == out[n-1] {
		return int(e.cost[n*w+m])
	}
	e.old = append(e.old[:0], out...)
	ratio := 1.0
	if n > 0 {
		ratio = float64(m) / float64(n)
	}
	beam := beamWidth
	if beamWidth < ratio/2 {
		beam = int(math.Ceil(ratio/2 + beamWidth))
	}
	for i := start + 1; i <= n; i++ {
		row, above := e.cost[i*w:(i+1)*w], e.cost[(i-1)*w:i*w]
		ops := e.op[i*w : (i+1)*w]
		for j := range row {
			row[j], ops[j] = unreached, opNone
		}
		diagonal := int(math.Floor(float64(i) * ratio))
		lo, hi := max(0, diagonal-beam), min(m+1, diagonal+beam)
		if i == n {
			hi = m + 1
		}
		for j := lo; j < hi; j++ {
			if j == 0 {
				row[0], ops[0] = above[0]+1, opDelete
				continue
			}
			cost, op := above[j-1], opSame
			if out[i-1] != e.ref[j-1] {
				cost, op = cost+1, opChange
			}
			if c := above[j] + 1; c < cost {
				cost, op = c, opDelete
			}
			if c := row[j-1] + 1; c < cost {
				cost, op = c, opInsert
			}
			if cost < unreached {
				row[j], ops[j] = cost, op
			}
		}
	}
	return int(e.cost[n*w+m])
}

// trail reads the alignment back: where each reference word lies in the output, and which
// words of both are wrong.
func (e *shiftEdits) trail() {
	i, j, w := len(e.words), len(e.ref), len(e.ref)+1
	e.trace = e.trace[:0]
	for i > 0 || j > 0 {
		op := e.op[i*w+j]
		e.trace = append(e.trace, op)
		switch op {
		case opSame, opChange:
			i, j = i-1, j-1
		case opInsert:
			j--
		default:
			i--
		}
	}
	e.align, e.refErr, e.outErr = e.align[:0], e.refErr[:0], e.outErr[:0]
	at := int32(-1)
	for k := len(e.trace) - 1; k >= 0; k-- {
		switch op := e.trace[k]; op {
		case opSame, opChange:
			at++
			e.align = append(e.align, at)
			e.outErr = append(e.outErr, op == opChange)
			e.refErr = append(e.refErr, op == opChange)
		case opDelete:
			at++
			e.outErr = append(e.outErr, true)
		default:
			e.align = append(e.align, at)
			e.refErr = append(e.refErr, true)
		}
	}
}

func some(flags []bool) bool {
	for _, f := range flags {
		if f {
			return true
		}
	}
	return false
}

// shift finds the move that saves most; it is left in e.better.
func (e *shiftEdits) shift(checked int) (saved, nowChecked int) {
	before := e.distance(e.words)
	e.trail()
	n, m := len(e.words), len(e.ref)
	found := false
	var bestSaved, bestLen, bestStart, bestAt int
search:
	for start := range n {
		for to := max(0, start-maxShiftDistance); to < min(m, start+maxShiftDistance+1); to++ {
			for size := 1; size <= maxShiftSize && start+size <= n && to+size <= m && e.words[start+size-1] == e.ref[to+size-1]; size++ {
				if !some(e.outErr[start:start+size]) || !some(e.refErr[to:to+size]) {
					continue
				}
				if a := int(e.align[to]); start <= a && a < start+size {
					continue
				}
				last := -1
				for offset := -1; offset < size; offset++ {
					at := 0
					if to+offset >= 0 {
						if to+offset >= len(e.align) {
							break
						}
						at = int(e.align[to+offset]) + 1
					}
					if at == last {
						continue
					}
					last = at
					e.candidate = moved(e.candidate[:0], e.words, start, size, at)
					s := before - e.distance(e.candidate)
					checked++
					if !found || s > bestSaved || s == bestSaved && (size > bestLen || size == bestLen && (start < bestStart || start == bestStart && at < bestAt)) {
						found, bestSaved, bestLen, bestStart, bestAt = true, s, size, start, at
						e.better = append(e.better[:0], e.candidate...)
					}
				}
				if checked >= maxShiftCandidates {
					break search
				}
			}
		}
	}
	if !found {
		return 0, checked
	}
	return bestSaved, checked
}

// moved is words with words[start:start+size] put before position at.
func moved(dst, words []int32, start, size, at int) []int32 {
	run := words[start : start+size]
	switch {
	case at < start:
		dst = append(dst, words[:at]...)
		dst = append(dst, run...)
		dst = append(dst, words[at:start]...)
		return append(dst, words[start+size:]...)
	case at > start+size:
		dst = append(dst, words[:start]...)
		dst = append(dst, words[start+size:at]...)
		dst = append(dst, run...)
		return append(dst, words[at:]...)
	}
	// within itself: words[start+size:size+at] comes before it
	mid := min(len(words), size+at)
	dst = append(dst, words[:start]...)
	dst = append(dst, words[start+size:mid]...)
	dst = append(dst, run...)
	return append(dst, words[mid:]...)
}
