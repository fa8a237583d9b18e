package score

import "strings"

// Checks are a case's own list of checks, with what they found so far: several scorers
// read one list. One goroutine at a time.
type Checks struct {
	set   *set
	found map[checked]verdict // nil where they read more than `checked` holds
}

// checked is all of a case that plain checks read and that an answer changes.
type checked struct {
	output                 string
	latency, cost, in, out float64
}

// ChecksReader reads the checks of many cases.
type ChecksReader struct{ names names }

// NewChecksReader makes one.
func NewChecksReader() *ChecksReader { return &ChecksReader{newNames()} }

// Read reads a case's list of checks: maps as under `scorers`, or one line each; or
// {of: [...], threshold: 0.5}. Either may stand as JSON in a text. Errors say which check.
func (r *ChecksReader) Read(v any) (*Checks, error) {
	if s, ok := v.(string); ok {
		if t := strings.TrimSpace(s); strings.HasPrefix(t, "[") || strings.HasPrefix(t, "{") {
			parsed, err := parseJSON(t)
			if err != nil {
				return nil, keyErr("", "", "not a list of checks: %v", err)
			}
			v = parsed
		} else {
			v = []any{s} // one check in one line
		}
	}
	var threshold *float64
	if m, ok := v.(map[string]any); ok {
		for _, k := range sortedKeys(m) {
			if k != "of" && k != "threshold" {
				return nil, keyErr("", nearest(k, []string{"of", "threshold"}), "expected a list of checks or {of, threshold}, found the key %q", k)
			}
		}
		if t := m["threshold"]; t != nil {
			x, ok := number(t)
			if !ok {
				return nil, keyErr("threshold", "", "expected a number, found %s", kindOf(t))
			}
			threshold = &x
		}
		v = m["of"]
	}
	list, ok := v.([]any)
	if !ok && v != nil {
		return nil, keyErr("", "", "expected a list of checks, found %s", kindOf(v))
	}
	s, err := r.names.set(list, threshold, 1)
	if err != nil {
		return nil, err
	}
	c := &Checks{set: s}
	if s.plain() {
		c.found = map[checked]verdict{}
	}
	return c, nil
}

func (k *Checks) on(c *Case) verdict {
	if k.found == nil {
		return k.set.on(c)
	}
	at := func(p *float64) float64 {
		if p == nil {
			return -1
		}
		return *p
	}
	key := checked{c.Output, at(c.Latency), at(c.CostUSD), at(c.TokensIn), at(c.TokensOut)}
	v, ok := k.found[key]
	if !ok {
		v = k.set.on(c)
		k.found[key] = v
	}
	return v
}

func checksEntry() *Entry {
	e := &Entry{Name: "checks", Group: "Checks", Lo: 0, Hi: 1, Direction: Up, Needs: "checks", Oracle: "promptfoo",
		Meaning: "the case's own list of checks (data.columns.checks): 1 if it passes, as `set` does; a case without checks is ungraded",
		Params: []Param{
			{Name: "give", Kind: Text, Default: "pass", OneOf: []string{"pass", "score"}, Doc: "1 or 0, or the mean of the scores by weight"},
			{Name: "metric", Kind: Text, Doc: "the mean by weight of the checks with this `as`, instead of all"},
			{Name: "of", Kind: Text, Doc: "the share that passes of the checks of this type"},
		}}
	e.build = func(a *args) (kernel, error) {
		t := &total{mean: a.text("give") == "score" || a.Threshold != nil, metric: a.text("metric")}
		if of := a.text("of"); of != "" {
			if t.metric != "" {
				return nil, keyErr("of", "keep one of them", "of does not go with metric")
			}
			entry, not, ok := Find(of)
			if !ok {
				return nil, keyErr("of", nearest(of, allNames()), "%q is not a scorer", of)
			}
			t.kind = Spec{Type: entry.Name, Not: not}.Name()
		}
		t.of = func(c *Case) (*set, string) {
			if c.Checks == nil || len(c.Checks.set.checks) == 0 {
				return nil, "the case has no checks"
			}
			return c.Checks.set, ""
		}
		return t, nil
	}
	return e
}
