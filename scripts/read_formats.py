"""Reads the files of a run with the parsers of others and checks what they say.

    read_formats.py FOLDER PLAN
"""

import json
import pathlib
import sys

import junitparser
from prometheus_client.openmetrics.parser import text_string_to_metric_families

folder, plan = pathlib.Path(sys.argv[1]), sys.argv[2]
record = json.loads((folder / "record.json").read_text())
open_gates = [g["name"] for g in record["gates"] if g["verdict"] in ("fail", "inconclusive", "error")]

# OpenMetrics, read strictly: the series are the record's numbers.
series = {(s.name, tuple(sorted(s.labels.items()))): s.value for f in text_string_to_metric_families((folder / "metrics.prom").read_text()) for s in f.samples}
name = record["plan"]["name"]
for e in record["estimates"]:
    if e["slice"] == "overall":
        key = (("metric", e["metric"]), ("model", e["model"]), ("plan", name), ("slice", "overall"))
        assert series[("fairtrial_estimate", key)] == e["value"], e
        assert series[("fairtrial_estimate_lower", key)] == e["lower"], e
for g in record["gates"]:
    on = [dict(labels)["verdict"] for (n, labels), v in series.items() if n == "fairtrial_gate_verdict" and dict(labels)["gate"] == g["name"] and v == 1]
    assert on == [g["verdict"]], (g["name"], on)
assert [dict(k[1])["decision"] for k, v in series.items() if k[0] == "fairtrial_decision" and v == 1] == [record["verdict"]["decision"]]

# JUnit: a case a gate.
suites = junitparser.JUnitXml.fromfile(str(folder / "junit.xml"))
cases = {c.name: c for s in suites for c in s}
assert list(cases) == [g["name"] for g in record["gates"]]
kinds = {"fail": junitparser.Failure, "inconclusive": junitparser.Error}
for g in record["gates"]:
    assert [type(r) for r in cases[g["name"]].result] == ([kinds[g["verdict"]]] if g["verdict"] in kinds else []), g["name"]

# Code quality: what GitLab requires, and the plan's line.
issues = json.loads((folder / "codequality.json").read_text())
lines = (pathlib.Path("examples/ci") / f"{plan}.yaml").read_text().split("\n")
assert bool(issues) == bool(open_gates)
assert len({i["fingerprint"] for i in issues}) == len(issues)
for i in issues:
    assert set(i) == {"description", "check_name", "fingerprint", "severity", "location"}
    assert i["severity"] in ("info", "minor", "major", "critical", "blocker")
    assert i["location"]["path"] == f"examples/ci/{plan}.yaml"
    line = lines[i["location"]["lines"]["begin"] - 1]
    assert line.strip().removeprefix("- ").removeprefix("name: ") in open_gates, line

assert (folder / "comment.md").stat().st_size < 65536 and (folder / "job-summary.md").stat().st_size < 1 << 20
