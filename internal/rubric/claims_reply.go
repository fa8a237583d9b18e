package rubric

import (
	"encoding/json"
	"fmt"
	"strings"
)

// only finds the one JSON object of a reply that has the key. why says why there is none.
func (r Reply) only(key string) (field, string) {
	if why := r.unreadable(); why != "" {
		return field{}, why
	}
	var found []field
	objects, starts := 0, 0
	for at := 0; at < len(r.Text) && starts < mostStarts; {
		i := strings.IndexByte(r.Text[at:], '{')
		if i < 0 {
			break
		}
		at += i
		fields, next, bad := object(r.Text[at:])
		if bad != nil {
			starts++
			at++
			continue
		}
		objects++
		if f, ok := fields[key]; ok {
			found = append(found, f)
		}
		at += next
	}
	switch {
	case len(found) == 1 && !found[0].twice:
		return found[0], ""
	case len(found) > 0:
		return field{}, fmt.Sprintf("the judge's reply says %q twice", key)
	case cut(r.Finish):
		return field{}, "the judge's reply is cut off (" + r.Finish + "): raise max_tokens"
	case objects == 0:
		return field{}, "the judge's reply holds no JSON object: " + short(r.Text)
	}
	return field{}, fmt.Sprintf("the judge's reply has no %q: %s", key, short(r.Text))
}

// readClaims reads {"claims": […]}.
func (r Reply) readClaims() ([]string, string) {
	f, why := r.only("claims")
	if why != "" {
		return nil, why
	}
	var list []string
	if err := json.Unmarshal(f.value, &list); err != nil || list == nil {
		return nil, "the judge's claims are no list of texts: " + short(string(f.value))
	}
	if len(list) > mostClaims {
		return nil, fmt.Sprintf("the judge lists %d claims, more than %d", len(list), mostClaims)
	}
	for i, c := range list {
		if list[i] = strings.TrimSpace(c); list[i] == "" {
			return nil, fmt.Sprintf("claim %d of the judge's list is empty", i+1)
		}
	}
	return list, ""
}

// readVerdicts reads {"verdicts": [{"number": 1, "verdict": …}]}: one for each of n
// statements, in any order. A statement without one, or with two, leaves all ungraded: a
// share of those that happen to have a verdict would be another quantity.
func (r Reply) readVerdicts(n int, offered []string) ([]reply, string) {
	f, why := r.only("verdicts")
	if why != "" {
		return nil, why
	}
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(f.value, &list); err != nil {
		return nil, "the judge's verdicts are no list of objects: " + short(string(f.value))
	}
	out := make([]reply, n)
	for _, x := range list {
		var at int
		if err := json.Unmarshal(x["number"], &at); err != nil || at < 1 || at > n {
			return nil, fmt.Sprintf("the judge's reply has a verdict on number %s, and there are %d", short(string(x["number"])), n)
		}
		v := reply{evidence: texts(x["evidence"]), reasoning: strings.Join(texts(x["reasoning"]), "\n")}
		var choice string
		_ = json.Unmarshal(x["verdict"], &choice) // anything else is none of those offered
		for _, o := range offered {
			if fold(o) == fold(choice) {
				v.choice = o
			}
		}
		switch {
		case v.choice == "":
			return nil, fmt.Sprintf("the judge's verdict %s on number %d is none of %s", short(string(x["verdict"])), at, quoted(offered))
		case out[at-1].choice != "":
			return nil, fmt.Sprintf("the judge's reply has two verdicts on number %d", at)
		}
		out[at-1] = v
	}
	for i, v := range out {
		if v.choice == "" {
			return nil, fmt.Sprintf("the judge's reply has no verdict on number %d of %d", i+1, n)
		}
	}
	return out, ""
}
