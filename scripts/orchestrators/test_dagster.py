import sys

import cases

cases.prepare()
sys.path.insert(0, str(cases.EXAMPLES))
import dagster as dg
import dagster_defs

for status in cases.ARGUMENTS:
    cases.output(status)
    with dg.DagsterInstance.ephemeral() as instance:
        got = dg.materialize([dagster_defs.evaluation], resources={"pipes": dg.PipesSubprocessClient()}, instance=instance, raise_on_error=False)
        checks = [(c.passed, c.severity.value) for c in got.get_asset_check_evaluations()]
        made = len(got.get_asset_materialization_events())
        retries = sum(e.event_type_value == "STEP_UP_FOR_RETRY" for e in got.all_events)
    want = {0: (True, [(True, "ERROR")], 1, 0), 1: (False, [(False, "ERROR")], 1, 0), 2: (False, [], 0, 0), 3: (True, [(False, "WARN")], 1, 0), 4: (False, [], 0, 2), 99: (False, [], 0, 0)}[status]
    assert (got.success, checks, made, retries) == want, (status, got.success, checks, made, retries)
    if status == 99:
        assert "skipped: nothing to evaluate" in str([e.message for e in got.all_events] + [str(e.event_specific_data) for e in got.all_events])
    cases.stored(status)
    print(status, "success" if got.success else "failure", checks, f"{made} materialized, {retries} retries")
print("dagster", dg.__version__)
