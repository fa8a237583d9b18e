"""Dagster: an evaluation as an asset, its gates as one asset check, through Pipes.

0 materialized, the check passes · 1 the check fails (error) and the run fails · 3 the check fails
as a warning: not passed, and not refused · 2 the step fails · 4 the step is tried again · 99
the step fails with the word "skipped": Dagster wants an output of every Pipes step, and to
materialize what was not evaluated would be untrue. The record lies in the output folder before a check fails.
"""

import os
import sys
from pathlib import Path

import dagster as dg

STEP = str(Path(__file__).with_name("dagster_step.py"))


@dg.asset(check_specs=[dg.AssetCheckSpec("gates", asset="evaluation")])
def evaluation(context: dg.AssetExecutionContext, pipes: dg.PipesSubprocessClient):
    done = pipes.run(
        command=[sys.executable, STEP],
        context=context,
        extras={
            "plan": os.environ.get("FAIRTRIAL_PLAN", "plan.yaml"),
            "output": os.environ.get("FAIRTRIAL_OUTPUT", "fairtrial-out"),
            "arguments": os.environ.get("FAIRTRIAL_ARGS", "").split(),
        },
    )
    status = next((m["exit_status"] for m in done.get_custom_messages() if "exit_status" in m), None)
    if status in (0, 1, 3):
        yield from done.get_results()
    if status == 1:
        raise dg.Failure("no-go: a blocking gate failed", allow_retries=False)
    if status == 2:
        raise dg.Failure("the plan, the data or the command line is wrong", allow_retries=False)
    if status == 99:
        raise dg.Failure("skipped: nothing to evaluate", allow_retries=False)
    if status not in (0, 1, 2, 3):
        raise dg.RetryRequested(max_retries=2, seconds_to_wait=float(os.environ.get("FAIRTRIAL_RETRY_SECONDS", "60")))


defs = dg.Definitions(assets=[evaluation], resources={"pipes": dg.PipesSubprocessClient()})
