package score

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// wordy is a text of short words, now and then a long one, with capitals, marks, white
// space of all kinds and what is beyond ASCII where odd.
func wordy(r *rand.Rand, n int, odd string) string {
	list := []string{"a", "An", "THE", "the", "cat", "Cats", "running", "don't", "t-h-e", "it's", "x1", "42", "3.5", "-", "...", "end.", "(end)", "internationalize", "Supercalifragilistic", "ABCDEFGH", "abcdefghi", "abcdefghijklmno", "abcdefghijklmnop"}
	var b strings.Builder
	for range n {
		b.WriteString(list[r.IntN(len(list))])
		switch r.IntN(12) {
		case 0:
			b.WriteString([]string{"\n", "\t", "  ", ", ", "\x1c", "", "_"}[r.IntN(7)])
		case 1:
			b.WriteString(drawn(r, r.IntN(3), odd))
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

const oddCharacters = "é“”’İ\u212aΣς\u00a0\u2003日\x01\x7f\ufffd"

// SQuAD's words one after the other are those of the normal form that is written as a text.
func TestSquadWords(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	var f1 tokenF1
	f1.how = "squad"
	exact := scorer(t, `{"type":"exact","normalize":"squad"}`)
	equal, plain := 0, 0
	for i := range 6000 {
		odd := "é" + oddCharacters
		if i%2 == 0 {
			odd = ".,'\"!"
		}
		o := wordy(r, r.IntN(20), odd)
		ref := wordy(r, r.IntN(30), odd)
		switch r.IntN(4) {
		case 0:
			ref = strings.ToUpper(o)
		case 1:
			ref = strings.ReplaceAll(o, " ", " the. ") + "!"
		}
		plain += bitInt(squadPlain(o))
		for _, s := range []string{o, ref} {
			if squad(s) != squadLowered(lower(s)) {
				t.Fatalf("%q: %q, plainly %q", s, squad(s), squadLowered(lower(s)))
			}
		}
		got := exact.Score(&Case{Output: o, References: []string{ref}})
		want := passed("equal")
		if squadLowered(lower(o)) != squadLowered(lower(ref)) {
			want = failed("expected " + short(squadLowered(lower(ref))))
		}
		want.Raw = want.Value
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%q and %q: %+v, plainly %+v", o, ref, got, want)
		}
		equal += int(got.Value)
		x, y := fields(nil, squadLowered(lower(o))), fields(nil, squadLowered(lower(ref)))
		count, same := map[string]int{}, 0
		for _, w := range x {
			count[w]++
		}
		for _, w := range y {
			if count[w] > 0 {
				same++
				count[w]--
			}
		}
		v := bit(len(x) == len(y))
		if len(x) > 0 && len(y) > 0 {
			v = 2 * float64(same) / float64(len(x)+len(y))
		}
		if got, _ := f1.one(o, ref); got != v {
			t.Fatalf("F1 of %q and %q: %v, plainly %v", o, ref, got, v)
		}
	}
	if equal < 1000 || equal > 5000 || plain < 1500 || plain > 5500 {
		t.Errorf("%d of 6000 equal, %d plain: not much was compared", equal, plain)
	}
}

// ROUGE's words are the runs of [a-z0-9] of the text in lower case, stemmed or not.
func TestRougeWords(t *testing.T) {
	run := regexp.MustCompile(`[a-z0-9]+`)
	r := rand.New(rand.NewPCG(22, 1))
	for _, stemmer := range []bool{false, true} {
		k := &rouge{stemmer: stemmer}
		for range 3000 {
			s := wordy(r, r.IntN(40), oddCharacters+"\xff")
			k.vocab.reset()
			got := k.tokens(nil, s)
			ids := map[string]int32{}
			var want []int32
			for _, w := range run.FindAllString(lower(s), -1) {
				if stemmer && len(w) > 3 {
					w = stem(w)
				}
				if ids[w] == 0 {
					ids[w] = int32(len(ids) + 1)
				}
				want = append(want, ids[w])
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%q: %v, want %v", s, got, want)
			}
		}
	}
}

// Of the characters beyond ASCII İ and the sign of Kelvin alone become ASCII in lower case,
// which rouge.tokens builds on.
func TestLowerIntoASCII(t *testing.T) {
	for c := rune(0x80); c <= unicode.MaxRune; c++ {
		into := false
		for _, x := range lower(string(c)) {
			into = into || x < 0x80
		}
		if want := c == 'İ' || c == '\u212a'; into != want && utf8.ValidRune(c) {
			t.Errorf("%U becomes %q", c, lower(string(c)))
		}
	}
}

// lower without its two special characters is what the library has.
func TestLowerEach(t *testing.T) {
	for c := rune(0); c <= unicode.MaxRune+1; c++ {
		if lowerRune(c) != unicode.ToLower(c) {
			t.Errorf("%U becomes %U, want %U", c, lowerRune(c), unicode.ToLower(c))
		}
	}
	r := rand.New(rand.NewPCG(24, 1))
	for range 5000 {
		s := wordy(r, r.IntN(10), "éÀ×ǅß日Яж\xff\xe9€Ⱥ")
		if i := r.IntN(len(s) + 1); r.IntN(2) == 0 {
			s = s[:i] // perhaps within a character
		}
		if got := lowerEach(s); got != strings.ToLower(s) {
			t.Fatalf("%q: %q, want %q", s, got, strings.ToLower(s))
		}
	}
}

// White space is what Python's str.split takes for it, in text that is none too.
func TestFields(t *testing.T) {
	for c := rune(0); c <= unicode.MaxRune; c++ {
		if n := spaceAt("x"+string(c)+"\u2003", 1); (n > 0) != isSpace(c) && utf8.ValidRune(c) {
			t.Errorf("%U: %d", c, n)
		}
	}
	r := rand.New(rand.NewPCG(25, 1))
	for range 5000 {
		s := wordy(r, r.IntN(10), "é\u00a0\u2003\u3000\u1680€😀日\x85\x1d")
		for k := r.IntN(4); k > 0 && len(s) > 0; k-- { // bytes that are no text
			i := r.IntN(len(s))
			s = s[:i] + string([]byte{[]byte{0xc2, 0xe2, 0x80, 0xf0, 0xff}[r.IntN(5)]}) + s[i+r.IntN(2):]
		}
		if got, want := fields(nil, s), strings.FieldsFunc(s, isSpace); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("%q: %q, want %q", s, got, want)
		}
	}
}

// A word's key is the word: equal for equal ones wherever they stand, different for others,
// and in lower case that of the word in lower case.
func TestWordKey(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 1))
	met := map[wordKey]string{}
	for range 20000 {
		n := r.IntN(longestKey + 1)
		w := drawn(r, n, "abAB01")
		for _, after := range []string{"", " and more text than a key holds", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
			k := keyOf("x"+w+after, 1, 1+n)
			if old, ok := met[k]; ok && old != w {
				t.Fatalf("%q and %q have one key", old, w)
			}
			if met[k] = w; k != keyOf(w, 0, n) {
				t.Fatalf("the key of %q depends on what follows", w)
			}
			if n > 0 && k.lower() != keyOf(strings.ToLower(w), 0, n) {
				t.Fatalf("the key of %q in lower case is another", w)
			}
		}
	}
}

// Eight bytes at a time, the same bytes are letters and digits, ASCII or plain as one by one,
// wherever they stand.
func TestEightBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(26, 1))
	for i := range 20000 {
		b := make([]byte, r.IntN(200))
		for j := range b {
			b[j] = "aZ09 ."[r.IntN(6)]
		}
		if len(b) > 0 {
			b[r.IntN(len(b))] = byte(i) // each byte there is
		}
		s := string(b)
		var runs []int32
		ascii, plain := true, true
		for j := range b {
			if alphanumeric(b[j]) != (j > 0 && alphanumeric(b[j-1])) {
				runs = append(runs, int32(j))
			}
			ascii = ascii && b[j] < 0x80
			plain = plain && b[j] < 0x7f && (b[j] >= ' ' || isSpace(rune(b[j])))
		}
		if len(runs)%2 == 1 {
			runs = append(runs, int32(len(b)))
		}
		if got := appendRuns(nil, s); fmt.Sprint(got) != fmt.Sprint(runs) {
			t.Fatalf("%q: runs at %v, want %v", s, got, runs)
		}
		if isASCII(s) != ascii || squadPlain(s) != plain {
			t.Fatalf("%q: ASCII %v, plain %v", s, isASCII(s), squadPlain(s))
		}
	}
	for c := range 256 {
		letter := regexp.MustCompile(`^[A-Za-z0-9]$`).Match([]byte{byte(c)})
		if alphanumeric(byte(c)) != letter {
			t.Errorf("byte %#x", c)
		}
	}
}
