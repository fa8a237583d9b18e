// Package publish writes a record into an MLflow server as a run: metrics with their
// bounds, parameters, the data as an input, report and record as artifacts, and the
// verdict as tags of the run and of the model that was judged. It refuses to move an
// alias or to change a number.
package publish

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/mlflow"
	"github.com/fairtrial/fairtrial/internal/record"
)

// Tags of runs and model versions.
const (
	TagVerdict = "fairtrial.verdict"
	TagRecord  = "fairtrial.record" // digest
	TagReport  = "fairtrial.report" // runs:/…
	TagRun     = "fairtrial.run"    // id of the fairtrial run: what makes publishing idempotent
)

// Folder of the artifacts below the run's.
const Folder = "fairtrial"

// File is a rendering of the record.
type File struct {
	Name string
	Data []byte
}

// Options says where to.
type Options struct {
	Experiment   string // its name; it is made when there is none
	ExperimentID string // used instead of a name
}

// Published is what stands in MLflow now.
type Published struct {
	Run        string   `json:"run_id"`
	Experiment string   `json:"experiment_id"`
	URL        string   `json:"url"`
	Report     string   `json:"report"` // runs:/…; empty when it could not be stored
	Found      bool     `json:"found"`  // an earlier publication of this record was completed or left as it was
	Metrics    int      `json:"metrics"`
	Model      string   `json:"model,omitempty"` // whose tags were set: "credit/3"
	Warnings   []string `json:"warnings"`
}

type publisher struct {
	*mlflow.Client
	r     *record.Record
	files []File
	out   *Published
	store string // of the run's artifacts
}

// Publish writes a record. The same record goes into the same run, however often it is
// published; one that was interrupted is completed.
func Publish(ctx context.Context, c *mlflow.Client, r *record.Record, files []File, o Options) (*Published, error) {
	p := &publisher{Client: c, r: r, files: files, out: &Published{Warnings: []string{}}}
	if len(r.Run.WhatIf) > 0 {
		return nil, &engine.DataError{Where: r.Run.ID, Msg: "an exploration (--what-if) decides nothing and is not published"}
	}
	if err := p.age(ctx); err != nil {
		return nil, err
	}
	var err error
	if p.out.Experiment, err = p.experiment(ctx, o); err != nil {
		return nil, err
	}
	done, err := p.run(ctx)
	if err != nil {
		return nil, err
	}
	p.out.URL = fmt.Sprintf("%s/#/experiments/%s/runs/%s", c.Address(), p.out.Experiment, p.out.Run)
	if done {
		return p.out, p.judge(ctx) // the model's tags are set again: someone may have taken them away
	}
	for _, step := range []func(context.Context) error{p.numbers, p.inputs, p.artifacts, p.judge, p.finish} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("publish to run %s, which is not complete: %w", p.out.Run, err)
		}
	}
	return p.out, nil
}

func (p *publisher) warn(format string, args ...any) {
	p.out.Warnings = append(p.out.Warnings, fmt.Sprintf(format, args...))
}

// age refuses servers that are too old to have what is used here.
func (p *publisher) age(ctx context.Context) error {
	v, err := p.Version(ctx)
	if err != nil || v == "" {
		return err
	}
	major, _, _ := strings.Cut(v, ".")
	if n, err := strconv.Atoi(major); err == nil && n < 2 {
		return &engine.DataError{Where: "MLflow at " + p.Address(), Msg: "the server is MLflow " + v + ", which is too old", Hint: "2.0 or newer is needed; 3.17 is what was tested"}
	}
	return nil
}

func (p *publisher) experiment(ctx context.Context, o Options) (string, error) {
	var got struct {
		Experiment struct {
			ID    string `json:"experiment_id"`
			Name  string `json:"name"`
			Stage string `json:"lifecycle_stage"`
		} `json:"experiment"`
		ID string `json:"experiment_id"`
	}
	endpoint, query := "experiments/get-by-name", url.Values{"experiment_name": {o.Experiment}}
	if o.ExperimentID != "" {
		endpoint, query = "experiments/get", url.Values{"experiment_id": {o.ExperimentID}}
	}
	err := p.Get(ctx, endpoint, query, &got)
	if a, ok := mlflow.Refused(err); ok && a.Code == "RESOURCE_DOES_NOT_EXIST" && o.ExperimentID == "" {
		err = p.PostOnce(ctx, "experiments/create", map[string]string{"name": o.Experiment}, &got)
		if a, ok := mlflow.Refused(err); ok && a.Code == "RESOURCE_ALREADY_EXISTS" { // another run was quicker
			return p.experiment(ctx, o)
		}
		return got.ID, err
	}
	if err != nil {
		return "", err
	}
	if got.Experiment.Stage == "deleted" {
		return "", &engine.DataError{Where: "MLflow at " + p.Address(), Msg: fmt.Sprintf("the experiment %q is deleted", got.Experiment.Name),
			Hint: "restore it (mlflow experiments restore --experiment-id " + got.Experiment.ID + "), or name another with --experiment"}
	}
	return got.Experiment.ID, nil
}

// run finds the record's run or makes it; done says that nothing is missing in it.
func (p *publisher) run(ctx context.Context) (done bool, err error) {
	type info struct {
		ID     string `json:"run_id"`
		Status string `json:"status"`
		Store  string `json:"artifact_uri"`
	}
	var found struct {
		Runs []struct {
			Info info `json:"info"`
			Data struct {
				Tags []pair `json:"tags"`
			} `json:"data"`
		} `json:"runs"`
	}
	filter := fmt.Sprintf("tags.`%s` = '%s' AND tags.`%s` = '%s'", TagRun, p.r.Run.ID, TagRecord, p.r.Digest) // neither holds a quote
	err = p.Post(ctx, "runs/search", map[string]any{"experiment_ids": []string{p.out.Experiment}, "filter": filter, "order_by": []string{"attributes.start_time ASC"}, "max_results": 10}, &found)
	if err != nil {
		return false, err
	}
	if len(found.Runs) > 0 {
		x := found.Runs[0].Info
		p.out.Run, p.store, p.out.Found = x.ID, x.Store, true
		if x.Status == "FINISHED" {
			for _, t := range found.Runs[0].Data.Tags {
				if t.Key == TagReport && t.Value == p.report() {
					p.out.Report = t.Value
				}
			}
			return true, nil
		}
		return false, nil
	}
	var made struct {
		Run struct {
			Info info `json:"info"`
		} `json:"run"`
	}
	err = p.PostOnce(ctx, "runs/create", map[string]any{"experiment_id": p.out.Experiment, "start_time": milliseconds(p.r.Run.Started),
		"run_name": name(p.r), "tags": runTags(p.r)}, &made)
	p.out.Run, p.store = made.Run.Info.ID, made.Run.Info.Store
	return false, err
}

func (p *publisher) report() string {
	return "runs:/" + p.out.Run + "/" + Folder + "/report.html"
}

// numbers logs metrics and parameters in parts that every server takes.
func (p *publisher) numbers(ctx context.Context) error {
	metrics, left := metrics(p.r)
	p.out.Metrics = len(metrics)
	if left > 0 {
		p.warn("%d of %d slices are not among the run's metrics (the record and estimates.csv have all)", left, len(p.r.Slices))
	}
	for chunk := range slices.Chunk(params(p.r), 100) {
		if err := p.Post(ctx, "runs/log-batch", map[string]any{"run_id": p.out.Run, "params": chunk}, nil); err != nil {
			return err
		}
	}
	if p.out.Found { // what stands there already would be refused, where it is linked to a model
		have, err := p.logged(ctx)
		if err != nil {
			return err
		}
		metrics = slices.DeleteFunc(metrics, func(m metric) bool { return have[m.Key] })
	}
	for len(metrics) > 0 {
		n, size := 0, 0
		for n < len(metrics) && n < 1000 && size < 800_000 { // MLflow takes 1000 entries and a megabyte
			b, err := json.Marshal(metrics[n])
			if err != nil {
				return fmt.Errorf("MLflow: %w", err)
			}
			size += len(b)
			n++
		}
		if err := p.Post(ctx, "runs/log-batch", map[string]any{"run_id": p.out.Run, "metrics": metrics[:n]}, nil); err != nil {
			return err
		}
		metrics = metrics[n:]
	}
	return nil
}

// logged gives the names of the metrics that the run has.
func (p *publisher) logged(ctx context.Context) (map[string]bool, error) {
	var got struct {
		Run struct {
			Data struct {
				Metrics []struct {
					Key string `json:"key"`
				} `json:"metrics"`
			} `json:"data"`
		} `json:"run"`
	}
	if err := p.Get(ctx, "runs/get", url.Values{"run_id": {p.out.Run}}, &got); err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, m := range got.Run.Data.Metrics {
		out[m.Key] = true
	}
	return out, nil
}

// inputs logs the data, and the model where MLflow has one.
func (p *publisher) inputs(ctx context.Context) error {
	in := map[string]any{"run_id": p.out.Run, "datasets": []any{dataset(p.r)}}
	if id := candidate(p.r).Artifact["model_id"]; id != "" {
		in["models"] = []any{map[string]string{"model_id": id}}
	}
	err := p.Post(ctx, "runs/log-inputs", in, nil)
	if a, ok := mlflow.Refused(err); ok && a.Status == http.StatusNotFound && a.Code == "" {
		p.warn("the server is too old to keep the data as an input of the run (MLflow 2.4 or newer does)")
		return nil
	}
	return err
}

// judge writes the verdict onto what was judged.
func (p *publisher) judge(ctx context.Context) error {
	pinned := candidate(p.r).Artifact
	tags := [][2]string{{TagVerdict, string(p.r.Verdict.Decision)}, {TagRecord, p.r.Digest}, {TagReport, cmp.Or(p.out.Report, "not stored in MLflow")}}
	switch name, version, id := pinned["name"], pinned["version"], pinned["model_id"]; {
	case pinned["mlflow"] == "":
		return nil
	case name != "" && version != "":
		for _, t := range tags {
			if err := p.Post(ctx, "model-versions/set-tag", map[string]string{"name": name, "version": version, "key": t[0], "value": t[1]}, nil); err != nil {
				return fmt.Errorf("tag the model %s/%s: %w", name, version, err)
			}
		}
		p.out.Model = name + "/" + version
	case id != "":
		var list []map[string]string
		for _, t := range tags {
			list = append(list, map[string]string{"key": t[0], "value": t[1]})
		}
		if err := p.Patch(ctx, "logged-models/"+id+"/tags", map[string]any{"tags": list}); err != nil {
			return fmt.Errorf("tag the model %s: %w", id, err)
		}
		p.out.Model = id
	}
	return nil
}

func (p *publisher) finish(ctx context.Context) error {
	return p.Post(ctx, "runs/update", map[string]any{"run_id": p.out.Run, "status": "FINISHED", "end_time": milliseconds(p.r.Run.Finished)}, nil)
}

func milliseconds(t time.Time) int64 { return t.UnixMilli() }
