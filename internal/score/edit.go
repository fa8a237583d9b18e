package score

import (
	"math"
	"strconv"
	"unicode/utf16"
)

func editEntries() []*Entry {
	fold := Param{Name: "ignore_case", Kind: Flag, Default: false, Doc: "compare lower case"}
	s := refEntry("edit_similarity", "Text", "1 − edit distance / length of the longer, in characters; 1 if both are empty", "nltk edit_distance")
	s.Aliases = []string{"levenshtein_similarity"}
	s.Params = []Param{fold}
	s.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		m := &myers{}
		return &best{refs: refs, one: func(o, r string) (float64, string) {
			d, most := m.distance(foldIf(o, a.flag("ignore_case")), foldIf(r, a.flag("ignore_case")))
			if most == 0 {
				return 1, ""
			}
			return 1 - float64(d)/float64(most), ""
		}}, err
	}
	d := refEntry("levenshtein", "Text", "edit distance to the nearest reference: characters put in, left out or changed", "nltk edit_distance")
	d.Aliases, d.Hi, d.Direction = []string{"edit_distance"}, math.Inf(1), Down
	d.Params = []Param{fold, {Name: "utf16", Kind: Flag, Default: false, Doc: "count UTF-16 units, as JavaScript does: 👩 is two"}}
	d.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		m := &myers{}
		return &best{refs: refs, down: true, one: func(o, r string) (float64, string) {
			o, r = foldIf(o, a.flag("ignore_case")), foldIf(r, a.flag("ignore_case"))
			if a.flag("utf16") {
				o, r = utf16Units(o), utf16Units(r)
			}
			n, _ := m.distance(o, r)
			return float64(n), strconv.Itoa(n) + " edits"
		}}, err
	}
	return []*Entry{s, d}
}

// utf16Units has a character for each UTF-16 unit of a text; halves of pairs become
// characters of private use.
func utf16Units(s string) string {
	units := utf16.Encode([]rune(s))
	out := make([]rune, len(units))
	for i, u := range units {
		if out[i] = rune(u); utf16.IsSurrogate(out[i]) {
			out[i] += 0x100000
		}
	}
	return string(out)
}

func foldIf(s string, fold bool) string {
	if fold {
		return lower(s)
	}
	return s
}

// myers computes edit distances by Myers' bit-parallel algorithm in Hyyrö's block form
// (Hyyrö 2003): 64 cells of the table at a time.
type myers struct {
	a, b   []rune
	ascii  [128]int32 // first row of peq of a character, 0 without
	table  map[rune]int32
	peq    []uint64 // rows of `blocks` words
	vp, vn []uint64
	used   []rune
}

// distance is the edit distance in code points and the length of the longer text.
func (m *myers) distance(s, t string) (d, longer int) {
	m.a, m.b = appendRunes(m.a[:0], s), appendRunes(m.b[:0], t)
	a, b := m.a, m.b
	longer = max(len(a), len(b))
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) == 0 || len(b) == 0 {
		return max(len(a), len(b)), longer
	}
	if len(a) < len(b) { // the shorter is the pattern
		a, b = b, a
	}
	return m.blocks(b, a), longer
}

func appendRunes(dst []rune, s string) []rune {
	for _, r := range s {
		dst = append(dst, r)
	}
	return dst
}

func (m *myers) row(r rune, blocks int, add bool) int32 {
	var at int32
	if r < 128 {
		at = m.ascii[r]
	} else {
		at = m.table[r]
	}
	if at != 0 || !add {
		return at
	}
	at = int32(len(m.peq))
	for range blocks {
		m.peq = append(m.peq, 0)
	}
	if r < 128 {
		m.ascii[r] = at
	} else {
		if m.table == nil {
			m.table = map[rune]int32{}
		}
		m.table[r] = at
	}
	m.used = append(m.used, r)
	return at
}

func (m *myers) blocks(p, t []rune) int {
	blocks := (len(p) + 63) / 64
	for _, r := range m.used {
		if r < 128 {
			m.ascii[r] = 0
		}
	}
	clear(m.table)
	m.used, m.peq, m.vp, m.vn = m.used[:0], m.peq[:0], m.vp[:0], m.vn[:0]
	for range blocks { // the row of a character that the pattern lacks
		m.peq = append(m.peq, 0)
		m.vp, m.vn = append(m.vp, ^uint64(0)), append(m.vn, 0)
	}
	for i, r := range p {
		at := m.row(r, blocks, true)
		m.peq[int(at)+i/64] |= 1 << (i % 64)
	}
	score := len(p)
	last := uint64(1) << ((len(p) - 1) % 64)
	for _, r := range t {
		at := m.row(r, blocks, false)
		eqs := m.peq[at : int(at)+blocks]
		hp, hn := uint64(1), uint64(0) // the first row of the table grows by one
		vps, vns := m.vp[:len(eqs)], m.vn[:len(eqs)]
		for k, eq := range eqs {
			vp, vn := vps[k], vns[k]
			x := eq | hn
			d0 := (x&vp + vp) ^ vp | x | vn
			ph, nh := vn|^(d0|vp), d0&vp
			if k == blocks-1 {
				if ph&last != 0 {
					score++
				} else if nh&last != 0 {
					score--
				}
			}
			nextP, nextN := ph>>63, nh>>63
			ph, nh = ph<<1|hp, nh<<1|hn
			vps[k], vns[k] = nh|^(d0|ph), ph&d0
			hp, hn = nextP, nextN
		}
	}
	return score
}

// distanceRunes is the plain table, for short names and as the fast one's check.
func distanceRunes(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		prev := row[0]
		row[0] = i + 1
		for j := range b {
			cost := prev + bitInt(a[i] != b[j])
			prev = row[j+1]
			row[j+1] = min(cost, prev+1, row[j]+1)
		}
	}
	return row[len(b)]
}
