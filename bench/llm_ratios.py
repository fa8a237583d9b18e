"""Prints what bench/llm.sh measured against the targets; exit status 1 when one is missed."""

import json
import os
import sys

with open(sys.argv[1]) as f:
    got = [json.loads(line) for line in f]
ours = sorted((x for x in got if x["name"] == "fairtrial" and x["latency_s"] > 0.1), key=lambda x: x["cases"])
small, large = ours[0], ours[-1]
quick = next(x for x in got if x["name"] == "fairtrial" and x["latency_s"] < 0.1)
missed = False


def target(what, value, unit, least=None, most=None):
    global missed
    ok = (least is None or value >= least) and (most is None or value <= most)
    missed |= not ok
    bound = f">= {least:g}" if least is not None else f"<= {most:g}" if most is not None else ""
    print(f"  {'' if not bound else 'ok' if ok else 'MISSED':<6} {what:<62} {value:10.3g} {unit:<6} {bound}")


print("== language models: ratios and targets")
target("steady rate, part of the ceiling", small["steady"] / small["ceiling"], "", least=0.9)
for x in ours:
    target(f"CPU a call, {x['cases']} cases", x["cpu_ms"], "ms", most=0.5)
if large is not small:
    target(f"memory, {large['cases']} cases against {small['cases']}", large["mb"] / small["mb"], "x", most=2)
target(f"open {large['cases']} answers and read one", large["open_s"], "s", most=1)
target(f"run again when {large['cases']} are answered", large["again_s"], "s", most=2)
target("answers a second from a model that takes 40 ms", quick["rate"], "/s")
for x in got:
    if x["name"] == "fairtrial":
        continue
    if x["latency_s"] > 0.1:
        # No target: nobody gets more than the ceiling.
        of = small["ceiling"] / x["rate"]
        target(f"throughput against {x['name']}, 200 ms (at most {of:.3g} x)", small["rate"] / x["rate"], "x")
        target(f"CPU a call, {x['name']} against fairtrial", x["cpu_ms"] / small["cpu_ms"], "x", least=10)
    else:
        target(f"throughput against {x['name']}, 40 ms", quick["rate"] / x["rate"], "x", least=10)
scoring = os.environ.get("SCORING_US")
if scoring:
    target("ten scorers on 200 000 stored outputs, CPU", float(scoring) * 200_000 / 1e6, "s", most=20)
sys.exit(missed)
