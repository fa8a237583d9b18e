"""A Dagster asset whose checks are the gates of a plan.

fairtrial itself speaks Dagster's Pipes protocol: started by a Pipes client it reports one
check a gate (name, verdict, value, interval, bound, rows) and the asset's materialization,
with the record's digest as data version, before it exits.

exit status      the step      checks
0  go            success       all passed, or not applicable
1  no-go         failure       those of failed gates failed (ERROR; WARN for a gate that warns)
2  wrong plan    failure       none; the message is in the step's error
3  inconclusive  failure       not passed, severity WARN, verdict "inconclusive"
4  unavailable   failure       none; retried once
99 nothing       success       not passed, severity WARN, "nothing to evaluate"
"""

import json
import re
import subprocess
from pathlib import Path

import dagster as dg

HERE = Path(__file__).parent


class Plan(dg.Config):
    plan: str = "plan.yaml"
    changes: list[str] = []
    output: str = "fairtrial-out"


def gates(plan: str) -> list[str]:
    """The gates' names as fairtrial reports them to Dagster."""
    said = json.loads(subprocess.run(["fairtrial", "check", str(HERE / plan), "--json"], check=True, capture_output=True, text=True).stdout)
    return [re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") for name in (gate["name"] for gate in said["gate_list"])]


GATES = gates("plan.yaml")


@dg.asset(
    key="card_default_model",
    check_specs=[dg.AssetCheckSpec(name, asset="card_default_model") for name in GATES],
)
def card_default_model(context: dg.AssetExecutionContext, config: Plan, pipes: dg.PipesSubprocessClient):
    command = ["fairtrial", "run", str(HERE / config.plan), "--skip-empty", "--quiet", "-o", config.output]
    for change in config.changes:
        command += ["--set", change]
    # The client raises on any other status than 0; a shell keeps the status for us, so that
    # what was reported is stored first.
    status = Path(config.output).with_suffix(".status")
    status.parent.mkdir(parents=True, exist_ok=True)
    done = pipes.run(command=["sh", "-c", '"$@"; echo $? > "$0"', str(status), *command], context=context)
    code = int(status.read_text())
    if code == 4:
        raise dg.RetryRequested(max_retries=1)
    if code in (0, 1, 3):
        yield from done.get_results()
    if code == 99:  # a step with Pipes cannot be skipped: Dagster wants a word on the asset and on each check
        yield dg.MaterializeResult(metadata={"verdict": "nothing to evaluate"})
        for name in GATES:
            yield dg.AssetCheckResult(passed=False, check_name=name, severity=dg.AssetCheckSeverity.WARN, description="nothing to evaluate")
    elif code != 0:
        raise dg.Failure(f"fairtrial ended with exit status {code}", allow_retries=False)


defs = dg.Definitions(assets=[card_default_model], resources={"pipes": dg.PipesSubprocessClient()})
