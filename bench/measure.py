"""Runs the benchmark and prints its ratios; exits 1 when a target is missed.

All figures are CPU seconds (user + system, all threads) of whole processes, medians of
several runs. What is compared runs in turn, so that a busy machine is as busy for each.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

DATA = Path("bench/data")
BENCH, BIN = "bin/bench", "bin/fairtrial"
BASE = os.environ.get("BENCH_BASE_BIN", "")  # the release before, where it could be built
table = []


def plan(rows, where, **more):
    text = {
        "name": f"bench-{rows}", "task": "binary",
        "data": {"source": str((DATA / f"{rows}.parquet").resolve()), "columns": {"label": {"column": "label", "positive": 1}}},
        "models": {"candidate": {"score": "score_a", "threshold": 0.5}, "baseline": {"score": "score_b", "threshold": 0.5}},
        "slices": ["c2", "c5", "c10", "c50", "c100"],
        "gates": [{"metric": "roc_auc", "no_worse_than": "baseline", "margin": 0.005}],
        "keep_scores": 0,  # storing the rows for later comparisons is not part of what the peer does
    }
    text.update(more)
    path = Path(where) / f"plan-{rows}{'-'.join(more)}.yaml"
    path.write_text(json.dumps(text))
    return str(path)


def measured(command):
    p = subprocess.run([BENCH, "cpu", *command], capture_output=True, text=True)
    m = re.search(r"measured cpu ([\d.]+) peak (\d+) wall ([\d.]+)", p.stderr)
    if p.returncode or not m:
        sys.exit(f"{command}: {p.stderr}")
    return float(m[1]), int(m[2]), float(m[3]), p.stdout


def medians(runs, **commands):
    """Runs commands in turn; of each the median CPU seconds, peak bytes and wall seconds."""
    got = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            got[name].append(measured(command)[:3])
    return {name: [statistics.median(x) for x in zip(*rounds)] for name, rounds in got.items()}


def target(name, value, limit, at_most=True, unit=""):
    ok = value <= limit if at_most else value >= limit
    table.append((name, value, f"{'≤' if at_most else '≥'} {limit}{unit}", ok, unit))
    print(f"{'ok  ' if ok else 'MISS'} {name}: {value:.4g}{unit} (target {table[-1][2]})", flush=True)


def main():
    quick = bool(os.environ.get("BENCH_QUICK"))
    with tempfile.TemporaryDirectory() as d:
        def run(rows, program=BIN, *flags, **more):
            return [program, "run", plan(rows, d, **more), "-q", "-o", f"{d}/out", "--workspace", f"{d}/ws", *flags]

        floor = [BENCH, "floor", str(DATA / "10000000.parquet")]
        turns = {"floor": floor, "ours": run(10_000_000), "one": run(10_000_000, BIN, "--workers", "1")}
        if BASE:
            turns["before"] = run(10_000_000, BASE)
        got = medians(9, **turns)
        base, (cpu, peak, wall) = got["floor"][0], got["ours"]
        print(f"10 M rows: floor {base:.3f} CPU s; fairtrial {cpu:.2f} CPU s, {wall:.2f} s wall, {peak / 1e9:.2f} GB peak")
        target("10 M rows, CPU against the scan floor", cpu / base, 12, unit=" x")
        target("10 M rows, peak memory a row", peak / 10_000_000, 100, unit=" B")
        print(f"          one core: {got['one'][0]:.2f} CPU s, {got['one'][2]:.2f} s wall; {os.cpu_count()} cores: {wall:.2f} s wall, {got['one'][2] / wall:.2f} x as fast")
        if BASE:
            old = got["before"]
            print(f"          the release before: {old[0]:.2f} CPU s, {old[1] / 1e9:.2f} GB peak: ours takes {cpu / old[0]:.2f} of its CPU, {peak / old[1]:.2f} of its memory")
            target("10 M rows, CPU against the release before", cpu / old[0], 1, unit=" x")
        if not quick:
            five = medians(5, ours=run(50_000_000), ten=run(10_000_000), binned=run(50_000_000, BIN, "--memory", "4GiB", exact=False))
            cpu5, peak5, wall5 = five["ours"]
            print(f"50 M rows: fairtrial {cpu5:.2f} CPU s, {wall5:.2f} s wall, {peak5 / 1e9:.2f} GB peak; exact: false {five['binned'][0]:.2f} CPU s")
            target("50 M rows, CPU against 10 M", cpu5 / five["ten"][0], 5.5, unit=" x")
            target("50 M rows, peak memory a row", peak5 / 50_000_000, 100, unit=" B")
            target("50 M rows, exact: false, peak memory", five["binned"][1] / 2**30, 4, unit=" GiB")
        cpu1 = medians(5, ours=run(1_000_000))["ours"][0]
        peer = json.loads(subprocess.run([sys.executable, "bench/sklearn_points.py", str(DATA / "1000000.parquet")], capture_output=True, text=True, check=True).stdout)
        print(f"1 M rows: fairtrial {cpu1:.2f} CPU s with intervals, from the file; scikit-learn {peer['version']} {peer['cpu']:.1f} CPU s without, from memory")
        target("1 M rows, scikit-learn's CPU against ours", peer["cpu"] / cpu1, 30, at_most=False, unit=" x")
        worst = agree(json.loads((Path(d) / "out" / "record.json").read_text()), peer["values"])
        target("1 M rows, largest difference from scikit-learn", worst, 1e-12)
        example = sorted(Path("examples").glob("*/plan.yaml"))[0]
        small = medians(7, help=[BIN, "--help"], report=[BIN, "report", f"{d}/out", "--output", f"{d}/report"],
                        example=[BIN, "run", str(example), "-q", "-o", f"{d}/ex", "--workspace", f"{d}/ws"])
        target("--help, CPU", small["help"][0], 0.05, unit=" s")
        target("report of 167 slices, CPU", small["report"][0], 0.3, unit=" s")
        target(f"example {example.parent.name}, CPU", small["example"][0], 0.4, unit=" s")
    print(f"\n{'':4} {'':50} {'result':>10}  target")
    for name, value, limit, ok, unit in table:
        print(f"{'ok' if ok else 'MISS':4} {name:50} {value:10.3g}  {limit}")
    missed = [row[0] for row in table if not row[3]]
    if missed:
        sys.exit("targets missed: " + "; ".join(missed))


def agree(record, values):
    got = {f"{e['metric']}|{e['model']}|{e['slice']}": e["value"] for e in record["estimates"]}
    worst = 0.0
    for key, want in values.items():
        have = got.get(key)
        if have is None:
            sys.exit(f"no value of {key}")
        worst = max(worst, abs(have - want) / max(1, abs(want)))
    print(f"          {len(values)} values compared")
    return worst


main()
