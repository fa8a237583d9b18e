"""Prints what bench/llm.sh measured against the targets; exit status 1 when one is missed."""

import json
import os
import sys

with open(sys.argv[1]) as f:
    got = [json.loads(line) for line in f]
ours = sorted((x for x in got if x["name"] == "fairtrial"), key=lambda x: x["cases"])
small, large = ours[0], ours[-1]
missed = False


def target(what, value, unit, least=None, most=None):
    global missed
    ok = (least is None or value >= least) and (most is None or value <= most)
    missed |= not ok
    bound = f">= {least:g}" if least is not None else f"<= {most:g}"
    print(f"  {'ok    ' if ok else 'MISSED'} {what:<58} {value:10.3g} {unit:<6} {bound}")


print("== language models: ratios and targets")
target("steady rate, part of the ceiling", small["steady"] / small["ceiling"], "", least=0.9)
for x in ours:
    target(f"CPU a call, {x['cases']} cases", x["cpu_ms"], "ms", most=0.5)
if large is not small:
    target(f"memory, {large['cases']} cases against {small['cases']}", large["mb"] / small["mb"], "x", most=2)
target(f"open {large['cases']} answers and read one", large["open_s"], "s", most=1)
target(f"run again when {large['cases']} are answered", large["again_s"], "s", most=2)
for x in got:
    if x["name"] != "fairtrial":
        target(f"throughput against {x['name']}", small["rate"] / x["rate"], "x", least=10)
        target(f"CPU a call, {x['name']} against fairtrial", x["cpu_ms"] / small["cpu_ms"], "x", least=10)
scoring = os.environ.get("SCORING_US")
if scoring:
    target("ten scorers on 200 000 stored outputs, CPU", float(scoring) * 200_000 / 1e6, "s", most=20)
sys.exit(missed)
