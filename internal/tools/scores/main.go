// Command scores runs scorers over cases given as JSON lines, for the comparison with
// their oracles (oracles/scorers.py), and writes the catalogue for the documentation.
// It refuses anything but stdin and stdout.
//
// A line in is {"spec": {…}, "cases": [{…}, …]}; the line out holds a score for each case
// and, for corpus scorers, the value on all of them.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/fairtrial/fairtrial/internal/score"
)

type request struct {
	Spec  map[string]any `json:"spec"`
	Cases []struct {
		Output     string             `json:"output"`
		Outputs    []string           `json:"outputs"`
		References []string           `json:"references"`
		Question   string             `json:"question"`
		Contexts   []string           `json:"contexts"`
		Relevant   map[string]float64 `json:"relevant"`
		Vars       map[string]any     `json:"vars"`
	} `json:"cases"`
}

type answer struct {
	Error     string   `json:"error,omitempty"`
	Scores    []scored `json:"scores"`
	Corpus    *float64 `json:"corpus"`
	Signature string   `json:"signature,omitempty"`
}

type scored struct {
	Value    *float64 `json:"value"`
	Reason   string   `json:"reason,omitempty"`
	Evidence string   `json:"evidence,omitempty"`
}

func main() {
	catalogue := flag.Bool("catalogue", false, "write the catalogue as Markdown")
	flag.Parse()
	if *catalogue {
		writeCatalogue(os.Stdout)
		return
	}
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "scores:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	w := bufio.NewWriter(out)
	enc := json.NewEncoder(w)
	d := json.NewDecoder(bufio.NewReader(in))
	for n := 1; ; n++ {
		var r request
		if err := d.Decode(&r); err == io.EOF {
			return w.Flush()
		} else if err != nil {
			return fmt.Errorf("read request %d: %w", n, err)
		}
		if err := enc.Encode(grade(&r)); err != nil {
			return fmt.Errorf("write answer %d: %w", n, err)
		}
	}
}

func grade(r *request) answer {
	s, err := score.Parse(r.Spec)
	if err != nil {
		return answer{Error: err.Error()}
	}
	out := answer{Scores: make([]scored, len(r.Cases))}
	var sums []float64
	for i, c := range r.Cases {
		x := score.Case{Output: c.Output, Outputs: c.Outputs, References: c.References, Question: c.Question, Relevant: c.Relevant, Vars: c.Vars}
		for _, id := range c.Contexts {
			x.Contexts = append(x.Contexts, score.Context{ID: id})
		}
		g := s.Score(&x)
		if !g.Graded {
			out.Scores[i] = scored{Reason: g.Reason}
			continue
		}
		out.Scores[i] = scored{Value: &g.Value, Evidence: g.Evidence}
		if sums == nil {
			sums = make([]float64, len(g.Stats))
		}
		for j, v := range g.Stats {
			sums[j] += v
		}
	}
	if c := s.Corpus(); c != nil && sums != nil {
		out.Signature = c.Signature()
		if v, _, _, ok := c.Of(sums); ok {
			out.Corpus = &v
		}
	}
	return out
}

// writeCatalogue writes a table for each group.
func writeCatalogue(w io.Writer) {
	group := ""
	for _, e := range score.Entries() {
		if e.Group != group {
			group = e.Group
			fmt.Fprintf(w, "\n### %s\n\n| scorer | meaning | range | good | value | keys | agrees with |\n|---|---|---|---|---|---|---|\n", group)
		}
		names := "`" + e.Name + "`"
		for _, a := range e.Aliases {
			if strings.ToLower(strings.ReplaceAll(a, "-", "_")) == e.Name {
				continue // - and _ are the same
			}
			names += "<br>" + "`" + a + "`"
		}
		var keys []string
		for _, p := range e.Params {
			k := "`" + p.Name + "`"
			if p.Default != nil {
				def, _ := json.Marshal(p.Default)
				k += " (" + strings.Trim(string(def), `"`) + ")"
			}
			k += " " + p.Doc
			if len(p.OneOf) > 0 {
				k += " [" + strings.Join(p.OneOf, ", ") + "]"
			}
			keys = append(keys, k)
		}
		hi := "1"
		if math.IsInf(e.Hi, 1) {
			hi = "∞"
		}
		span := "0–" + hi
		if e.Binary {
			span = "0 or 1"
		}
		value := e.Value
		if e.Needs != "" {
			value = strings.TrimPrefix(value+"; needs "+e.Needs, "; ")
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s |\n", names, cell(e.Meaning), span, e.Direction, cell(value), cell(strings.Join(keys, "<br>")), cell(e.Oracle))
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
