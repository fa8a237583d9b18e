"""A Prefect flow that promotes a model only on a go.

exit status      state of the flow             what is retried
0  go            Completed                     -
1  no-go         Failed, named NoGo            never: the model is not good enough
2  wrong plan    Failed, named WrongPlan       never: somebody has to mend it
3  inconclusive  Failed, named Inconclusive    never: more rows are needed, not more tries
4  unavailable   Failed, after the retries     `retries` times
99 nothing       Completed, named Skipped      -

Files are written before the flow ends; their folder is in the state's message.
"""

import subprocess
import sys
from pathlib import Path

from prefect import flow, task
from prefect.states import Completed, Failed

HERE = Path(__file__).parent


class Unavailable(Exception):
    """Exit status 4: a database or another server did not answer. Trying again may help."""


@task(retries=1, retry_delay_seconds=0)
def evaluate(plan: str, changes: list[str], output: str) -> subprocess.CompletedProcess:
    command = ["fairtrial", "run", str(HERE / plan), "--skip-empty", "--quiet", "-o", output]
    for change in changes:
        command += ["--set", change]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 4:
        raise Unavailable(done.stderr)
    return done


@task
def promote(decision: str):
    print("promoting:", decision)


@flow
def card_default_release(plan: str = "plan.yaml", changes: list[str] = [], output: str = "fairtrial-out"):
    done = evaluate(plan, changes, output)
    said = (done.stdout or done.stderr).split("\n\n")[0].replace("\n", " ")
    message = f"{said} (files: {output})"
    match done.returncode:
        case 0:
            promote(said)
            return Completed(message=message)
        case 1:
            return Failed(name="NoGo", message=message)
        case 3:
            return Failed(name="Inconclusive", message=message)
        case 99:
            return Completed(name="Skipped", message="nothing to evaluate")
        case _:
            return Failed(name="WrongPlan", message=message)


if __name__ == "__main__":
    card_default_release(*sys.argv[1:2])
