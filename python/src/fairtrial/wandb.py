"""Writes a record into Weights & Biases, through its own library.

    from fairtrial.wandb import log_record
    log_record("fairtrial-out", project="credit")

The library is imported when a record is logged, not before. No metric is computed here:
every number is the record's.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from typing import Any

__all__ = ["log_record"]

_RENDERINGS = ("report.html", "report.md", "junit.xml", "estimates.csv", "record.json")


def log_record(output: str | os.PathLike[str], *, run: Any = None, max_slices: int = 200, **init: Any) -> Any:
    """Log the output folder of a run (or its ``record.json``).

    ``run`` is a run that is already open and stays open; otherwise one is opened with
    ``init`` (``project=…``, ``entity=…``, as for ``wandb.init``) under an id made from the
    record's, so that the same record finds its run again, and finished. Returns the run.

    The run's summary gets ``recall``, ``recall_lower``, ``recall_upper`` of the candidate,
    ``baseline/recall``, ``difference/recall`` and ``region=DE/recall`` for slices, at most
    ``max_slices`` of them; what was left out is counted in ``fairtrial/slices_left_out``.
    An undefined value is left out. The folder is logged as an artifact.
    """
    try:
        import wandb
    except ImportError as error:
        raise ImportError("wandb is not installed: pip install wandb") from error

    path = pathlib.Path(output)
    folder, file = (path, path / "record.json") if path.is_dir() else (path.parent, path)
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"{file}: no record there; a run that ended early leaves none") from None
    except ValueError as error:
        raise ValueError(f"{file} is no record: {error}") from error
    if not str(record.get("schema", "")).startswith("fairtrial.record/"):
        raise ValueError(f"{file} is no record of fairtrial")

    own = run is None
    if own:
        key = hashlib.sha256(f"{record['run']['id']} {record['digest']}".encode()).hexdigest()[:16]
        settings: dict[str, Any] = {
            "id": key,
            "resume": "allow",
            "job_type": "evaluation",
            "name": record["plan"]["name"],
            "config": _config(record),
        }
        run = wandb.init(**{**settings, **init})
    else:
        run.config.update({"fairtrial": _config(record)}, allow_val_change=True)
    try:
        run.summary.update(_summary(record, max_slices))
        artifact = wandb.Artifact(
            f"fairtrial-{record['run']['id']}",
            type="evaluation",
            metadata={"digest": record["digest"], "verdict": record["verdict"]["decision"]},
        )
        for name in _RENDERINGS:
            if (folder / name).is_file():
                artifact.add_file(str(folder / name), name=name)
        run.log_artifact(artifact)
    except BaseException:
        if own:
            run.finish(exit_code=1)
        raise
    if own:
        run.finish()
    return run


def _config(record: dict[str, Any]) -> dict[str, Any]:
    models = {
        m["key"]: {k: m[k] for k in ("name", "version", "threshold", "artifact") if k in m}
        for m in record["plan"]["models"]
    }
    data = {k: record["data"].get(k) for k in ("digest", "rows", "rows_used")}
    return {
        "plan": record["plan"]["name"],
        "plan_digest": record["plan_digest"],
        "task": record["plan"]["task"],
        "seed": record["seed"],
        "data": data,
        "models": models,
    }


def _summary(record: dict[str, Any], max_slices: int) -> dict[str, Any]:
    names = [s["name"] for s in record["slices"]]
    troubled = [
        c["slice"]
        for g in record["gates"]
        for c in g["cells"]
        if c["verdict"] not in ("pass", "not_applicable")
    ]
    chosen = dict.fromkeys(["overall", *(s for s in troubled if s in names), *names])
    kept = set(list(chosen)[:max_slices])
    verdict = record["verdict"]
    out: dict[str, Any] = {
        "fairtrial/verdict": verdict["decision"],
        "fairtrial/sentence": verdict["sentence"],
        "fairtrial/record": record["digest"],
        "fairtrial/run": record["run"]["id"],
        "fairtrial/slices_left_out": len(set(names) - kept),
    }
    for gate in record["gates"]:
        out[f"fairtrial/gate/{gate['name']}"] = gate["verdict"]

    def add(model: str, slice_: str, metric: str, numbers: dict[str, Any]) -> None:
        parts = [
            p
            for p in ("" if model == "candidate" else model, "" if slice_ == "overall" else slice_, metric)
            if p
        ]
        for suffix, value in numbers.items():
            if value is not None:
                out["/".join(parts) + suffix] = value

    for e in record["estimates"]:
        if e["status"] == "ok" and e["slice"] in kept:
            add(
                e["model"],
                e["slice"],
                e["metric"],
                {"": e["value"], "_lower": e["lower"], "_upper": e["upper"]},
            )
    for c in record["comparisons"]:
        if c["status"] == "ok" and c["slice"] in kept and c["candidate"] == "candidate":
            add(
                "difference",
                c["slice"],
                c["metric"],
                {"": c["difference"], "_lower": c["lower"], "_upper": c["upper"]},
            )
    return out
