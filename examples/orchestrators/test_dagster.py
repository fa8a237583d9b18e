"""Materializes the asset once for each exit status, in a real Dagster instance."""

import os

import dagster as dg
import pytest
from outcomes import OUTCOMES


@pytest.fixture(scope="session")
def instance(tmp_path_factory):
    home = tmp_path_factory.mktemp("dagster")
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    os.environ |= {"DAGSTER_HOME": str(home), "FAIRTRIAL_HOME": str(home / "workspace")}
    with dg.DagsterInstance.get() as i:
        yield i


@pytest.mark.parametrize("status", OUTCOMES)
def test_checks(instance, tmp_path, status):
    from dagster_assets import card_default_model

    plan, changes = OUTCOMES[status]
    config = {"plan": plan, "changes": changes, "output": str(tmp_path / "out")}
    result = dg.materialize([card_default_model], instance=instance, resources={"pipes": dg.PipesSubprocessClient()}, raise_on_error=False,
                            run_config={"ops": {"card_default_model": {"config": config}}})
    assert result.success == (status in (0, 99))
    checks = result.get_asset_check_evaluations()
    retried = [e for e in result.all_events if e.event_type_value == "STEP_UP_FOR_RETRY"]
    assert len(retried) == (1 if status == 4 else 0), "only what may pass is tried again"
    made = result.asset_materializations_for_node("card_default_model")
    if status == 99:
        assert [(c.passed, c.severity.value, c.description) for c in checks] == [(False, "WARN", "nothing to evaluate")]
        assert made[0].metadata["verdict"].value == "nothing to evaluate" and not made[0].tags.get("dagster/data_version", "").startswith("sha256:")
        return
    if status in (2, 4):
        assert not made and not checks
        return
    [check] = checks
    assert check.check_name == "ranks_well_enough"
    assert check.passed == (status == 0)
    assert check.severity.value == ("WARN" if status == 3 else "ERROR")
    said = {k: v.value for k, v in check.metadata.items()}
    assert said["verdict"] == {0: "pass", 1: "fail", 3: "inconclusive"}[status]
    assert said["lower"] < said["value"] < said["upper"] and said["n"] == 30_000
    assert made[0].tags["dagster/data_version"].startswith("sha256:")
    assert (tmp_path / "out" / "report.html").exists(), "the report is there although the step failed"
