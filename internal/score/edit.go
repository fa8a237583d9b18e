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
