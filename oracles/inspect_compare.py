"""Compares estimates of imported logs with Inspect's own results in the logs' headers.

usage: inspect_compare.py FOLDER (of scripts/inspect.sh)"""

import csv
import math
import pathlib
import sys

from inspect_ai.log import read_eval_log


def estimates(folder):
    with open(folder / "estimates.csv", newline="") as f:
        return {(r["metric"], r["model"]): r for r in csv.DictReader(f) if r["kind"] == "estimate" and r["slice"] == "overall"}


def main():
    root = pathlib.Path(sys.argv[1])
    bad = 0
    print("| log | score | n | Inspect's mean | difference | Inspect's stderr | ratio of ours to it |")
    print("|---|---|---|---|---|---|---|")
    for kind in ("whole", "broken"):
        for form in ("eval", "json"):
            clustered, plain = (estimates(root / f"{kind}-{form}" / x) for x in ("clustered", "plain"))
            for model, key in (("large", "candidate"), ("small", "baseline")):
                log = read_eval_log(str(next((root / kind / form / model).iterdir())), header_only=True)
                for s in log.results.scores:
                    name = s.name if s.name == s.scorer else f"{s.scorer}.{s.name}"
                    cluster = "cluster" in s.metrics["stderr"].params
                    ours = (clustered if cluster else plain)[name, key]
                    theirs = next(m for k, m in s.metrics.items() if k in ("accuracy", "mean")).value
                    value, se, n = float(ours["value"]), float(ours["se"]), int(ours["n"])
                    ratio = se / s.metrics["stderr"].value
                    ok = n == s.scored_samples and math.isclose(value, theirs, rel_tol=1e-12) and abs(ratio - 1) < 1e-9
                    bad += not ok
                    print(f"| {kind}, .{form}, {model} | {name}{', clustered' if cluster else ''} | {n} | {theirs:.6f} | {value - theirs:.0e} | {s.metrics['stderr'].value:.6f} | {ratio:.12f} |{'' if ok else ' DIFFERENT'}")
    if bad:
        sys.exit(f"{bad} differences")


if __name__ == "__main__":
    main()
