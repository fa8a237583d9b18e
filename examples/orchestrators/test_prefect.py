"""Runs the flow once for each exit status, on a real Prefect server that the test starts."""

import os
from pathlib import Path

import pytest
from outcomes import OUTCOMES

STATES = {0: ("COMPLETED", "Completed"), 1: ("FAILED", "NoGo"), 2: ("FAILED", "WrongPlan"), 3: ("FAILED", "Inconclusive"),
          4: ("FAILED", "Failed"), 99: ("COMPLETED", "Skipped")}


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("prefect")
    os.environ |= {"PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "FAIRTRIAL_HOME": str(home / "workspace")}
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.mark.parametrize("status", OUTCOMES)
def test_state(server, tmp_path, status):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect_flow import card_default_release

    plan, changes = OUTCOMES[status]
    out = tmp_path / "out"
    state = card_default_release(plan, changes, str(out), return_state=True)
    assert (state.type.value, state.name) == STATES[status]
    with get_client(sync_client=True) as client:
        runs = {r.task_key.split("-")[0]: r for r in client.read_task_runs(flow_run_filter=FlowRunFilter(id={"any_": [state.state_details.flow_run_id]}))}
    assert ("promote" in runs) == (status == 0)
    assert runs["evaluate"].run_count == (2 if status == 4 else 1), "only what may pass is tried again"
    if status in (0, 1, 3):
        assert (out / "record.json").exists() and (out / "report.html").exists()
        assert Path(out).name in state.message
