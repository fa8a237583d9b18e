"""Runs the benchmark and prints its ratios; exits 1 when a target is missed.

All figures are CPU seconds (user + system, all threads) of whole processes, medians of
several runs, so that ratios hold on a busy machine.
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
missed = []


def plan(rows, where):
    text = {
        "name": f"bench-{rows}", "task": "binary",
        "data": {"source": str((DATA / f"{rows}.parquet").resolve()), "columns": {"label": {"column": "label", "positive": 1}}},
        "models": {"candidate": {"score": "score_a", "threshold": 0.5}, "baseline": {"score": "score_b", "threshold": 0.5}},
        "slices": ["c2", "c5", "c10", "c50", "c100"],
        "gates": [{"metric": "roc_auc", "no_worse_than": "baseline", "margin": 0.005}],
        "keep_scores": 0,  # storing the rows for later comparisons is not part of what the peer does
    }
    path = Path(where) / f"plan-{rows}.yaml"
    path.write_text(json.dumps(text))
    return str(path)


def measured(command):
    p = subprocess.run([BENCH, "cpu", *command], capture_output=True, text=True)
    m = re.search(r"measured cpu ([\d.]+) peak (\d+) wall ([\d.]+)", p.stderr)
    if p.returncode or not m:
        sys.exit(f"{command}: {p.stderr}")
    return float(m[1]), int(m[2]), float(m[3]), p.stdout


def median(command, runs):
    got = [measured(command) for _ in range(runs)]
    return statistics.median(g[0] for g in got), statistics.median(g[1] for g in got), statistics.median(g[2] for g in got), got[-1][3]


def floor(rows, runs=5):
    """The scan floor as a whole process, like everything that is compared with it."""
    return median([BENCH, "floor", str(DATA / f"{rows}.parquet")], runs)[0]


def target(name, value, limit, at_most=True, unit=""):
    ok = value <= limit if at_most else value >= limit
    print(f"{'ok  ' if ok else 'MISS'} {name}: {value:.4g}{unit} (target {'≤' if at_most else '≥'} {limit}{unit})", flush=True)
    if not ok:
        missed.append(name)


def main():
    quick = bool(os.environ.get("BENCH_QUICK"))
    with tempfile.TemporaryDirectory() as d:
        run = lambda rows: [BIN, "run", plan(rows, d), "-q", "-o", f"{d}/out", "--workspace", f"{d}/ws"]
        base = floor(10_000_000)
        cpu, peak, wall, _ = median(run(10_000_000), 5)
        print(f"10 M rows: floor {base:.3f} CPU s; fairtrial {cpu:.2f} CPU s, {wall:.2f} s wall, {peak / 1e9:.2f} GB peak")
        target("10 M rows, CPU against the scan floor", cpu / base, 30, unit=" x")
        target("10 M rows, peak memory a row", peak / 10_000_000, 200, unit=" B")
        if not quick:
            cpu5, peak5, wall5, _ = median(run(50_000_000), 3)
            print(f"50 M rows: fairtrial {cpu5:.2f} CPU s, {wall5:.2f} s wall, {peak5 / 1e9:.2f} GB peak")
            target("50 M rows, CPU against 10 M", cpu5 / cpu, 7, unit=" x")
            target("50 M rows, peak memory a row", peak5 / 50_000_000, 200, unit=" B")
        cpu1, peak1, wall1, _ = median(run(1_000_000), 5)
        peer = json.loads(subprocess.run([sys.executable, "bench/sklearn_points.py", str(DATA / "1000000.parquet")], capture_output=True, text=True, check=True).stdout)
        print(f"1 M rows: fairtrial {cpu1:.2f} CPU s with intervals, from the file; scikit-learn {peer['version']} {peer['cpu']:.1f} CPU s without, from memory")
        target("1 M rows, scikit-learn's CPU against ours", peer["cpu"] / cpu1, 15, at_most=False, unit=" x")
        worst = agree(json.loads((Path(d) / "out" / "record.json").read_text()), peer["values"])
        target("1 M rows, largest difference from scikit-learn", worst, 1e-12)
        help_cpu, _, _, _ = median([BIN, "--help"], 7)
        target("--help, CPU", help_cpu, 0.05, unit=" s")
        example = sorted(Path("examples").glob("*/plan.yaml"))[0]
        example_cpu, _, _, _ = median([BIN, "run", str(example), "-q", "-o", f"{d}/ex", "--workspace", f"{d}/ws"], 5)
        target(f"example {example.parent.name}, CPU", example_cpu, 0.6, unit=" s")
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
