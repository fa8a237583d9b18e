package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fairtrial/fairtrial/internal/engine"
	"github.com/fairtrial/fairtrial/internal/mlflow"
	"github.com/fairtrial/fairtrial/internal/plan"
	"github.com/fairtrial/fairtrial/internal/result"
	"github.com/fairtrial/fairtrial/internal/store"
)

// logged brings a table that an MLflow run has logged.
func (e *Env) logged(cmd *cobra.Command, ws *store.Workspace, s plan.Source) (*engine.Pull, error) {
	c, err := mlflow.Open(e.Getenv("MLFLOW_TRACKING_URI"), e.lookup)
	if err != nil {
		return nil, err
	}
	x, err := c.Pull(cmd.Context(), s.Path, ws, e.Now, newID(e.Now()))
	if err == nil {
		e.info(cmd, "%s: %s bytes, pulled in %.1f s", s.Path, result.Count(x.Bytes), x.Seconds)
	}
	return x, err
}

// pin asks MLflow what the models of a plan are today, and writes it into their
// artifact blocks: version, run and, where digests says so, the digest of the files.
func (e *Env) pin(cmd *cobra.Command, p *plan.Plan, digests bool) error {
	for i := range p.Models {
		m := &p.Models[i]
		if m.MLflow == "" {
			continue
		}
		if err := e.pinModel(cmd, m, digests); err != nil {
			var de *engine.DataError
			if !errors.As(err, &de) {
				return fmt.Errorf("%s: models.%s.mlflow: %w", p.File, m.Key, err)
			}
			c := *de
			c.Where = fmt.Sprintf("%s: models.%s.mlflow: %s", p.File, m.Key, de.Where)
			return &c
		}
	}
	return nil
}

func (e *Env) pinModel(cmd *cobra.Command, m *plan.Model, digests bool) error {
	c, err := mlflow.Open(e.Getenv("MLFLOW_TRACKING_URI"), e.lookup)
	if err != nil {
		return err
	}
	pin, err := c.Resolve(cmd.Context(), m.MLflow)
	if err != nil {
		return err
	}
	declared := m.Artifact["sha256"]
	sha256 := declared
	if digests {
		got, bytes, err := c.Digest(cmd.Context(), pin)
		var unserved *mlflow.Unserved
		switch {
		case err == nil:
			sha256 = got
			e.info(cmd, "models.%s: %s is version %s, %s bytes, sha256 %s", m.Key, m.MLflow, pin.Words(), result.Count(bytes), got[:12])
		case errors.As(err, &unserved) && declared != "": // as the plan says; there is no way to compare
		default:
			return err
		}
		if declared != "" && declared != sha256 {
			return &engine.DataError{Where: m.MLflow, Msg: "the model's files have the digest " + sha256 + ", the plan pins " + declared,
				Hint: "the files are not those that were meant; if they are, write the new digest into artifact.sha256"}
		}
	}
	if m.Artifact == nil {
		m.Artifact = map[string]string{}
	}
	for k, v := range pin.Artifact(sha256) {
		m.Artifact[k] = v
	}
	if m.Name == "" {
		m.Name = pin.Name
	}
	if m.Version == "" {
		m.Version = pin.Version
	}
	return nil
}
