package provider

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// secrets holds the looked-up keys of one provider and blots them out of everything that
// leaves it.
type secrets struct{ values [][]byte }

// shortest is how long a looked-up value must be to be blotted out: shorter ones ("none",
// "x") are no secret, and blotting them would spoil the evidence.
const shortest = 6

// lookUp resolves env:NAME and file:PATH. Anything else is refused without repeating it:
// it may be the key itself.
func (s *secrets) lookUp(field, ref string, getenv func(string) string) (string, error) {
	if getenv == nil {
		getenv = os.Getenv
	}
	kind, name, _ := strings.Cut(ref, ":")
	var v string
	switch {
	case kind == "env" && name != "":
		if v = getenv(name); v == "" {
			return "", fmt.Errorf("%s: the environment variable %s is not set: set it where the run starts, or write file:PATH", field, name)
		}
	case kind == "file" && name != "":
		b, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("%s: read the key: %w", field, err)
		}
		if v = strings.TrimSpace(string(b)); v == "" {
			return "", fmt.Errorf("%s: the file %s is empty", field, name)
		}
	default:
		return "", fmt.Errorf("%s: write env:NAME or file:PATH, where the key is to be found; a key itself does not belong here", field)
	}
	if strings.ContainsAny(v, "\r\n\x00") {
		return "", fmt.Errorf("%s: the key in %s has more than one line", field, ref)
	}
	s.add(v)
	return v, nil
}

// add remembers a value in the forms in which a server may echo it.
func (s *secrets) add(v string) {
	if len(v) < shortest {
		return
	}
	quoted, _ := json.Marshal(v)
	for _, form := range []string{v, string(quoted[1 : len(quoted)-1]), url.QueryEscape(v), url.PathEscape(v), base64.StdEncoding.EncodeToString([]byte(v))} {
		s.values = append(s.values, []byte(form))
	}
}

// blot replaces every key in b.
func (s *secrets) blot(b []byte) []byte {
	for _, v := range s.values {
		if bytes.Contains(b, v) {
			b = bytes.ReplaceAll(b, v, []byte("[key]"))
		}
	}
	return b
}

// err blots the text and the evidence of an error.
func (s *secrets) err(e *Error) *Error {
	e.Message = string(s.blot([]byte(e.Message)))
	e.Request, e.Response = s.blot(e.Request), s.blot(e.Response)
	return e
}

// headers resolves the user's own headers.
func (s *secrets) headers(h map[string]string, getenv func(string) string) (map[string]string, error) {
	out := map[string]string{}
	for k, v := range h {
		if strings.HasPrefix(v, "env:") || strings.HasPrefix(v, "file:") {
			var err error
			if v, err = s.lookUp("headers."+k, v, getenv); err != nil {
				return nil, err
			}
		} else if confidential(k) {
			return nil, fmt.Errorf("headers.%s: write env:NAME or file:PATH, where its value is to be found", k)
		}
		out[k] = v
	}
	return out, nil
}

// confidential guesses from a name whether its value is a key.
func confidential(name string) bool {
	n := strings.ToLower(name)
	for _, w := range []string{"authorization", "api-key", "api_key", "apikey", "token", "secret", "password", "cookie", "signature"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return n == "key" || n == "sig" || n == "code"
}

// address checks a base URL: it is stored with every request, so no key may be in it.
func address(field, raw string) (*url.URL, error) {
	if raw == "" {
		return nil, fmt.Errorf("%s: an address is needed, such as http://127.0.0.1:8080/v1", field)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: not an address: write one such as http://127.0.0.1:8080/v1", field) // url's error repeats it, passwords and all
	}
	if u.User != nil {
		return nil, fmt.Errorf("%s: a user or password in the address would be stored with every request; use key or headers", field)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%s: %q is no http or https address: write one such as http://127.0.0.1:8080/v1", field, raw)
	}
	for name := range u.Query() {
		if confidential(name) {
			return nil, fmt.Errorf("%s: the parameter %q looks like a key, which would be stored with every request; use key or headers", field, name)
		}
	}
	return u, nil
}
