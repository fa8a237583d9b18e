"""Airflow: one task that evaluates, with fairtrial's exit statuses as task states.

0 success · 1, 2 and 3 failed at once · 4 failed and tried again · 99 skipped. The record and
the report lie in the output folder before the task fails: Airflow keeps no XCom of it.
"""

import datetime
import os
import subprocess

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

PLAN = os.environ.get("FAIRTRIAL_PLAN", "plan.yaml")
OUTPUT = os.environ.get("FAIRTRIAL_OUTPUT", "fairtrial-out")
WORDS = {1: "no-go", 2: "the plan, the data or the command line is wrong", 3: "inconclusive: too little evidence"}


@dag(schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False, tags=["fairtrial"])
def fairtrial_release():
    @task(retries=2, retry_delay=datetime.timedelta(seconds=float(os.environ.get("FAIRTRIAL_RETRY_SECONDS", "60"))))
    def evaluate() -> str:
        command = [os.environ.get("FAIRTRIAL_BIN", "fairtrial"), "run", PLAN, "-o", OUTPUT, "--skip-empty", *os.environ.get("FAIRTRIAL_ARGS", "").split()]
        status = subprocess.run(command, check=False).returncode
        if status == 99:
            raise AirflowSkipException("nothing to evaluate")
        if status in WORDS:
            raise AirflowFailException(f"{WORDS[status]}; the report is in {OUTPUT}")
        if status != 0:
            raise AirflowException(f"a server or engine failed (exit status {status})")  # tried again
        return OUTPUT

    evaluate()


fairtrial_release()
