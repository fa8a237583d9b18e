package score

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// drawn is a text of n of the characters of an alphabet.
func drawn(r *rand.Rand, n int, alphabet string) string {
	var b strings.Builder
	rs := []rune(alphabet)
	for range n {
		b.WriteRune(rs[r.IntN(len(rs))])
	}
	return b.String()
}

// A pattern that is one text in any case gives what the regular expression gives.
func TestFoldedLiteral(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	found := 0
	for range 3000 {
		p, text := drawn(r, 1+r.IntN(3), "aBk s"), drawn(r, r.IntN(30), "AabkKS sé")
		if r.IntN(4) == 0 {
			text += []string{"\u212a", "ſ", "İ", "日", "\xe2"}[r.IntN(5)] // the first two are found as k and s
		}
		got := scorer(t, fmt.Sprintf(`{"type":"regex","value":%q,"ignore_case":true}`, p)).Score(&Case{Output: text})
		at := regexp.MustCompile("(?i)" + p).FindString(text)
		if (at != "") != (got.Value == 1) || at != "" && got.Evidence != at {
			t.Fatalf("%q in %q: %+v, the expression finds %q", p, text, got, at)
		}
		found += bitInt(at != "")
	}
	if found < 500 || found > 2500 {
		t.Errorf("%d of 3000 found: not much was compared", found)
	}
	for _, p := range []string{"(?i)a|b", "(?i)a.", "abc", "(?i)ä", "(?i:a)b"} {
		if s := foldedLiteral(p); s != "" {
			t.Errorf("%s is taken for the text %q", p, s)
		}
	}
}

// contains in any case finds in a text without a copy what it finds in its lower case.
func TestContainsFold(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 3000 {
		text, v := drawn(r, r.IntN(20), []string{"aAbBé ", "aAkKiIsé", "aAbiksΣσİſ\u212a"}[r.IntN(3)]), drawn(r, 1+r.IntN(3), "aAbBéKisΣ\u212a")
		got := scorer(t, fmt.Sprintf(`{"type":"icontains","value":%q}`, v)).Score(&Case{Output: text})
		if want := strings.Contains(lower(text), lower(v)); want != (got.Value == 1) {
			t.Fatalf("%q in %q: %v", v, text, got.Value)
		}
	}
}

// The tokenizer is the four substitutions of mteval-v13a, one after the other.
func TestWestern(t *testing.T) {
	steps := []struct {
		re *regexp.Regexp
		to string
	}{
		{regexp.MustCompile("([{-~\\[-` -&(-+:-@/])"), " $1 "},
		{regexp.MustCompile(`([^0-9])([.,])`), "$1 $2 "},
		{regexp.MustCompile(`([.,])([^0-9])`), " $1 $2"},
		{regexp.MustCompile(`([0-9])(-)`), "$1 $2 "},
	}
	r := rand.New(rand.NewPCG(6, 6))
	var tok tokenizer
	var whole tokenizer13a
	var v vocab
	for i := range 30000 {
		s := drawn(r, r.IntN(14), "ab12.,-- {/'é")
		switch i % 3 {
		case 1:
			s = drawn(r, r.IntN(40), "abcdefgh1     .,\n\u2003-?\"")
		case 2:
			s = strings.TrimSpace(wordy(r, r.IntN(30), oddCharacters))
		}
		raw := s
		s = replaced13a(s)
		want := " " + s + " "
		for _, x := range steps {
			want = x.re.ReplaceAllString(want, x.to)
		}
		if got := tok.western(s, true); fmt.Sprint(fields(nil, got)) != fmt.Sprint(fields(nil, want)) {
			t.Fatalf("%q: %q, the substitutions give %q", s, got, want)
		}
		v.reset()
		ids := whole.ids(nil, &v, raw)
		v.reset()
		if want := v.all(nil, fields(nil, want)); fmt.Sprint(ids) != fmt.Sprint(want) {
			t.Fatalf("%q: the tokens are %v, the substitutions give %v", s, ids, want)
		}
	}
}

// Matches of n-grams come out the same by pairs, tables and sorting as by counting, whatever
// the scratch memory was used for before.
func TestMatches(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var g grams
	for round := range 3000 {
		symbols, most := []int{1 + r.IntN(40), 60 + r.IntN(200), 5000}[r.IntN(3)], 200
		if round%300 == 0 {
			most = 8000
		}
		side := func() []int32 {
			out := make([]int32, r.IntN(most))
			for i := range out {
				out[i] = int32(1 + int(float64(symbols)*r.Float64()*r.Float64()))
			}
			return out
		}
		a, b := side(), side()
		if r.IntN(2) == 0 { // alike, with a piece that moved
			b = slices.Clone(a)
			for range len(b) / 20 {
				b[r.IntN(len(b))] = int32(1 + r.IntN(symbols))
			}
			cut := r.IntN(len(b) + 1)
			b = append(b[cut:], b[:cut]...)
		}
		order := 1 + r.IntN(10)
		if bits.Len(uint(symbols))*order > 63 {
			order = 4
		}
		var got, want [16]int32
		g.matches(order, symbols, a, b, got[:])
		g.countWide(order, [][]int32{a, b}, func(n int, c []int32) { want[n-1] += min(c[0], c[1]) })
		if got != want {
			t.Fatalf("order %d, %v and %v: %v, counted %v", order, a, b, got, want)
		}
	}
}

// Keys are in order but for their lowest bits, however many there are.
func TestSortKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	var g grams
	for range 500 {
		low, high := r.IntN(3), 3+r.IntN(62)
		g.keys = g.keys[:0]
		for range []int{r.IntN(40), r.IntN(1000), 4000 + r.IntN(1000)}[r.IntN(3)] {
			key := r.Uint64() >> (64 - high)
			if r.IntN(2) == 0 {
				key >>= r.IntN(high) // many in one heap
			}
			g.keys = append(g.keys, key)
		}
		want := slices.Clone(g.keys)
		slices.Sort(want)
		g.sort(low, high)
		for i, key := range g.keys {
			if key>>low != want[i]>>low {
				t.Fatalf("%d keys of %d bits: the %dth is %x, want %x", len(want), high, i, key, want[i])
			}
		}
		slices.Sort(g.keys)
		if !slices.Equal(g.keys, want) {
			t.Fatalf("%d keys of %d bits: others than before", len(want), high)
		}
	}
}

// Words are numbered in the order in which they are met, in a table that grows and is used
// again.
func TestVocab(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	var v vocab
	for round := range 200 {
		v.reset()
		want := map[string]int32{}
		n := 30
		if round%50 == 0 {
			n = 40000
		}
		for range n {
			w := drawn(r, r.IntN(6), "abcdefgh")
			id, met := want[w]
			if got, ok := v.find(w); ok != met || met && got != id {
				t.Fatalf("find %q: %d %v, want %d %v", w, got, ok, id, met)
			}
			if !met {
				id = int32(len(want) + 1)
				want[w] = id
			}
			if got := v.id(w); got != id || v.len() != len(want) {
				t.Fatalf("%q is %d of %d, want %d of %d", w, got, v.len(), id, len(want))
			}
		}
	}
}

// A table of characters is a map that is cheap to empty.
func TestRuneTable(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	var table runeTable
	for round := range 300 {
		table.reset()
		want := map[rune]int32{}
		n := 100
		if round%50 == 0 {
			n = 20000
		}
		for range n {
			c := rune(0x400 + r.IntN(3)*0x1000 + r.IntN(4*n))
			id := table.get(c)
			if id != want[c] {
				t.Fatalf("%U is %d, want %d", c, id, want[c])
			}
			if id == 0 {
				want[c] = int32(len(want) + 1)
				table.put(c, want[c])
			}
		}
	}
}
