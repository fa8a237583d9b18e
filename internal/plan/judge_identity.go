package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/fairtrial/fairtrial/internal/rubric"
)

// identity is the hash of what makes a judge.
func (p *Plan) identity(j *JudgeScorer) string {
	type who struct {
		Provider, API, Model, Digest, Format string
		Address                              string `json:",omitempty"` // of an application: it has no model's name
		Command                              []string
		Params                               map[string]any
		Body                                 any
		Answer                               string
		Seed                                 *int64
	}
	id := struct {
		Judges   []who
		Vote     string
		Rubric   rubric.Rubric
		Words    []rubric.Question
		Repeats  int
		Logprobs bool
	}{Vote: j.Vote, Rubric: j.Rubric, Words: j.Rubric.Words(), Repeats: j.Repeats, Logprobs: j.Logprobs}
	for _, key := range j.Judges {
		a := p.Judge(key)
		if a == nil {
			continue
		}
		w := who{Provider: a.Provider, API: a.API, Model: a.Model, Digest: a.Digest, Format: a.Format, Command: a.Command, Params: a.Params, Body: a.Body, Answer: a.Answer, Seed: a.Seed}
		if a.Provider == "http" {
			w.Address = a.BaseURL
		}
		id.Judges = append(id.Judges, w)
	}
	// The order of an ensemble changes nothing.
	slices.SortFunc(id.Judges, func(x, y who) int { return bytes.Compare(encoded(x), encoded(y)) })
	sum := sha256.Sum256(encoded(id))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // values of a YAML file always encode
		panic(err)
	}
	return b
}

// recordedDigest is part of who the judge is: other verdicts are another judge.
func (d *decoder) recordedDigest(v *node, path string, a *Answers) {
	if d.read == nil {
		return
	}
	at := a.Source
	if !filepath.IsAbs(at) {
		at = filepath.Join(d.read.dir, at)
	}
	f, err := os.Open(at)
	if err != nil {
		d.fail(v, path, "a file of lines {id, model, output}", "%s: %v", a.Source, reason(err))
		return
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		d.fail(v, path, "a file of lines {id, model, output}", "%s: %v", a.Source, reason(err))
		return
	}
	a.Digest = "sha256:" + hex.EncodeToString(h.Sum(nil))
}
