package score

// Template is a text with {{variables}} that others fill: a prompt.
type Template struct{ t *template }

// ParseTemplate reads a text with {{variables}}; \{{ is a literal {{.
func ParseTemplate(s string) (Template, error) {
	t, err := parseTemplate(s)
	return Template{t}, err
}

// Variables names what the text needs, in order, repeats and all.
func (t Template) Variables() []string {
	var out []string
	for _, p := range t.t.parts {
		if p.name != "" {
			out = append(out, p.name)
		}
	}
	return out
}

// Fill puts the variables of a case in. One that the case lacks is an error.
func (t Template) Fill(c *Case) (string, error) { return t.t.fill(c) }

// Inner are the scorers within a scorer: those of a set, that of pass@k.
func (s *Scorer) Inner() []*Scorer {
	if k, ok := s.kernel.(interface{ inner() []*Scorer }); ok {
		return k.inner()
	}
	return nil
}

// PassFail reports whether each Value is 0 or 1.
func (s *Scorer) PassFail() bool { return s.binary() }

// Other names the scorer of the plan whose score of the answer this one builds on (Case.Other),
// "" for none.
func (s *Scorer) Other() string {
	if k, ok := s.kernel.(interface{ other() string }); ok {
		return k.other()
	}
	return ""
}

// Hides names the columns, perhaps with a path, that the scorer grades by and that no model
// may see.
func (s *Scorer) Hides() []string {
	if k, ok := s.kernel.(interface{ hides() []string }); ok {
		return k.hides()
	}
	return nil
}
