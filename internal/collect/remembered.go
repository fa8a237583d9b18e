package collect

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// remembered is what a resumed run needs of a stored entry.
type remembered struct {
	ID     string   `json:"id"`
	Sample int      `json:"sample"`
	Key    string   `json:"key"`
	Call   uint64   `json:"call"`
	Charge Charge   `json:"charge"`
	Err    *Failure `json:"error"`
}

// remember reads an entry's JSON. Answers as encodeEntry writes them are read without a
// decoder, which would be most of the time of a run that has nothing left to ask.
func remember(meta []byte) (remembered, error) {
	if e, ok := rememberPlain(meta); ok {
		return e, nil
	}
	var e remembered
	err := json.Unmarshal(withoutAnswer(meta), &e)
	return e, err
}

// rememberPlain reads the fields in the order of Entry, up to the answer; ok is false where
// anything is otherwise.
func rememberPlain(meta []byte) (e remembered, ok bool) {
	c := cursor{rest: meta, ok: true}
	c.must(`{"id":`)
	e.ID = c.text()
	c.must(`,"sample":`)
	e.Sample = int(c.number())
	if c.may(`,"step":`) {
		c.number()
	}
	c.must(`,"key":`)
	e.Key = c.text()
	if c.may(`,"call":`) {
		e.Call = uint64(c.number())
	}
	if c.may(`,"attempts":`) {
		c.number()
	}
	c.may(`,"cached":true`)
	c.must(`,"at":`)
	c.text()
	c.must(`,"charge":{`)
	comma := ""
	for _, f := range []struct {
		name string
		to   *int64
	}{{`"in":`, &e.Charge.In}, {`"out":`, &e.Charge.Out}, {`"pico_usd":`, &e.Charge.Pico}} {
		if c.may(comma + f.name) {
			*f.to, comma = c.number(), ","
		}
	}
	e.Charge.Estimated = c.may(comma + `"estimated":true`)
	c.must(`},"answer":{`)
	return e, c.ok
}

// begun is the number of a call that begins as begin is written.
func begun(payload []byte) (call uint64, ok bool) {
	c := cursor{rest: payload, ok: true}
	c.must(`{"call":`)
	call = uint64(c.number())
	c.must(`,"id":`)
	return call, c.ok
}

// cursor reads JSON of a known form; ok is false from the first thing that differs on.
type cursor struct {
	rest []byte
	ok   bool
}

func (c *cursor) may(text string) bool {
	if len(c.rest) < len(text) || string(c.rest[:len(text)]) != text {
		return false
	}
	c.rest = c.rest[len(text):]
	return true
}

func (c *cursor) must(text string) { c.ok = c.may(text) && c.ok }

// text is a string without escapes.
func (c *cursor) text() string {
	if !c.may(`"`) {
		c.ok = false
		return ""
	}
	n := bytes.IndexByte(c.rest, '"')
	if n < 0 {
		c.ok = false
		return ""
	}
	s := c.rest[:n]
	for _, b := range s {
		c.ok = c.ok && b >= ' ' && b != '\\'
	}
	c.ok = c.ok && utf8.Valid(s)
	c.rest = c.rest[n+1:]
	return string(s)
}

// number is a whole number of at most 18 digits, not below 0.
func (c *cursor) number() int64 {
	n := 0
	for n < len(c.rest) && c.rest[n] >= '0' && c.rest[n] <= '9' {
		n++
	}
	if n == 0 || n > 18 || n > 1 && c.rest[0] == '0' {
		c.ok = false
		return 0
	}
	x, err := strconv.ParseInt(string(c.rest[:n]), 10, 64)
	c.ok = c.ok && err == nil
	c.rest = c.rest[n:]
	return x
}
