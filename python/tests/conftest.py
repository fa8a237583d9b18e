import importlib.util
import math
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[2]


def has(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


@dataclass
class Rows:
    label: list[int]
    new: list[float]
    old: list[float]
    region: list[str]
    id: list[str]


def make_rows(n: int = 1500, seed: int = 7) -> Rows:
    """A candidate that is better than its baseline, on four regions."""
    r = random.Random(seed)
    label = [int(r.random() < 0.4) for _ in range(n)]
    new = [1 / (1 + math.exp(-r.gauss(1.2 if y else -1.2, 1))) for y in label]
    old = [1 / (1 + math.exp(-r.gauss(0.6 if y else -0.6, 1))) for y in label]
    return Rows(
        label, new, old, [r.choice(["AT", "CH", "DE", "01"]) for _ in label], [f"r{i}" for i in range(n)]
    )


@pytest.fixture(scope="session")
def rows() -> Rows:
    return make_rows()


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """Each test has its own workspace and working folder."""
    monkeypatch.setenv("FAIRTRIAL_HOME", str(tmp_path / "workspace"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "workspace"


PLAN = """\
name: credit
task: binary
data:
  source: rows.csv
  columns: {id: id, label: {column: label, positive: 1}}
models:
  candidate: {score: new, threshold: 0.5}
  baseline: {score: old, threshold: 0.5}
slices: [region]
metrics: [roc_auc, recall]
gates:
  - {name: ranks no worse, metric: roc_auc, no_worse_than: baseline, margin: 0.01}
  - {name: finds enough, metric: recall, at_least: 0.7, slices: all}
"""


@pytest.fixture
def plan_file(tmp_path, rows) -> Path:
    write_rows(tmp_path / "rows.csv", rows)
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path / "plan.yaml"


def write_rows(path: Path, r: Rows) -> None:
    lines = ["id,label,new,old,region"]
    lines += [
        f"{i},{y},{a!r},{b!r},{g}"
        for i, y, a, b, g in zip(r.id, r.label, r.new, r.old, r.region, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
