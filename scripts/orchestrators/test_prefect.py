import sys

import cases

plan = cases.prepare()
sys.path.insert(0, str(cases.EXAMPLES))
import prefect
import prefect_flow
from prefect.testing.utilities import prefect_test_harness

WANT = {0: ("COMPLETED", "Completed"), 1: ("FAILED", "No-go"), 2: ("FAILED", "Wrong"), 3: ("FAILED", "Inconclusive"), 4: ("FAILED", "Unavailable"), 99: ("COMPLETED", "Skipped")}
with prefect_test_harness(server_startup_timeout=120):
    for status, want in WANT.items():
        state = prefect_flow.fairtrial_release(plan, str(cases.output(status)), cases.ARGUMENTS[status], return_state=True)
        assert (state.type.value, state.name) == want, (status, state)
        cases.stored(status)
        print(status, state.type.value, state.name)
print("prefect", prefect.__version__)
