package score

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

func numericEntries() []*Entry {
	params := []Param{
		{Name: "pick", Kind: Text, Default: "last", OneOf: []string{"last", "first", "only"}, Doc: "which number of the output counts; only: there must be just one"},
	}
	e := refEntry("numeric_match", "Text", "1 if the output's number is the reference's within the tolerance; sign and unit kept", "own vectors")
	e.Aliases, e.Binary = []string{"numeric"}, true
	e.Params = append([]Param{
		{Name: "abs_tol", Kind: Number, Default: 0.0, Doc: "largest |output − reference|"},
		{Name: "rel_tol", Kind: Number, Default: 0.0, Doc: "largest |output − reference| / |reference|; either tolerance suffices"},
		{Name: "unit", Kind: Flag, Default: true, Doc: "a unit of the reference (%, $, km …) must be the output's too"},
	}, params...)
	e.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		abs, _ := a.number("abs_tol")
		rel, _ := a.number("rel_tol")
		unit := a.flag("unit")
		return newNumeric(refs, a.text("pick"), func(o, r quantity) (float64, string) {
			if unit && r.unit != "" && o.unit != r.unit {
				return 0, "the unit is " + strconv.Quote(o.unit) + ", expected " + strconv.Quote(r.unit)
			}
			d := math.Abs(o.value - r.value)
			return bit(d <= abs || d <= rel*math.Abs(r.value)), o.text
		}), err
	}
	d := refEntry("numeric_difference", "Text", "1 − |o − r| / (|o| + |r|) of the output's and the reference's number, 1 where both are 0", "autoevals' definition; own vectors")
	d.Aliases, d.Params = []string{"numeric_diff"}, params
	d.build = func(a *args) (kernel, error) {
		refs, err := a.references()
		return newNumeric(refs, a.text("pick"), func(o, r quantity) (float64, string) {
			sum := math.Abs(o.value) + math.Abs(r.value)
			if sum == 0 {
				return 1, o.text
			}
			return 1 - math.Abs(o.value-r.value)/sum, o.text
		}), err
	}
	return []*Entry{e, d}
}

// quantity is a number as it stands in a text.
type quantity struct {
	value float64
	unit  string // lower case: %, a currency sign before, or the word right after
	text  string
}

type numericKernel struct {
	refs    *references
	pick    string
	numbers *regexp.Regexp
	compare func(o, r quantity) (float64, string)
}

// numberPattern reads 1,234.5 · −3 · .5 · 1e-3 · $ 5 · 50 % · 12 km. A point or comma at the
// end of a sentence is none of the number. The decimal sign is the point.
const numberPattern = `([$€£¥]?)\s?([-+−]?[$€£¥]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?)(?:\s?(%|°[CF]?|\pL+))?`

func newNumeric(refs *references, pick string, compare func(o, r quantity) (float64, string)) *numericKernel {
	return &numericKernel{refs: refs, pick: pick, numbers: regexp.MustCompile(numberPattern), compare: compare}
}

func (k *numericKernel) all(s string) []quantity {
	var out []quantity
	for _, m := range k.numbers.FindAllStringSubmatchIndex(s, -1) {
		at := func(g int) string {
			if m[2*g] < 0 {
				return ""
			}
			return s[m[2*g]:m[2*g+1]]
		}
		if start := m[4]; start > 0 { // "A4" and "v1.2" are names; "3-4" is two numbers
			prev := s[start-1]
			if prev >= 'a' && prev <= 'z' || prev >= 'A' && prev <= 'Z' || prev == '_' {
				continue
			}
		}
		q := quantity{text: strings.TrimSpace(s[m[0]:m[1]]), unit: at(1)}
		n := strings.ReplaceAll(strings.ReplaceAll(at(2), ",", ""), "−", "-")
		for _, sign := range []string{"$", "€", "£", "¥"} {
			if strings.Contains(n, sign) {
				q.unit, n = sign, strings.ReplaceAll(n, sign, "")
			}
		}
		if start := m[4]; start > 0 && (n[0] == '-' || n[0] == '+') && s[start-1] >= '0' && s[start-1] <= '9' {
			n = n[1:]
		}
		if q.unit == "" {
			q.unit = strings.ToLower(at(3))
		}
		v, err := strconv.ParseFloat(n, 64)
		if err != nil {
			continue // out of range
		}
		q.value = v
		out = append(out, q)
	}
	return out
}

func (k *numericKernel) score(c *Case) Score {
	refs, why := k.refs.of(c)
	if why != "" {
		return ungraded(why)
	}
	found := k.all(c.Output)
	out := Score{Graded: true, Value: math.Inf(-1)}
	for _, r := range refs {
		want := k.all(r)
		if len(want) != 1 {
			return ungraded("the reference " + strconv.Quote(short(r)) + " holds " + strconv.Itoa(len(want)) + " numbers, expected one")
		}
		v, evidence := 0.0, "no number found"
		if n := len(found); n > 0 {
			o := found[n-1]
			if k.pick == "first" {
				o = found[0]
			}
			if k.pick == "only" && n > 1 {
				evidence = strconv.Itoa(n) + " numbers, expected one"
			} else {
				v, evidence = k.compare(o, want[0])
			}
		}
		if v > out.Value {
			out.Value, out.Evidence = v, evidence
		}
	}
	return out
}
