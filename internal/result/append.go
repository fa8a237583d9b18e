package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// AppendJSON appends the number as encoding/json would write it, without its reflection:
// records are mostly numbers. An absent number is null.
func (n Number) AppendJSON(b []byte) []byte {
	if !n.Known() {
		return append(b, "null"...)
	}
	if n == 0 { // never "-0"
		return append(b, '0')
	}
	f, format := float64(n), byte('f')
	if a := math.Abs(f); a < 1e-6 || a >= 1e21 {
		format = 'e'
	}
	b = strconv.AppendFloat(b, f, format, -1, 64)
	if k := len(b); format == 'e' && b[k-4] == 'e' && b[k-2] == '0' { // e-09 is e-9
		b = append(b[:k-2], b[k-1])
	}
	return b
}

// Writer appends estimates and comparisons as encoding/json would write them, in a third
// of its time. HTML is its choice of escaping <, > and &.
type Writer struct {
	HTML bool
	buf  []byte
	err  error
}

// Estimates appends a list of estimates to b; nil is null.
func (w *Writer) Estimates(b []byte, es []Estimate) ([]byte, error) {
	return list(w, b, es, w.estimate)
}

// Comparisons appends a list of comparisons to b; nil is null.
func (w *Writer) Comparisons(b []byte, cs []Comparison) ([]byte, error) {
	return list(w, b, cs, w.comparison)
}

func list[T any](w *Writer, b []byte, all []T, one func(*T)) ([]byte, error) {
	w.buf, w.err = b, nil
	if all == nil {
		w.raw("null")
	} else {
		w.raw("[")
		for i := range all {
			if i > 0 {
				w.raw(",")
			}
			one(&all[i])
		}
		w.raw("]")
	}
	return w.buf, w.err
}

func (w *Writer) estimate(e *Estimate) {
	w.text(`{"metric":`, e.Metric)
	w.text(`,"model":`, e.Model)
	w.text(`,"slice":`, e.Slice)
	w.number(`,"value":`, e.Value)
	w.number(`,"se":`, e.SE)
	w.number(`,"df":`, e.DF)
	w.number(`,"lower":`, e.Lower)
	w.number(`,"upper":`, e.Upper)
	w.level(e.Level)
	w.count(`,"n":`, e.N)
	w.number(`,"n_eff":`, e.NEff)
	w.count(`,"missing":`, e.Missing)
	w.number(`,"worst":`, e.Worst)
	w.number(`,"best":`, e.Best)
	w.text(`,"method":`, e.Method)
	w.text(`,"status":`, string(e.Status))
	w.notes(e.Notes, e.Correction)
	if e.Apart != nil {
		w.raw(`,"apart":`)
		w.any(e.Apart)
	}
	w.raw("}")
}

func (w *Writer) comparison(c *Comparison) {
	w.text(`{"metric":`, c.Metric)
	w.text(`,"slice":`, c.Slice)
	w.text(`,"candidate":`, c.Candidate)
	w.text(`,"baseline":`, c.Baseline)
	w.number(`,"difference":`, c.Difference)
	w.number(`,"se":`, c.SE)
	w.number(`,"df":`, c.DF)
	w.number(`,"lower":`, c.Lower)
	w.number(`,"upper":`, c.Upper)
	w.level(c.Level)
	w.number(`,"p_value":`, c.P)
	w.number(`,"p_adjusted":`, c.PAdjusted)
	w.text(`,"family":`, c.Family)
	if c.FamilySize != 0 {
		w.count(`,"family_size":`, int64(c.FamilySize))
	}
	w.text(`,"method":`, c.Method)
	w.text(`,"verdict":`, string(c.Verdict))
	w.count(`,"n":`, c.N)
	if c.NeededN == nil {
		w.raw(`,"needed_n":null`)
	} else {
		w.count(`,"needed_n":`, *c.NeededN)
	}
	w.number(`,"smallest_effect":`, c.SmallestEffect)
	w.text(`,"status":`, string(c.Status))
	w.notes(c.Notes, c.Correction)
	w.raw("}")
}

// notes and correction stand at the end of estimates and of comparisons.
func (w *Writer) notes(notes []string, c *Correction) {
	if notes == nil {
		w.raw(`,"notes":null`)
	} else {
		w.raw(`,"notes":[`)
		for i, n := range notes {
			if i > 0 {
				w.raw(",")
			}
			w.text("", n)
		}
		w.raw("]")
	}
	if c != nil {
		w.raw(`,"correction":`)
		w.any(c)
	}
}

func (w *Writer) raw(s string) { w.buf = append(w.buf, s...) }

func (w *Writer) number(key string, n Number) { w.buf = n.AppendJSON(append(w.buf, key...)) }

func (w *Writer) count(key string, n int64) {
	w.buf = strconv.AppendInt(append(w.buf, key...), n, 10)
}

// level is a float that must be there, as encoding/json asks of each.
func (w *Writer) level(l float64) {
	if !Number(l).Known() {
		w.err = fmt.Errorf("encode level: %v is not a number of JSON", l)
	}
	w.number(`,"level":`, Number(l))
}

// text appends a string; those that need escapes are left to encoding/json.
func (w *Writer) text(key, s string) {
	w.raw(key)
	ascii := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c == '"' || c == '\\' || w.HTML && (c == '<' || c == '>' || c == '&') {
			w.any(s)
			return
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if !ascii && (!utf8.ValidString(s) || strings.ContainsAny(s, "\u2028\u2029")) {
		w.any(s)
		return
	}
	w.raw(`"`)
	w.raw(s)
	w.raw(`"`)
}

func (w *Writer) any(v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(w.HTML)
	if err := e.Encode(v); err != nil {
		w.err = fmt.Errorf("encode %T: %w", v, err)
		return
	}
	w.buf = append(w.buf, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
