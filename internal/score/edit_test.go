package score

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// mutated is a text with pieces changed, put in, left out or moved.
func mutated(r *rand.Rand, s []rune, edits int, alphabet string) []rune {
	out := slices.Clone(s)
	for range edits {
		i := r.IntN(len(out) + 1)
		switch j := min(len(out), i+1+r.IntN(8)); r.IntN(5) {
		case 0:
			out = slices.Delete(out, i, j)
		case 1:
			out = slices.Insert(out, i, []rune(drawn(r, 1+r.IntN(8), alphabet))...)
		case 2:
			piece := slices.Clone(out[i:j])
			out = slices.Delete(out, i, j)
			out = slices.Insert(out, r.IntN(len(out)+1), piece...)
		default:
			for k := i; k < j; k++ {
				out[k] = []rune(drawn(r, 1, alphabet))[0]
			}
		}
	}
	return out
}

// TestEditDistance: blocks of 64 cells in a window give what the plain table gives, for texts
// that are alike, that have nothing in common and of very different lengths, whatever was
// compared before.
func TestEditDistance(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 1))
	m := &myers{}
	rounds, narrow := 2000, 0
	if testing.Short() {
		rounds = 400
	}
	for i := range rounds {
		alphabet := []string{"ab", "abcdefghij ", "abcdé日😀", "éèêëēė\u0100\u0101"}[r.IntN(4)]
		n := r.IntN(300)
		if i%4 == 0 {
			n = 400 + r.IntN(500)
		}
		a := []rune(drawn(r, n, alphabet))
		var b []rune
		switch r.IntN(4) {
		case 0:
			b = []rune(drawn(r, r.IntN(300), alphabet))
		case 1: // a long piece is missing, or stands elsewhere
			cut, to := r.IntN(n+1), 0
			to = cut + r.IntN(n-cut+1)
			b = append(slices.Clone(a[:cut]), a[to:]...)
			if r.IntN(2) == 0 {
				b = append(b, a[cut:to]...)
			}
		default:
			b = mutated(r, a, r.IntN(1+n/12), alphabet)
		}
		want := distanceRunes(a, b)
		got, longer := m.distance(string(a), string(b))
		if got != want || longer != max(len(a), len(b)) {
			t.Fatalf("%q and %q: %d of %d, table %d", string(a), string(b), got, longer, want)
		}
		narrow += bitInt(want > 64 && want < longer/4)
		back, _ := m.distance(string(b), string(a))
		if back != want {
			t.Fatalf("%q and %q: %d, table %d", string(b), string(a), back, want)
		}
		// Too narrow a window: more than it allows is said, and no less than it is.
		if len(a) > 0 && len(b) > 0 {
			if len(a) > len(b) {
				a, b = b, a
			}
			places(m, a)
			most := len(b) - len(a) + r.IntN(len(b)+1)
			d, column := withinEdits(m, a, b, min(most, len(b)))
			if (d <= most) != (want <= most) || d <= most && d != want || column == len(b) && d < want {
				t.Fatalf("%q and %q within %d: %d at column %d, table %d", string(a), string(b), most, d, column, want)
			}
		}
	}
	if narrow < rounds/30 {
		t.Errorf("%d of %d pairs between 64 edits and a quarter: not much was compared", narrow, rounds)
	}
}
