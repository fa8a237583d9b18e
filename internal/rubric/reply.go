package rubric

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// Bounds of reading a reply: beyond them it is no verdict.
const (
	longestReply = 256 << 10 // bytes
	mostStarts   = 100       // braces that begin no object
)

// reply is a verdict as it was written.
type reply struct {
	choice    string
	at        int // where the choice begins in the text
	evidence  []string
	reasoning string
}

// read finds the one verdict of a reply. why says why there is none.
func (r Reply) read(key string, offered []string) (said reply, why string) {
	switch {
	case r.Failed != "":
		return said, r.Failed
	case r.Refused:
		return said, "the judge refuses: " + short(r.Text)
	case len(r.Text) > longestReply:
		return said, fmt.Sprintf("the judge's reply is longer than %d KiB", longestReply>>10)
	case strings.TrimSpace(r.Text) == "":
		if cut(r.Finish) {
			return said, "the judge's reply is cut off before it begins: raise max_tokens"
		}
		return said, "the judge's reply is empty"
	}
	said, why = verdictIn(r.Text, key, offered)
	switch {
	case why == "":
	case r.Finish == "content_filter":
		why = "the judge's reply was stopped by a content filter"
	case cut(r.Finish):
		why = "the judge's reply is cut off (" + r.Finish + "): raise max_tokens"
	}
	return said, why
}

// cut says whether a reply ended because it was too long.
func cut(finish string) bool {
	return finish == "length" || finish == "max_tokens" || finish == "max_output_tokens"
}

// verdictIn finds the JSON objects of a text and the verdict in them. Prose around an
// object is passed over; objects that name different levels are no verdict, since one of
// them may be the answer's own words.
func verdictIn(text, key string, offered []string) (said reply, why string) {
	found, objects, starts := false, 0, 0
	for at := 0; at < len(text) && starts < mostStarts; {
		i := strings.IndexByte(text[at:], '{')
		if i < 0 {
			break
		}
		at += i
		fields, next, bad := object(text[at:])
		if bad != nil {
			starts++
			at++
			continue
		}
		objects++
		here, has, wrong := verdictOf(fields, key, offered)
		here.at += at
		switch {
		case !has:
		case wrong != "":
			return here, wrong
		case found && fold(here.choice) != fold(said.choice):
			return here, fmt.Sprintf("the judge's reply holds two verdicts, %q and %q", said.choice, here.choice)
		case !found:
			said, found = here, true
		}
		at += next
	}
	switch {
	case found:
		return said, ""
	case objects == 0:
		return said, "the judge's reply holds no JSON object: " + short(text)
	}
	return said, fmt.Sprintf("the judge's reply has no %q: %s", key, short(text))
}

type field struct {
	value json.RawMessage
	at    int // in the text
	twice bool
}

// object reads a JSON object at the start of a text: its fields, and where it ends.
func object(text string) (map[string]field, int, error) {
	d := json.NewDecoder(strings.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, 0, err
	}
	out := map[string]field{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, 0, err
		}
		name, ok := t.(string)
		if !ok {
			return nil, 0, fmt.Errorf("a key is expected")
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, 0, err
		}
		_, twice := out[name]
		out[name] = field{bytes.Clone(v), int(d.InputOffset()) - len(v), twice}
	}
	if _, err := d.Token(); err != nil {
		return nil, 0, err
	}
	return out, int(d.InputOffset()), nil
}

// verdictOf reads the fields of one object. has: it has the key at all.
func verdictOf(fields map[string]field, key string, offered []string) (said reply, has bool, why string) {
	f, has := fields[key]
	if !has {
		return said, false, ""
	}
	said.evidence, said.reasoning = texts(fields["evidence"].value), strings.Join(texts(fields["reasoning"].value), "\n")
	said.at = f.at
	if f.twice {
		return said, true, fmt.Sprintf("the judge's reply says %q twice", key)
	}
	if err := json.Unmarshal(f.value, &said.choice); err == nil && f.value[0] == '"' {
		said.at++ // the quotation mark
	} else if c := f.value[0]; c == '-' || c >= '0' && c <= '9' || c == 't' || c == 'f' {
		said.choice = string(f.value) // 3 for the level "3"
	} else {
		return said, true, fmt.Sprintf("the judge's %s is %s, not one of %s", key, short(string(f.value)), quoted(offered))
	}
	for _, o := range offered {
		if fold(o) == fold(said.choice) {
			return said, true, ""
		}
	}
	return said, true, fmt.Sprintf("the judge's %s %q is none of %s", key, short(said.choice), quoted(offered))
}

// texts of a field: one, or a list of them; what is none is kept as it is written.
func texts(v json.RawMessage) []string {
	if len(v) == 0 || string(v) == "null" {
		return nil
	}
	var one string
	if json.Unmarshal(v, &one) == nil {
		if strings.TrimSpace(one) == "" {
			return nil
		}
		return []string{one}
	}
	var list []json.RawMessage
	if json.Unmarshal(v, &list) != nil {
		return []string{string(v)}
	}
	var out []string
	for _, x := range list {
		if json.Unmarshal(x, &one) != nil {
			one = string(x)
		}
		if strings.TrimSpace(one) != "" {
			out = append(out, one)
		}
	}
	return out
}

// short is the beginning of a text, on one line and without signs that steer a terminal.
func short(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.Join(strings.Fields(s), " "))
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}
