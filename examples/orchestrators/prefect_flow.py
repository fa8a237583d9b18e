"""Prefect: fairtrial's exit statuses as states of a flow.

0 Completed · 1 Failed "No-go" · 2 Failed "Wrong" · 3 Failed "Inconclusive" · 4 the task is tried
again, then Failed "Unavailable" · 99 Completed "Skipped". The record and the report lie in the
output folder before the flow fails.
"""

import os
import subprocess

from prefect import flow, task
from prefect.states import Completed, Failed


class Unavailable(Exception):
    """A server or engine failed: worth another try."""


@task(retries=2, retry_delay_seconds=float(os.environ.get("FAIRTRIAL_RETRY_SECONDS", "60")))
def evaluate(plan: str, output: str, arguments: list[str]) -> int:
    command = [os.environ.get("FAIRTRIAL_BIN", "fairtrial"), "run", plan, "-o", output, "--skip-empty", *arguments]
    status = subprocess.run(command, check=False).returncode
    if status not in (0, 1, 2, 3, 99):
        raise Unavailable(f"exit status {status}")
    return status


@flow
def fairtrial_release(plan: str = "plan.yaml", output: str = "fairtrial-out", arguments: list[str] | None = None):
    try:
        status = evaluate(plan, output, arguments or [])
    except Unavailable as error:
        return Failed(name="Unavailable", message=str(error))
    if status == 0:
        return Completed(message=f"the report is in {output}")
    if status == 99:
        return Completed(name="Skipped", message="nothing to evaluate")
    name = {1: "No-go", 2: "Wrong", 3: "Inconclusive"}[status]
    return Failed(name=name, message=f"the report is in {output}" if status != 2 else "the plan, the data or the command line is wrong")


if __name__ == "__main__":
    fairtrial_release()
