package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/result"
)

// Digest is "sha256:" and the hex digest of canonical JSON: Go's encoding of the
// value with fields in the order of their types and maps sorted by key.
func Digest(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("digest value: %w", err)
	}
	return DigestBytes(b), nil
}

// DigestBytes is "sha256:" and the hex digest of b.
func DigestBytes(b []byte) string {
	s := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(s[:])
}

// results is what result_digest is taken of.
type results struct {
	Estimates   []result.Estimate
	Comparisons []result.Comparison
	rest
}

// rest is what follows the two long lists.
type rest struct {
	Gates      []result.Gate
	Verdict    result.Outcome
	Sequential *result.Sequential `json:",omitempty"`
	Impact     *result.Impact     `json:",omitempty"`
	Slices     []Slice
	Curves     []Curve
	Tables     []Table
	Exemplars  []engine.Exemplar
}

// Seal sets the schema and the digests. Call it last.
func (r *Record) Seal() error {
	r.Schema = SchemaV1
	var err error
	if r.PlanDigest, err = Digest(r.Plan); err != nil {
		return err
	}
	if r.ResultDigest, err = r.resultDigest(); err != nil {
		return err
	}
	r.Digest, err = r.digest()
	return err
}

func (r *Record) resultDigest() (string, error) {
	b, err := results{r.Estimates, r.Comparisons, rest{r.Gates, r.Verdict, r.Sequential, r.Impact, r.Slices, r.Curves, r.Tables, r.Exemplars}}.canonical()
	if err != nil {
		return "", fmt.Errorf("digest results: %w", err)
	}
	return DigestBytes(b), nil
}

// digest covers everything but run and itself; the results enter through their own
// digest, which CheckDigests checks beside it.
func (r *Record) digest() (string, error) {
	c := *r
	c.Run, c.Digest = Run{}, ""
	c.Estimates, c.Comparisons, c.Gates, c.Verdict, c.Sequential, c.Impact, c.Slices, c.Curves, c.Tables, c.Exemplars = nil, nil, nil, result.Outcome{}, nil, nil, nil, nil, nil, nil
	return Digest(&c)
}

// CheckDigests compares the stored digests with the content and names each that
// does not match.
func (r *Record) CheckDigests() ([]string, error) {
	var bad []string
	for _, d := range []struct {
		name, have string
		make       func() (string, error)
	}{
		{"plan_digest", r.PlanDigest, func() (string, error) { return Digest(r.Plan) }},
		{"result_digest", r.ResultDigest, r.resultDigest},
		{"digest", r.Digest, r.digest},
	} {
		want, err := d.make()
		if err != nil {
			return nil, err
		}
		if want != d.have {
			bad = append(bad, fmt.Sprintf("%s is %s, the content gives %s", d.name, d.have, want))
		}
	}
	return bad, nil
}

// Write writes the record as indented JSON.
func (r *Record) Write(w io.Writer) error {
	b, err := r.encode(false)
	if err != nil {
		return err
	}
	if _, err = w.Write(append(indented(b), '\n')); err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	return nil
}

// MaxBytes is the size above which a record is not read.
const MaxBytes = 256 << 20

// Read parses a record strictly: an unknown field or schema is an error, since a
// record with unread parts cannot be vouched for.
func Read(rd io.Reader) (*Record, error) {
	b, err := io.ReadAll(io.LimitReader(rd, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	if len(b) > MaxBytes {
		return nil, fmt.Errorf("read record: larger than %d MB", MaxBytes>>20)
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("read record: %w", explain(b, err))
	}
	if head.Schema != SchemaV1 {
		return nil, fmt.Errorf("read record: schema is %q, this program reads %q", head.Schema, SchemaV1)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var r Record
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("read record: %w", explain(b, err))
	}
	return &r, nil
}

// explain says where in the bytes a JSON error lies, in words of the record.
func explain(b []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		off := min(max(0, syntax.Offset-1), int64(len(b))) // the offset counts the offending byte
		line := bytes.Count(b[:off], []byte("\n")) + 1
		col := off - int64(bytes.LastIndexByte(b[:off], '\n'))
		return fmt.Errorf("line %d, column %d: %w", line, col, err)
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%s: %s cannot stand there", kind.Field, kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("a record is one JSON object, this is %s", kind.Value)
	}
	return err
}
