"""Prints what bench/llm.sh measured against the targets; exit status 1 when one is missed."""

import json
import os
import sys

with open(sys.argv[1]) as f:
    got = [json.loads(line) for line in f]
ours = sorted((x for x in got if x["name"] == "fairtrial"), key=lambda x: x["cases"])
# At 200 ms the stub's ceiling binds, at 40 ms the programs do.
slow = [x for x in ours if x["latency_s"] > 0.1]
small, large = slow[0], slow[-1]
fast = next(x for x in ours if x["latency_s"] <= 0.1)
missed = False


def target(what, value, unit, least=None, most=None):
    global missed
    ok = (least is None or value >= least) and (most is None or value <= most)
    missed |= not ok
    bound = f">= {least:g}" if least is not None else f"<= {most:g}"
    print(f"  {'ok    ' if ok else 'MISSED'} {what:<66} {value:10.3g} {unit:<6} {bound}")


print("== language models: ratios and targets")
target(f"steady rate at {1000 * small['latency_s']:g} ms, part of the ceiling", small["steady"] / small["ceiling"], "", least=0.9)
for x in ours:
    target(f"CPU a call, {x['cases']} cases, {1000 * x['latency_s']:g} ms", x["cpu_ms"], "ms", most=0.5)
if large is not small:
    target(f"memory, {large['cases']} cases against {small['cases']}", large["mb"] / small["mb"], "x", most=2)
target(f"open {large['cases']} answers and read one", large["open_s"], "s", most=1)
target(f"run again when {large['cases']} are answered", large["again_s"], "s", most=2)
print(f"         at {1000 * fast['latency_s']:g} ms {fast['rate']:.0f} of {fast['ceiling']:.0f} answers a second; of the processors fairtrial took {fast['busy_percent']:.0f} %, the stub {fast['stub_percent']:.0f} %")
for x in got:
    if x["name"] == "fairtrial":
        continue
    at = f"{1000 * x['latency_s']:g} ms"
    if x["latency_s"] <= 0.1:
        mine = fast
        target(f"throughput against {x['name']}, {at}", mine["rate"] / x["rate"], "x", least=10)
    else:
        mine = small
        # No target of its own: the stub allows nobody more, and what we reach of it is held above.
        print(f"         throughput against {x['name']}, {at}: {mine['rate'] / x['rate']:.3g} x, of {mine['ceiling'] / x['rate']:.3g} x that the ceiling allows")
    target(f"CPU a call, {x['name']} against fairtrial, {at}", x["cpu_ms"] / mine["cpu_ms"], "x", least=10)
scoring = os.environ.get("SCORING_US")
if scoring:
    target("ten scorers on 200 000 stored outputs, CPU", float(scoring) * 200_000 / 1e6, "s", most=20)
sys.exit(missed)
