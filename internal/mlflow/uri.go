package mlflow

import (
	"fmt"
	"regexp"
	"strings"
)

// A URI is what MLflow users write for a thing of a server: runs:/RUN_ID/path,
// models:/name/3, models:/name@alias or models:/m-ID, each with a path below it.
type URI struct {
	Run     string // its id
	Name    string // of a registered model
	Version string
	Alias   string
	Model   string // id of a logged model, m-…
	Path    string // below it; empty: the thing itself
}

var (
	runID    = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$`)
	digits   = regexp.MustCompile(`^[0-9]{1,18}$`)
	loggedID = regexp.MustCompile(`^m-[0-9a-f]{8,64}$`)
)

// Is reports whether text is meant as a URI of MLflow.
func Is(text string) bool {
	return strings.HasPrefix(text, "runs:") || strings.HasPrefix(text, "models:")
}

// ParseURI reads a URI; its error says what is expected instead.
func ParseURI(text string) (URI, error) {
	kind, rest, _ := strings.Cut(text, ":")
	rest = strings.TrimLeft(rest, "/")
	first, path, _ := strings.Cut(rest, "/")
	var u URI
	switch {
	case kind == "runs":
		u.Run, u.Path = first, path
		if !runID.MatchString(first) {
			return URI{}, fmt.Errorf("%q is no run's id: write runs:/RUN_ID/path", first)
		}
	case kind == "models" && loggedID.MatchString(first):
		u.Model, u.Path = first, path
	case kind == "models" && strings.Contains(first, "@"):
		u.Name, u.Alias, _ = strings.Cut(first, "@")
		u.Path = path
		if u.Name == "" || u.Alias == "" {
			return URI{}, fmt.Errorf("%q names no model and alias: write models:/name@alias", text)
		}
	case kind == "models" && first != "":
		u.Name = first
		u.Version, u.Path, _ = strings.Cut(path, "/")
		if !digits.MatchString(u.Version) {
			return URI{}, fmt.Errorf("%q is no version: write models:/%s/3 or models:/%s@alias (stages, and \"latest\", mean another model tomorrow)", u.Version, first, first)
		}
	default:
		return URI{}, fmt.Errorf("%q is no address in MLflow: models:/name/3, models:/name@alias or runs:/RUN_ID/path is expected", text)
	}
	for _, part := range strings.Split(u.Path, "/") {
		if part == ".." || part == "." || part == "" && u.Path != "" {
			return URI{}, fmt.Errorf("%q is no plain path below a run or model", u.Path)
		}
	}
	return u, nil
}
