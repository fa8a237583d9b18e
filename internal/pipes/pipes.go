// Package pipes tells a Dagster run that started this process what an evaluation found, by
// Dagster's Pipes protocol 0.1: one materialization and one asset check a gate. It refuses
// to decide anything: verdicts come from the record.
package pipes

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

const version = "0.1"

// A Channel writes messages to the Dagster process. A nil *Channel is none: its methods do nothing.
type Channel struct {
	w     io.WriteCloser
	asset string // the key of the one asset in scope; empty: none, or several
}

type message struct {
	Version string `json:"__dagster_pipes_version"`
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

type where struct {
	Path  string `json:"path"`
	Stdio string `json:"stdio"`
}

// Open announces the process where Dagster started it: where DAGSTER_PIPES_CONTEXT and
// DAGSTER_PIPES_MESSAGES are set. Elsewhere the channel is nil.
func Open(getenv func(string) string, stdout, stderr io.Writer) (*Channel, error) {
	told, to := getenv("DAGSTER_PIPES_CONTEXT"), getenv("DAGSTER_PIPES_MESSAGES")
	if told == "" || to == "" {
		return nil, nil
	}
	var target where
	if err := decode(to, &target); err != nil {
		return nil, fmt.Errorf("read DAGSTER_PIPES_MESSAGES: %w", err)
	}
	context, err := contextOf(told)
	if err != nil {
		return nil, fmt.Errorf("read DAGSTER_PIPES_CONTEXT: %w", err)
	}
	c := &Channel{}
	if len(context.Assets) == 1 {
		c.asset = context.Assets[0]
	}
	switch {
	case target.Path != "":
		if c.w, err = os.OpenFile(target.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
			return nil, fmt.Errorf("open Dagster's message file: %w", err)
		}
	case target.Stdio == "stdout":
		c.w = open{stdout}
	case target.Stdio == "stderr":
		c.w = open{stderr}
	default:
		return nil, errors.New("read DAGSTER_PIPES_MESSAGES: neither a path nor stdio (a file or a standard stream is what fairtrial can write to)")
	}
	return c, c.send("opened", map[string]any{"extras": map[string]any{}})
}

type open struct{ io.Writer }

func (open) Close() error { return nil }

type context struct {
	Assets []string `json:"asset_keys"`
}

// contextOf reads what Dagster says of its run, from the parameter itself or from the file it names.
func contextOf(param string) (context, error) {
	var p struct {
		Path string          `json:"path"`
		Data json.RawMessage `json:"data"`
	}
	if err := decode(param, &p); err != nil {
		return context{}, err
	}
	text := []byte(p.Data)
	if p.Path != "" {
		var err error
		if text, err = os.ReadFile(p.Path); err != nil {
			return context{}, err
		}
	}
	if len(text) == 0 {
		return context{}, errors.New("neither data nor a path")
	}
	var c context
	return c, json.Unmarshal(text, &c)
}

// decode reads base64 of zlib of JSON; limit bounds what a broken parameter may unfold to.
func decode(param string, v any) error {
	const limit = 16 << 20
	packed, err := base64.StdEncoding.DecodeString(param)
	if err != nil {
		return fmt.Errorf("not base64: %w", err)
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("not zlib: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(z, limit))
	if err != nil {
		return fmt.Errorf("not zlib: %w", err)
	}
	return json.Unmarshal(text, v)
}

func (c *Channel) send(method string, params any) error {
	b, err := json.Marshal(message{version, method, params})
	if err != nil {
		return err
	}
	if _, err := c.w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("tell Dagster: %w", err)
	}
	return nil
}

// Report sends the asset's materialization, with the record's digest as its data version,
// and a check for each gate. The files of the run must have been written before. Without one
// asset in scope there is nothing to attach them to, and nothing is sent.
func (c *Channel) Report(r *record.Record, folder string) error {
	if c == nil || c.asset == "" {
		return nil
	}
	err := c.send("report_asset_materialization", map[string]any{
		"asset_key":    c.asset,
		"data_version": r.Digest,
		"metadata": map[string]any{
			"verdict":       typed("text", r.Verdict.Decision),
			"sentence":      typed("text", r.Verdict.Sentence),
			"rows":          typed("int", r.Data.RowsUsed),
			"run":           typed("text", r.Run.ID),
			"record_digest": typed("text", r.Digest),
			"record":        typed("path", filepath.Join(folder, "record.json")),
			"report":        typed("path", filepath.Join(folder, "report.html")),
		},
	})
	names := CheckNames(r.Gates)
	for i, g := range r.Gates {
		err = errors.Join(err, c.send("report_asset_check", check(c.asset, names[i], g)))
	}
	return err
}

// check is one gate. Passed means passed: an inconclusive gate has not, and is a warning, as
// is a gate that the plan only warns of. One that does not apply has nothing to fail.
func check(asset, name string, g result.Gate) map[string]any {
	severity := "ERROR"
	if g.Severity == result.Warn || g.Verdict == result.Inconclusive {
		severity = "WARN"
	}
	return map[string]any{
		"asset_key":  asset,
		"check_name": name,
		"passed":     g.Verdict == result.Pass || g.Verdict == result.VerdictNotApplicable,
		"severity":   severity,
		"metadata": map[string]any{
			"verdict": typed("text", g.Verdict),
			"gate":    typed("text", g.Name),
			"metric":  typed("text", g.Metric),
			"rule":    typed("text", g.Rule),
			"reason":  typed("text", g.Reason),
			"value":   number(g.Evidence.Value),
			"lower":   number(g.Evidence.Lower),
			"upper":   number(g.Evidence.Upper),
			"bound":   number(g.Evidence.Bound),
			"n":       typed("int", g.Evidence.N),
		},
	}
}

func typed(kind string, v any) map[string]any { return map[string]any{"type": kind, "raw_value": v} }

func number(n result.Number) map[string]any {
	if !n.Known() {
		return typed("null", nil)
	}
	return typed("float", n)
}

// Close ends the conversation; err is why the process fails, or nil.
func (c *Channel) Close(err error) error {
	if c == nil {
		return nil
	}
	params := map[string]any{}
	if err != nil {
		params["exception"] = map[string]any{"message": err.Error(), "name": "fairtrial", "stack": []string{}, "cause": nil, "context": nil}
	}
	return errors.Join(c.send("closed", params), c.w.Close())
}

// CheckNames are the gates' names as Dagster takes them: letters, digits and underscores. Two
// that become alike are numbered.
func CheckNames(gates []result.Gate) []string {
	names, seen := make([]string, len(gates)), map[string]int{}
	for i, g := range gates {
		name := make([]byte, 0, len(g.Name))
		for _, r := range g.Name {
			switch {
			case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
				name = append(name, byte(r))
			case len(name) > 0 && name[len(name)-1] != '_':
				name = append(name, '_')
			}
		}
		text := string(bytes.TrimRight(name, "_"))
		if text == "" {
			text = "gate"
		}
		seen[text]++
		if n := seen[text]; n > 1 {
			text = fmt.Sprintf("%s_%d", text, n)
		}
		names[i] = text
	}
	return names
}
