package publish

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// maxSlices bounds the slices among a run's metrics: those with a gate that did not
// pass first, then in the record's order.
const maxSlices = 200

type metric struct {
	Key       string  `json:"key"`
	Value     float64 `json:"value"`
	Timestamp int64   `json:"timestamp"`
	Step      int64   `json:"step"`
	Dataset   string  `json:"dataset_name,omitempty"`
	Digest    string  `json:"dataset_digest,omitempty"`
	Model     string  `json:"model_id,omitempty"`
}

type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// metrics are the record's estimates and differences: "roc_auc" of the candidate
// overall, "region DE/roc_auc" in a slice, "baseline/roc_auc", "difference/roc_auc";
// each with _lower and _upper. An undefined value is left out, as MLflow would show
// it as a number. left counts the slices that did not fit.
func metrics(r *record.Record) (out []metric, left int) {
	chosen := chosenSlices(r)
	left = len(r.Slices) - len(chosen)
	keys := map[string]bool{}
	add := func(section []string, name, model string, value, lower, upper result.Number) {
		base := key(section, name)
		for i := 2; keys[base]; i++ {
			base = key(section, name+" "+strconv.Itoa(i))
		}
		keys[base], keys[base+"_lower"], keys[base+"_upper"] = true, true, true
		for _, x := range []struct {
			key   string
			value result.Number
		}{{base, value}, {base + "_lower", lower}, {base + "_upper", upper}} {
			if x.value.Known() {
				out = append(out, metric{Key: x.key, Value: float64(x.value), Timestamp: milliseconds(r.Run.Finished), Dataset: datasetName(r), Digest: datasetDigest(r), Model: model})
			}
		}
	}
	logged := map[string]string{}
	for _, m := range r.Plan.Models {
		logged[m.Key] = m.Artifact["model_id"]
	}
	for _, e := range r.Estimates {
		if e.Status == result.OK && chosen[e.Slice] {
			add(append(section(e.Model), place(e.Slice)...), e.Metric, logged[e.Model], e.Value, e.Lower, e.Upper)
		}
	}
	for _, c := range r.Comparisons {
		if c.Status == result.OK && chosen[c.Slice] && c.Candidate == "candidate" {
			add(append([]string{"difference"}, place(c.Slice)...), c.Metric, "", c.Difference, c.Lower, c.Upper)
		}
	}
	return out, left
}

func section(model string) []string {
	if model == "candidate" {
		return nil
	}
	return []string{model}
}

func place(slice string) []string {
	if slice == result.Overall {
		return nil
	}
	return []string{slice}
}

func chosenSlices(r *record.Record) map[string]bool {
	out := map[string]bool{result.Overall: true}
	take := func(name string) {
		if len(out) < maxSlices {
			out[name] = true
		}
	}
	known := map[string]bool{}
	for _, s := range r.Slices {
		known[s.Name] = true
	}
	for _, g := range r.Gates {
		for _, c := range g.Cells {
			if known[c.Slice] && c.Verdict != result.Pass && c.Verdict != result.VerdictNotApplicable {
				take(c.Slice)
			}
		}
	}
	for _, s := range r.Slices {
		take(s.Name)
	}
	return out
}

// key writes a name that MLflow takes on every system: letters, digits, "_-. " and
// slashes between sections; at most 250 characters with its suffix.
func key(section []string, name string) string {
	var parts []string
	for _, s := range append(slices.Clone(section), name) {
		s = strings.Map(func(r rune) rune {
			if strings.ContainsRune("[](),\"", r) { // of bins and quoted values
				return -1
			}
			if r == '=' {
				return ' '
			}
			if r == '_' || r == '-' || r == '.' || r == ' ' || unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return '-'
		}, s)
		if strings.Trim(s, ". ") == "" { // MLflow reads a key as a path
			s = "-"
		}
		parts = append(parts, cut(s, 75))
	}
	return strings.Join(parts, "/")
}

// cut shortens text to n characters, and shows that it did where that is allowed.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func candidate(r *record.Record) plan.Model {
	for _, m := range r.Plan.Models {
		if m.Key == "candidate" {
			return m
		}
	}
	return plan.Model{}
}

func name(r *record.Record) string {
	m := candidate(r)
	return strings.TrimSpace(cut(strings.TrimSpace(r.Plan.Name+" "+m.Name+" "+m.Version), 200))
}

func params(r *record.Record) []pair {
	out := []pair{{"plan", r.Plan.Name}, {"plan_digest", r.PlanDigest}, {"task", string(r.Plan.Task)}, {"confidence", number(r.Plan.Confidence)},
		{"seed", strconv.FormatUint(r.Seed, 10)}, {"rows", strconv.FormatInt(r.Data.Rows, 10)}, {"rows_used", strconv.FormatInt(r.Data.RowsUsed, 10)},
		{"data", datasetName(r)}, {"data_digest", r.Data.Digest}, {"gates", strconv.Itoa(len(r.Gates))}, {"slices", strconv.Itoa(len(r.Slices))}}
	for _, m := range r.Plan.Models {
		for k, v := range map[string]string{"name": m.Name, "version": m.Version, "artifact_sha256": m.Artifact["sha256"], "mlflow": m.Artifact["mlflow"]} {
			if v != "" {
				out = append(out, pair{cut(key([]string{m.Key}, k), 250), v})
			}
		}
		if m.Threshold != nil {
			out = append(out, pair{key([]string{m.Key}, "threshold"), number(*m.Threshold)})
		}
	}
	slices.SortFunc(out, func(a, b pair) int { return strings.Compare(a.Key, b.Key) })
	for i := range out {
		out[i].Value = cut(out[i].Value, 250) // what the oldest servers take
	}
	return out
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// runTags are those of the run; gates beyond the 60th are in the record.
func runTags(r *record.Record) []pair {
	out := []pair{{TagVerdict, string(r.Verdict.Decision)}, {TagRecord, r.Digest}, {TagRun, r.Run.ID}, {"fairtrial.result", r.ResultDigest}, {"fairtrial.version", r.Run.Version},
		{"fairtrial.sentence", cut(r.Verdict.Sentence, 1000)}, {"mlflow.source.type", "JOB"}, {"mlflow.source.name", "fairtrial"}, {"mlflow.note.content", note(r)}}
	if r.Run.Git != nil {
		out = append(out, pair{"mlflow.source.git.commit", r.Run.Git.Commit})
	}
	for i, g := range r.Gates {
		if i == 60 {
			break
		}
		out = append(out, pair{fmt.Sprintf("fairtrial.gate.%02d", i+1), cut(string(g.Verdict)+": "+g.Name, 500)})
	}
	return out
}

// note is the run's description on MLflow's pages.
func note(r *record.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**\n", r.Verdict.Sentence)
	for _, x := range r.Verdict.Reasons {
		fmt.Fprintf(&b, "\n- %s", x)
	}
	for _, g := range r.Gates {
		fmt.Fprintf(&b, "\n- %s: %s", g.Verdict, g.Name)
	}
	return cut(b.String(), 4000)
}

// datasetName is the file of the cases, as people know it.
func datasetName(r *record.Record) string {
	s := r.Plan.Data.Source
	if s.Connection != "" {
		return cut(s.Connection, 200)
	}
	address, _, _ := strings.Cut(s.Path, "?")
	return cut(path.Base(address), 200)
}

// datasetDigest is as much of the digest as MLflow keeps: 36 characters.
func datasetDigest(r *record.Record) string { return cut(r.Data.Digest, 32) }

// dataset is the input of the run; its source names the whole digest.
func dataset(r *record.Record) any {
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil { // maps of strings and numbers always encode
			return "{}"
		}
		return string(b)
	}
	address, _, _ := strings.Cut(r.Plan.Data.Source.String(), "?")
	var columns []map[string]string
	for i, c := range r.Data.Columns {
		if i < 500 {
			columns = append(columns, map[string]string{"name": c.Name, "type": c.Type})
		}
	}
	return map[string]any{
		"tags": []pair{{"mlflow.data.context", "evaluation"}},
		"dataset": map[string]string{
			"name": datasetName(r), "digest": datasetDigest(r), "source_type": "fairtrial",
			"source":  encode(map[string]any{"uri": address, "sha256": r.Data.Digest, "where": r.Plan.Data.Where}),
			"schema":  encode(map[string]any{"columns": columns}),
			"profile": encode(map[string]any{"num_rows": r.Data.Rows, "rows_used": r.Data.RowsUsed, "sha256": r.Data.Digest}),
		},
	}
}
