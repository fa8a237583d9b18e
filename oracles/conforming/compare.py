"""Runs the program on a frame and compares what it says with what an oracle says."""

import json
import math
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
BIN = str(Path(sys.argv[1]).resolve())
CASES = 200
TOL = 1e-10
tally = {}  # by task and quantity: what was compared
failures = []
task = ""


def run(plan, frame, name):
    """Runs a plan over a frame and returns {(metric, model, slice): estimate}, record."""
    global task
    task = plan["task"]
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        frame.to_parquet(d / "data.parquet", index=False)
        (d / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
        p = subprocess.run([BIN, "run", str(d / "plan.yaml"), "--json", "-q"], capture_output=True, text=True)
        if p.returncode not in (0, 1, 3):
            sys.exit(f"{name}: fairtrial exited {p.returncode}: {p.stderr}")
        record = json.loads(p.stdout)
    return {(e["metric"], e["model"], e["slice"]): e for e in record["estimates"]}, record


def same(metric, case, got, want, tol=TOL, what="value"):
    seen = tally.setdefault((task, metric), {"cases": 0, "undefined": 0, "largest": 0.0, "allowed": 0.0})
    if want is None:
        ok = got is None
        seen["undefined"] += 1
    else:
        seen["cases"] += 1
        off = math.inf if got is None else abs(got - want) / max(1.0, abs(want))
        ok = off <= tol
        seen["largest"], seen["allowed"] = max(seen["largest"], off), max(seen["allowed"], tol)
    if not ok:
        failures.append(f"{metric} case {case} {what}: fairtrial {got}, oracle {want}")


def undefined(metric, case, estimate, oracle, stand_in):
    """Asserts a deliberate difference: undefined here, a stand-in value there."""
    same(metric, case, estimate["value"], None, what="undefined")
    if estimate["status"] != "undefined" or not estimate["notes"]:
        failures.append(f"{metric} case {case}: status {estimate['status']} without a reason")
    if stand_in == "nan":
        if not math.isnan(oracle):
            failures.append(f"{metric} case {case}: the oracle now says {oracle}, docs/metrics.md says NaN")
    elif stand_in is not None and abs(oracle - stand_in) > 1e-12:
        failures.append(f"{metric} case {case}: the oracle now says {oracle}, docs/metrics.md says {stand_in}")
