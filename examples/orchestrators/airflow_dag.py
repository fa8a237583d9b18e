"""An Airflow DAG that promotes a model only on a go.

exit status  the task `evaluate`            what is retried
0  go            success                     -
1  no-go         failed                      never: the model is not good enough
2  wrong plan    failed                      never: somebody has to mend it
3  inconclusive  failed, verdict in XCom     never: more rows are needed, not more tries
4  unavailable   retried, then failed        `retries` times
99 nothing       skipped                     -

Files are written before the task fails, and the verdict is pushed to XCom first: Airflow
drops the return value of a task that fails.
"""

import json
import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

HERE = Path(__file__).parent
# A folder that every worker sees; each run gets its own below it.
OUTPUT = Path(os.environ.get("FAIRTRIAL_OUTPUT", "/tmp/fairtrial"))


@dag(schedule=None, start_date=datetime(2026, 1, 1), catchup=False, params={"plan": "plan.yaml", "set": []})
def card_default_release():
    @task(retries=1, retry_delay=timedelta(seconds=0))
    def evaluate():
        context = get_current_context()
        out = OUTPUT / context["run_id"].replace(":", "_")
        command = ["fairtrial", "run", str(HERE / context["params"]["plan"]), "--skip-empty", "--quiet", "-o", str(out)]
        for change in context["params"]["set"]:
            command += ["--set", change]
        done = subprocess.run(command, capture_output=True, text=True)
        print(done.stdout, done.stderr)
        verdict = {"exit_status": done.returncode, "output": str(out)}
        if (out / "record.json").exists():
            verdict |= json.loads((out / "record.json").read_text())["verdict"]
        context["ti"].xcom_push(key="verdict", value=verdict)
        match done.returncode:
            case 0:
                return verdict["decision"]
            case 99:
                raise AirflowSkipException("nothing to evaluate")
            case 4:
                raise AirflowException(done.stderr)  # retried
            case _:
                raise AirflowFailException(verdict.get("sentence") or done.stderr)

    @task
    def promote(decision: str):
        print("promoting on", decision)

    promote(evaluate())


card_default_release()
