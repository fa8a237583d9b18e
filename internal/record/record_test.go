package record

import (
	"bytes"
	"strings"
	"testing"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
)

func sealed(t testing.TB) (*Record, []byte) {
	t.Helper()
	r := &Record{Plan: &plan.Plan{Name: "p"}, Estimates: []result.Estimate{{Metric: "m", Model: "candidate", Slice: "overall", Value: 0.5, SE: result.None(), Status: result.OK, Notes: []string{"ü <x>"}}},
		Verdict: result.Outcome{Decision: result.Go}, Gates: []result.Gate{{Name: "g", Verdict: result.Pass}}}
	r.Run.ID = "one"
	if err := r.Seal(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return r, b.Bytes()
}

func TestRoundTripAndTampering(t *testing.T) {
	r, b := sealed(t)
	again, err := Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if bad, err := again.CheckDigests(); err != nil || len(bad) > 0 {
		t.Errorf("read back: %v, %v", bad, err)
	}
	for what, edit := range map[string][2]string{"an estimate": {`"value": 0.5`, `"value": 0.6`}, "a verdict": {`"verdict": "pass"`, `"verdict": "fail"`}, "the plan": {`"name": "p"`, `"name": "q"`}} {
		e, err := Read(strings.NewReader(strings.Replace(string(b), edit[0], edit[1], 1)))
		if err != nil {
			t.Fatal(err)
		}
		if bad, _ := e.CheckDigests(); len(bad) == 0 {
			t.Errorf("editing %s is not found out", what)
		}
	}
	// What differs between two equal runs is outside every digest.
	c := *r
	c.Run.ID = "two"
	if err := c.Seal(); err != nil || c.Digest != r.Digest || c.ResultDigest != r.ResultDigest {
		t.Errorf("digests depend on the run: %v", err)
	}
	if d := Diff(r, again); len(d) != 0 {
		t.Errorf("equal records differ: %v", d)
	}
}

func TestReadRefuses(t *testing.T) {
	_, b := sealed(t)
	for says, text := range map[string]string{"line 1, column 1": "x", "schema is": `{"schema": "other"}`, "unknown field": strings.Replace(string(b), `"run": {`, `"extra": 1, "run": {`, 1), "unexpected end": string(b[:bytes.LastIndexByte(b[:len(b)/2], '\n')])} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestSchema(t *testing.T) {
	b, err := Schema()
	if err != nil || !bytes.Contains(b, []byte(`"title": "fairtrial record"`)) {
		t.Errorf("%v", err)
	}
}

func FuzzRead(f *testing.F) {
	_, b := sealed(f)
	f.Add(b)
	f.Add([]byte(`{"schema":"fairtrial.record/v1","plan":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := Read(bytes.NewReader(b)); err == nil {
			if _, err := r.CheckDigests(); err != nil {
				t.Errorf("a record that reads has no digests: %v", err)
			}
		}
	})
}
