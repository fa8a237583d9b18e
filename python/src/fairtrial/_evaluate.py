"""From arrays to a verdict."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairtrial import _columns, _program, errors, plugins
from fairtrial._plan import Plan
from fairtrial._result import Result


def evaluate(
    y_true: Any,
    y_score: Any,
    *,
    baseline: Any = None,
    slices: Any = None,
    slice_by: Sequence[Any] | None = None,
    gates: Sequence[Mapping[str, Any]] | None = None,
    metrics: Sequence[str | Mapping[str, Any]] | None = None,
    scorers: Sequence[Callable[..., Any] | str | Mapping[str, Any]] | None = None,
    fields: Any = None,
    task: str | None = None,
    positive: Any = None,
    classes: Sequence[Any] | None = None,
    threshold: float | None = None,
    baseline_threshold: float | None = None,
    ids: Any = None,
    cluster: Any = None,
    weight: Any = None,
    name: str = "evaluate",
    confidence: float | None = None,
    seed: int | None = None,
    plan: Mapping[str, Any] | None = None,
    output: str | os.PathLike[str] | None = None,
    workspace: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    memory: str | None = None,
) -> Result:
    """Evaluates a model on rows that are in memory.

    y_true: labels. y_score: of two classes, the score of the positive one; of several, an
    array of probabilities, one column a class, or predicted classes; of a regression, the
    predictions. Columns may be lists, numpy arrays, or series of pandas, polars and pyarrow. Or a
    function that answers for a row (``fairtrial.model``).

    baseline: the same of the model to compare with, on the same rows.
    slices: named columns (a frame, or a mapping) whose values are judged apart. slice_by says
    otherwise how to slice by them, as a plan's ``slices`` does: pairs, bins, conditions.
    gates, metrics: as in a plan. plan: further keys of a plan, such as ``{"impact": …}``.
    scorers: functions that give a row a number (``fairtrial.scorer``), each a metric: its mean.
    ``{"type": f, "direction": "down", "range": [0, 9]}`` says more, as a plan does.
    fields: further named columns, for functions and for the conditions of slices.
    task: binary, multiclass or regression; told from the values where it is clear.
    positive: the class that counts as 1, needed unless the labels are 0/1 or bool.
    threshold: a row is called positive from this score on; without one, metrics of decisions
    are not applicable.
    ids: what names a row, for the worst rows and for pairing with later records.
    cluster, weight: as a plan's columns; a pair of cluster columns crosses.

    The record is stored in the workspace (the nearest .fairtrial folder, FAIRTRIAL_HOME, or
    ``workspace``); report and record also in ``output`` where it is given. The rows go through
    a temporary folder that is removed.
    """
    columns = _Columns(_columns.columns_of(slices, "slices"), _columns.columns_of(fields, "fields"))
    y_true, y_score = _columns.flat(y_true, "y_true"), _columns.settled(y_score)
    task = task or _task(y_true, y_score, positive)
    if task not in ("binary", "multiclass", "regression"):
        raise errors.PlanError(f"task: binary, multiclass or regression is expected, this is {task!r}")
    for what, value in {
        "threshold": threshold,
        "baseline_threshold": baseline_threshold,
        "positive": positive,
    }.items():
        if value is not None and task != "binary":
            raise errors.PlanError(
                f"{what} is of binary tasks, this is {task}", "say task='binary', or leave it out"
            )

    label: dict[str, Any] = {"column": columns.add("y_true", y_true, "y_true")}
    if task == "binary":
        label["positive"] = _positive(y_true, positive)
    if task == "multiclass" and _columns.width(y_score) > 1:
        classes = _classes(y_true, y_score, classes)
    functions: list[Callable[..., Any]] = []

    def model(x: Any, what: str, cut: Any) -> dict[str, Any]:
        if callable(x):
            functions.append(plugins.of_kind("model", x))
            found = {"plugin": plugins.offer_of(x).name}
            return found | ({} if cut is None else {"threshold": cut})
        if task == "multiclass" and _columns.width(x) > 1:
            parts = _columns.split(x)
            if classes is None or len(parts) != len(classes):
                raise errors.PlanError(
                    f"{what}: {len(parts)} columns for {len(classes or [])} classes",
                    "one column of probabilities a class",
                )
            return {
                "probabilities": {
                    _class(c): columns.add(f"{what} {_class(c)}", p, what)
                    for c, p in zip(classes, parts, strict=True)
                }
            }
        column = columns.add(what, _columns.flat(x, what), what)
        if task == "binary":
            return {"score": column} | ({} if cut is None else {"threshold": cut})
        return {"prediction": column}

    def scorer(x: Callable[..., Any] | str | Mapping[str, Any]) -> str | dict[str, Any]:
        if isinstance(x, Mapping):
            return {**x, "type": scorer(x["type"])} if callable(x.get("type")) else dict(x)
        if isinstance(x, str):
            return x
        functions.append(plugins.of_kind("scorer", x))
        return plugins.offer_of(x).name

    models = {"candidate": model(y_score, "y_score", threshold)}
    if baseline is not None:
        models["baseline"] = model(
            baseline, "baseline", threshold if baseline_threshold is None else baseline_threshold
        )
    roles: dict[str, Any] = {"label": label}
    if ids is None and functions:
        ids = list(range(1, len(y_true) + 1))  # answers of a model are joined by it
    if ids is not None:
        roles["id"] = columns.add("id", _columns.flat(ids, "ids"), "ids")
    if cluster is not None:
        crossed = (
            isinstance(cluster, (tuple, list))
            and len(cluster) == 2
            and all(hasattr(c, "__len__") and not isinstance(c, str) for c in cluster)
        )
        parts = (
            list(cluster)
            if crossed
            else _columns.split(cluster)
            if _columns.width(cluster) == 2
            else [cluster]
        )
        used = [
            columns.add(f"cluster{i + 1 if len(parts) > 1 else ''}", _columns.flat(c, "cluster"), "cluster")
            for i, c in enumerate(parts)
        ]
        roles["cluster"] = used if len(used) > 1 else used[0]
    if weight is not None:
        roles["weight"] = columns.add("weight", _columns.flat(weight, "weight"), "weight")
    if _columns.check(columns.all) == 0:
        raise errors.DataError([errors.Problem("there are no rows", where="y_true")])

    text: dict[str, Any] = {"name": name, "task": task, "data": {"columns": roles}, "models": models}
    by = list(slice_by) if slice_by is not None else list(columns.slices)
    optional = {
        "slices": by or None,
        "scorers": [scorer(s) for s in scorers] if scorers is not None else None,
        "metrics": metrics,
        "confidence": confidence,
        "seed": seed,
        "gates": gates,
    }
    text |= {k: v for k, v in optional.items() if v is not None}
    for k, v in (plan or {}).items():
        if k in text and k != "data":
            raise errors.PlanError(f"plan: {k!r} is also an argument", "give it once")
        text[k] = {**v, **text["data"]} if k == "data" else v

    found = _program.workspace_of(".", workspace)
    with tempfile.TemporaryDirectory(prefix="fairtrial-") as tmp:
        rows = _columns.write({c: x for c, (_, x) in columns.all.items()}, Path(tmp))
        text["data"]["source"] = rows.name
        out = Path(output).absolute() if output is not None else None
        result = Plan(text, folder=tmp).run(
            output=out, workspace=found, workers=workers, memory=memory, plugins=functions
        )
    given = {_columns.origin(x) for x in (y_true, y_score, slices)}
    result._library = (
        "polars" if "polars" in given and "pandas" not in given else "pandas" if "pandas" in given else None
    )
    return result


class _Columns:
    """Columns of the file: those that are named keep their names, the others get one that is
    free, whatever the case of its letters: SQL does not tell them apart."""

    def __init__(self, slices: dict[str, Any], fields: dict[str, Any]) -> None:
        self.slices = slices
        self._named = {k: (f"fields[{k!r}]", v) for k, v in fields.items()}
        self._named |= {k: (f"slices[{k!r}]", v) for k, v in slices.items()}
        self._roles: dict[str, tuple[str, Any]] = {}
        seen: dict[str, str] = {}
        for k, (what, _) in self._named.items():
            if k.lower() in seen:
                raise errors.PlanError(
                    f"{what}: there is also {seen[k.lower()]!r}",
                    "capitals do not tell columns apart: rename one",
                )
            seen[k.lower()] = k

    def add(self, name: str, x: Any, what: str) -> str:
        taken = {k.lower() for k in (*self._roles, *self._named)}
        while name.lower() in taken:
            name += "_"
        self._roles[name] = (what, x)
        return name

    @property
    def all(self) -> dict[str, tuple[str, Any]]:
        """By name: what a message calls the column, and its values."""
        return self._roles | {k: (what, _columns.flat(v, what)) for k, (what, v) in self._named.items()}


def _task(y_true: Any, y_score: Any, positive: Any) -> str:
    """The task, where the values leave no doubt."""
    if positive is not None:
        return "binary"
    labels = _columns.kind(y_true)
    if _columns.width(y_score) > 1:
        if _columns.width(y_score) == 2 and len(_columns.distinct(y_true)) <= 2:
            raise errors.PlanError(
                "y_score has two columns, y_true two classes",
                "take the score of the positive one: proba[:, 1]; or say task='multiclass'",
            )
        return "multiclass"
    if labels == "bool" or (labels in ("int", "float") and _columns.zero_or_one(y_true)):
        return "binary"
    if callable(y_score):
        raise errors.PlanError(
            "the task cannot be told from the values", "say task='binary', 'multiclass' or 'regression'"
        )
    scores = _columns.kind(_columns.flat(y_score, "y_score"))
    if labels == "text":
        if scores == "text":
            return "multiclass"
        if len(_columns.distinct(y_true)) <= 2:
            return "binary"
        raise errors.PlanError(
            "y_true has more than two classes, y_score is one column of numbers",
            "y_score=model.predict_proba(X), one column a class, or y_score=model.predict(X)",
        )
    if labels == "int" and scores == "float" and len(found := _columns.distinct(y_true)) <= 2:
        raise errors.PlanError(
            f"y_true holds only {' and '.join(map(str, found))}: classes or quantities?",
            "say positive=… or task='regression'",
        )
    if labels == "float" or scores == "float":
        return "regression"
    raise errors.PlanError(
        "y_true and y_score are whole numbers: classes or quantities?",
        "say task='multiclass' or task='regression'",
    )


def _positive(y_true: Any, positive: Any) -> Any:
    if positive is not None:
        return _class(positive)
    labels = _columns.kind(y_true)
    if labels == "bool":
        return "true"
    if labels in ("int", "float") and _columns.zero_or_one(y_true):
        return "1"
    values = _columns.distinct(y_true)
    if {str(v) for v in values} <= {"0", "1"}:  # categories
        return "1"
    seen = ", ".join(repr(v) for v in values[:5])
    raise errors.PlanError(
        f"which class of y_true counts as positive? Its values are {seen}", "say positive=…"
    )


def _classes(y_true: Any, y_score: Any, classes: Sequence[Any] | None) -> list[Any]:
    """The class of each column: as named, as the frame's columns, else the sorted labels."""
    if classes is not None:
        return list(classes)
    if _columns.is_table(y_score):
        return list(_columns.columns_of(y_score, ""))
    found, k = _columns.distinct(y_true), _columns.width(y_score)
    if len(found) != k:
        raise errors.PlanError(
            f"y_score has {k} columns, y_true has {len(found)} classes", "say classes=model.classes_"
        )
    return found


def _class(v: Any) -> str:
    """A class as a plan writes it."""
    if hasattr(v, "item"):
        v = v.item()
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, float) and v.is_integer():
        return str(int(v))
    return str(v)
