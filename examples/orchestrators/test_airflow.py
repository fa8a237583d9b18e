"""Runs the DAG once for each exit status, in a real Airflow with its own SQLite database."""

import json
import os
import sys
from pathlib import Path

import pytest
from outcomes import OUTCOMES

STATES = {0: "success", 1: "failed", 2: "failed", 3: "failed", 4: "failed", 99: "skipped"}


@pytest.fixture(scope="session")
def dag(tmp_path_factory):
    home = tmp_path_factory.mktemp("airflow")
    os.environ |= {
        "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parent), "FAIRTRIAL_OUTPUT": str(home / "out"), "FAIRTRIAL_HOME": str(home / "workspace"),
    }
    import subprocess

    airflow = Path(sys.executable).parent / "airflow"
    subprocess.run([airflow, "db", "migrate"], check=True, capture_output=True)
    subprocess.run([airflow, "dags", "reserialize"], check=True, capture_output=True)
    from airflow_dag import card_default_release

    return card_default_release()


@pytest.mark.parametrize("status", OUTCOMES)
def test_state(dag, status):
    plan, changes = OUTCOMES[status]
    run = dag.test(run_conf={"plan": plan, "set": changes})
    tasks = {t.task_id: t for t in run.get_task_instances()}
    assert tasks["evaluate"].state == STATES[status]
    assert tasks["evaluate"].try_number == (2 if status == 4 else 1), "only what may pass is tried again"
    verdict = tasks["evaluate"].xcom_pull(task_ids="evaluate", key="verdict")
    assert verdict["exit_status"] == status
    assert (tasks["promote"].state == "success") == (status == 0)
    if status in (0, 1, 3):
        out = Path(verdict["output"])
        assert (out / "report.html").exists(), "the report is there although the task failed"
        assert json.loads((out / "record.json").read_text())["verdict"]["decision"] == verdict["decision"]
