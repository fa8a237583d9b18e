"""Fills an MLflow server with what a team would have there: two registered models, runs
with predictions as a logged table, as Parquet and as CSV. Prints the ids as JSON."""

import json
import pathlib
import tempfile

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel


class Scorer(PythonModel):
    def __init__(self, slope):
        self.slope = slope

    def predict(self, context, model_input, params=None):
        return 1 / (1 + np.exp(-self.slope * model_input["x"]))


def cases(n=4000):
    rng = np.random.default_rng(7)
    x = rng.normal(size=n)
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "x": x,
            "label": (rng.random(n) < 1 / (1 + np.exp(-2 * x))).astype(int),
            "region": np.where(np.arange(n) % 3 == 0, "DE é", "FR"),
        }
    )


def main():
    mlflow.set_experiment("training")
    frame, noise, out = cases(), np.random.default_rng(8), {}
    for key, slope, spread in (("champion", 1.0, 0.8), ("challenger", 2.0, 0.2)):
        with mlflow.start_run(run_name=key) as run:
            info = mlflow.pyfunc.log_model(
                name="model", python_model=Scorer(slope), registered_model_name="credit", pip_requirements=["mlflow"]
            )
            scored = frame.assign(score=1 / (1 + np.exp(-slope * (frame.x + noise.normal(scale=spread, size=len(frame))))))
            mlflow.log_table(scored, "predictions.json")
            with tempfile.TemporaryDirectory() as d:
                scored.to_parquet(pathlib.Path(d, "predictions.parquet"))
                scored.to_csv(pathlib.Path(d, "predictions.csv"), index=False)
                pathlib.Path(d, "notes.json").write_text('{"no": "table"}')
                mlflow.log_artifacts(d, "eval set")
        out[key] = {"run": run.info.run_id, "version": str(info.registered_model_version), "model": info.model_id}
        mlflow.MlflowClient().set_registered_model_alias("credit", key, info.registered_model_version)
    print(json.dumps(out))


main()
