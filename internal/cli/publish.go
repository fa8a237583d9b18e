package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/mlflow"
	"github.com/fairtrial/fairtrial/internal/mlflow/publish"
	"github.com/fairtrial/fairtrial/internal/record"
)

func publishCommand(e *Env) *cobra.Command {
	var uri, experiment string
	var asJSON bool
	c := &cobra.Command{
		Use: "publish RECORD", Short: "Write a record into an MLflow server as a run",
		Long: "publish writes a stored record into MLflow: metrics with their bounds, parameters, the data as an input,\n" +
			"report and record as artifacts, and the verdict as tags of the run and of the model version that was judged.\n" +
			"No alias is moved. Publishing a record again finds its run. Exit status 0 when it stands there, whatever the verdict.\n\n" +
			"MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME and _PASSWORD, MLFLOW_TRACKING_TOKEN, MLFLOW_EXPERIMENT_NAME\n" +
			"and MLFLOW_EXPERIMENT_ID mean what they mean to MLflow.",
		Args: exactly(1, "one record (a file, a folder or a run's id)"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, _, err := e.soundRecord(cmd, args[0])
			if err != nil {
				return err
			}
			out, err := e.publish(cmd.Context(), r, uri, experiment)
			if err != nil {
				return err
			}
			for _, w := range out.Warnings {
				e.info(cmd, "warning: %s", w)
			}
			if asJSON {
				return writeJSON(e.Stdout, out)
			}
			_, err = fmt.Fprintln(e.Stdout, words(out))
			return err
		},
	}
	c.Flags().StringVar(&uri, "mlflow", "", "address of the server (default: MLFLOW_TRACKING_URI)")
	c.Flags().StringVar(&experiment, "experiment", "", "made when there is none (default: MLFLOW_EXPERIMENT_NAME, else the plan's name)")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

func words(x *publish.Published) string {
	how := fmt.Sprintf("published %d metrics", x.Metrics)
	if x.Found {
		how = "published before"
		if x.Metrics > 0 {
			how = fmt.Sprintf("completed with %d metrics", x.Metrics)
		}
	}
	if x.Model != "" {
		how += ", tagged model " + x.Model
	}
	return how + ": " + x.URL
}

// publish renders a record and writes it into MLflow.
func (e *Env) publish(ctx context.Context, r *record.Record, uri, experiment string) (*publish.Published, error) {
	c, err := mlflow.Open(cmp.Or(uri, e.Getenv("MLFLOW_TRACKING_URI")), e.lookup)
	if err != nil {
		return nil, err
	}
	var files []publish.File
	for _, x := range renderings() {
		var b bytes.Buffer
		if err := x.write(&b, r); err != nil {
			return nil, fmt.Errorf("render %s: %w", x.file, err)
		}
		files = append(files, publish.File{Name: x.file, Data: b.Bytes()})
	}
	o := publish.Options{Experiment: cmp.Or(experiment, e.Getenv("MLFLOW_EXPERIMENT_NAME"))}
	if o.Experiment == "" {
		o.ExperimentID = e.Getenv("MLFLOW_EXPERIMENT_ID")
		o.Experiment = r.Plan.Name
	}
	return publish.Publish(ctx, c, r, files, o)
}

// publishTarget reads --publish: the word mlflow, or the address of a server.
func publishTarget(text string) (uri string, err error) {
	switch {
	case text == "mlflow":
		return "", nil
	case strings.HasPrefix(text, "http://"), strings.HasPrefix(text, "https://"):
		return text, nil
	}
	return "", wrong("--publish mlflow uses MLFLOW_TRACKING_URI", "--publish: mlflow, or the http:// address of an MLflow server, is expected")
}

// deliver publishes a run whose files are written, and gives the address of its page. It is told after the verdict, and
// a server that fails is exit status 4.
func (e *Env) deliver(cmd *cobra.Command, r *record.Record, uri, experiment string) (link string, err error) {
	out, err := e.publish(cmd.Context(), r, uri, experiment)
	if err != nil {
		return "", fmt.Errorf("the run is stored and its files are written, but it is not published (fairtrial publish %s does it again): %w", r.Run.ID, err)
	}
	for _, w := range out.Warnings {
		e.info(cmd, "warning: %s", w)
	}
	e.info(cmd, "mlflow: %s", words(out))
	return out.URL, nil
}
