package notice

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/record"
	"github.com/fairtrial/fairtrial/internal/result"
)

// OpenLineage's own addresses; its events name the schemas that they follow.
const (
	producer  = "https://github.com/fairtrial/fairtrial"
	runEvent  = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
	facetRoot = "https://openlineage.io/spec/facets/"
)

// Lineage emits run events for one run of a plan.
type Lineage struct {
	Sender
	To        string // http(s) address of a backend, or a file that takes an event a line
	Key       string // bearer token for To
	Namespace string // of the job; empty: fairtrial
}

// RunUUID is the id that OpenLineage asks for: a UUID made from the run's own, so that
// events of one run, whenever they are sent, belong together.
func RunUUID(id string) string {
	h := sha256.Sum256([]byte("fairtrial run " + id))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80 // version 8, of RFC 9562
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// Start says that a run begins.
func (l Lineage) Start(ctx context.Context, p *plan.Plan, id string, at time.Time) error {
	return l.emit(ctx, l.event("START", p, id, at, nil))
}

// Fail says that a run ended without a record.
func (l Lineage) Fail(ctx context.Context, p *plan.Plan, id string, at time.Time, why error) error {
	e := l.event("FAIL", p, id, at, nil)
	facet(e["run"].(object)["facets"].(object), "errorMessage", "1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet",
		object{"message": cut(why.Error(), 2000), "programmingLanguage": "Go"})
	return l.emit(ctx, e)
}

// Complete tells of a record. A no-go is a run that completed: its test facet says what
// failed.
func (l Lineage) Complete(ctx context.Context, r *record.Record) error {
	return l.emit(ctx, l.event("COMPLETE", r.Plan, r.Run.ID, r.Run.Finished, r))
}

// Started is the START event of a record's run, for one that is told of afterwards.
func (l Lineage) Started(ctx context.Context, r *record.Record) error {
	return l.emit(ctx, l.event("START", r.Plan, r.Run.ID, r.Run.Started, nil))
}

func facet(facets object, name, schema string, fields object) {
	fields["_producer"], fields["_schemaURL"] = producer, facetRoot+schema
	facets[name] = fields
}

func (l Lineage) event(kind string, p *plan.Plan, id string, at time.Time, r *record.Record) object {
	run, job := object{}, object{}
	facet(job, "jobType", "2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet", object{"processingType": "BATCH", "integration": "FAIRTRIAL", "jobType": "EVALUATION"})
	if p.Objective != "" {
		facet(job, "documentation", "1-1-0/DocumentationJobFacet.json#/$defs/DocumentationJobFacet", object{"description": p.Objective})
	}
	if r != nil {
		facet(run, "test", "1-0-1/TestRunFacet.json#/$defs/TestRunFacet", object{"tests": tests(r)})
	}
	namespace := l.Namespace
	if namespace == "" {
		namespace = "fairtrial"
	}
	return object{"eventType": kind, "eventTime": at.UTC().Format("2006-01-02T15:04:05.000Z"), "producer": producer, "schemaURL": runEvent,
		"run": object{"runId": RunUUID(id), "facets": run}, "job": object{"namespace": namespace, "name": p.Name, "facets": job},
		"inputs": inputs(p, r), "outputs": []object{}}
}

// tests are the gates: a failure of a warning does not block, as in fairtrial. One
// that is inconclusive has not passed; OpenLineage has no word for it but fail.
func tests(r *record.Record) []object {
	out := []object{}
	for _, g := range r.Gates {
		status := map[result.Verdict]string{result.Pass: "pass", result.VerdictNotApplicable: "skip"}[g.Verdict]
		if status == "" {
			status = "fail"
		}
		severity := "error"
		if g.Severity == result.Warn || g.Verdict == result.Inconclusive && g.OnInconclusive == "warn" {
			severity = "warn"
		}
		verdict, err := g.Verdict.MarshalText()
		if err != nil {
			verdict = []byte(result.Error)
		}
		t := object{"name": g.Name, "status": status, "severity": severity, "type": g.Metric, "expected": g.Rule,
			"params": object{"verdict": string(verdict), "model": g.Model, "n": g.Evidence.N, "lower": g.Evidence.Lower, "upper": g.Evidence.Upper, "bound": g.Evidence.Bound}}
		if g.Reason != "" {
			t["description"] = g.Reason
		}
		if b, err := json.Marshal(g.Evidence.Value); err == nil && g.Evidence.Value.Known() {
			t["actual"] = string(b)
		}
		out = append(out, t)
	}
	return out
}

// inputs are the sources of a plan under OpenLineage's names for them.
func inputs(p *plan.Plan, r *record.Record) []object {
	out := []object{}
	seen := map[plan.Source]bool{}
	sources := []plan.Source{p.Data.Source}
	for _, m := range p.Models {
		if !m.Source.IsZero() {
			sources = append(sources, m.Source)
		}
	}
	for i, s := range sources {
		if seen[s] {
			continue
		}
		seen[s] = true
		namespace, name := dataset(s)
		facets := object{}
		if r != nil && i == 0 {
			facet(facets, "version", "1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet", object{"datasetVersion": "sha256:" + strings.TrimPrefix(r.Data.Digest, "sha256:")})
			fields := []object{}
			for _, c := range r.Data.Columns {
				fields = append(fields, object{"name": c.Name, "type": c.Type})
			}
			facet(facets, "schema", "1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet", object{"fields": fields})
		}
		d := object{"namespace": namespace, "name": name, "facets": facets}
		if r != nil && i == 0 {
			in := object{}
			facet(in, "dataQualityMetrics", "1-0-3/DataQualityMetricsInputDatasetFacet.json#/$defs/DataQualityMetricsInputDatasetFacet", object{"rowCount": r.Data.Rows, "columnMetrics": object{}})
			d["inputFacets"] = in
		}
		out = append(out, d)
	}
	return out
}

func dataset(s plan.Source) (namespace, name string) {
	if s.Connection != "" {
		return "fairtrial://" + s.Connection, s.String()
	}
	if s.MLflow() {
		return "mlflow", s.Path
	}
	if s.Scheme() != "" {
		if u, err := url.Parse(s.Path); err == nil { // its settings may hold more than a name
			return u.Scheme + "://" + u.Host, strings.TrimPrefix(u.Path, "/")
		}
	}
	return "file", filepath.ToSlash(s.Path)
}

func (l Lineage) emit(ctx context.Context, e object) error {
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("OpenLineage: %w", err)
	}
	if !strings.HasPrefix(l.To, "http://") && !strings.HasPrefix(l.To, "https://") {
		return toFile(l.To, append(b, '\n'))
	}
	u, err := url.Parse(l.To)
	if err != nil {
		return errors.New("OpenLineage: the address is no http(s) address")
	}
	if strings.Trim(u.Path, "/") == "" { // as OpenLineage's own clients do
		u.Path = "/api/v1/lineage"
	}
	err = l.post(ctx, u.String(), b, func(h http.Header, _ time.Time) error {
		if l.Key != "" {
			h.Set("Authorization", "Bearer "+l.Key)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("OpenLineage: %w", err)
	}
	return nil
}

// toFile appends one line, in one write: lines of two runs do not mix.
func toFile(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("OpenLineage: %w", err)
	}
	_, err = f.Write(line)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("OpenLineage: %w", err)
	}
	return nil
}
