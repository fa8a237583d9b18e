"""Columns of any kind – lists, numpy, pandas, polars, pyarrow – on their way into a file.

Nothing here computes a metric: values are looked at only to tell what kind they are.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairtrial import errors

# Rows of a Parquet row group: large enough to write fast, small enough to share among cores.
ROW_GROUP = 1 << 18


def origin(x: Any) -> str:
    """The library that an object comes from."""
    return type(x).__module__.partition(".")[0]


def is_table(x: Any) -> bool:
    return type(x).__name__ in ("DataFrame", "Table", "RecordBatch") and origin(x) in (
        "pandas",
        "polars",
        "pyarrow",
    )


def columns_of(x: Any, what: str) -> dict[str, Any]:
    """The columns of a table, a mapping, a named series, or a list of named series."""
    if x is None:
        return {}
    if isinstance(x, Mapping):
        return {str(k): v for k, v in x.items()}
    if is_table(x):
        if origin(x) == "pyarrow":
            return dict(zip(x.schema.names, x.columns, strict=True))
        named = {str(c): x[c] for c in dict.fromkeys(x.columns)}
        if len(named) < len(x.columns):
            twice = next(c for c in x.columns if [str(k) for k in x.columns].count(str(c)) > 1)
            raise errors.PlanError(
                f"{what or 'the frame'}: two columns are called {str(twice)!r}", "rename one"
            )
        return named
    if isinstance(x, (list, tuple)) and x and all(getattr(s, "name", None) is not None for s in x):
        return {str(s.name): s for s in x}
    name = getattr(x, "name", None)
    if name is not None and hasattr(x, "__len__"):
        return {str(name): x}
    raise errors.PlanError(
        f"{what}: named columns are expected, this is {type(x).__name__}",
        f'a data frame such as df[["region"]], or {what}={{"region": values}}',
    )


def width(x: Any) -> int:
    """The number of columns of a two-dimensional thing, else 0."""
    if is_table(x):
        return len(columns_of(x, ""))
    shape: tuple[Any, ...] = getattr(x, "shape", ())
    if len(shape) == 2:
        return int(shape[1])
    if isinstance(x, (list, tuple)) and len(x) and isinstance(x[0], (list, tuple)):
        return len(x[0])
    return 0


def split(x: Any) -> list[Any]:
    """The columns of a two-dimensional thing."""
    if is_table(x):
        return list(columns_of(x, "").values())
    if hasattr(x, "shape"):
        return [x[:, j] for j in range(x.shape[1])]
    return [list(c) for c in zip(*x, strict=True)]


def flat(x: Any, what: str) -> Any:
    """One column: a table of one column is one, an iterator is read."""
    k = width(x)
    if len(getattr(x, "shape", ())) > 2:
        raise errors.PlanError(f"{what}: a column is expected, this has the shape {x.shape}")
    if k == 1:
        return split(x)[0]
    if k > 1:
        raise errors.PlanError(
            f"{what}: one column is expected, this has {k}",
            "of predict_proba take the positive class: proba[:, 1]; several classes need task='multiclass'",
        )
    if not hasattr(x, "__len__") or isinstance(x, (set, frozenset)):
        if isinstance(x, (set, frozenset, str, bytes)) or not hasattr(x, "__iter__"):
            raise errors.PlanError(f"{what}: a column is expected, this is {type(x).__name__}")
        return list(x)
    if isinstance(x, (str, bytes, Mapping)):
        raise errors.PlanError(f"{what}: a column is expected, this is {type(x).__name__}")
    return x


def settled(x: Any) -> Any:
    """What can be looked at more than once: an iterator is read."""
    return list(x) if hasattr(x, "__next__") else x


def check(columns: Mapping[str, tuple[str, Any]]) -> int:
    """Refuses columns of different lengths, and pandas series whose indexes differ: their
    rows would be paired by position though their labels say otherwise. Gives the rows."""
    first, n, index, indexed = "", -1, None, ""
    for what, x in columns.values():
        if n < 0:
            first, n = what, len(x)
        elif len(x) != n:
            raise errors.DataError(
                [
                    errors.Problem(
                        f"{what} has {len(x)} rows, {first} has {n}",
                        where=what,
                        hint="they must be of the same rows, in order",
                    )
                ]
            )
        if origin(x) != "pandas" or not hasattr(x, "index"):
            continue
        if index is None:
            index, indexed = x.index, what
        elif index is not x.index and not index.equals(x.index):
            raise errors.DataError(
                [
                    errors.Problem(
                        f"the index of {what} differs from that of {indexed}",
                        where=what,
                        hint="rows are matched by position: align them first, or call .reset_index(drop=True) on both",
                    )
                ]
            )
    return max(n, 0)


def kind(x: Any) -> str:
    """bool, int, float or text."""
    source = origin(x)
    name = ""
    if source == "pyarrow":
        name = str(x.type)
    elif hasattr(x, "dtype"):
        name = str(getattr(x.dtype, "name", None) or x.dtype)  # numpy writes >i4, its name is int32
    name = name.lower()
    if name.startswith(("bool",)):
        return "bool"
    if name.startswith(("int", "uint")):
        return "int"
    if name.startswith(("float", "double", "halffloat", "decimal")):
        return "float"
    if name and name != "object":
        return "text"
    types = {type(v) for v in (x if isinstance(x, (list, tuple)) else list(x)) if v is not None}
    for t, answer in ((bool, "bool"), (int, "int"), (float, "float")):
        if types and types <= ({bool} if t is bool else {int} if t is int else {int, float}):
            return answer
    numbers = {t.__name__.rstrip("_") for t in types}  # numpy's scalars
    if numbers and all(t.startswith("bool") for t in numbers):
        return "bool"
    if numbers and all(t.startswith(("int", "uint")) for t in numbers):
        return "int"
    if numbers and all(t.startswith(("int", "uint", "float")) for t in numbers):
        return "float"
    return "text"


def distinct(x: Any) -> list[Any]:
    """The values of a column but the missing ones, sorted where they can be."""
    source = origin(x)
    values: Any
    if source == "numpy" and x.dtype != object:
        import numpy as np

        values = np.unique(x).tolist()
    elif source in ("pandas", "polars", "pyarrow"):
        u = x.unique()
        values = u.to_pylist() if source == "pyarrow" else u.tolist() if hasattr(u, "tolist") else u.to_list()
    else:
        values = list(dict.fromkeys(x))
    out = [v for v in values if v is not None and v == v and type(v).__name__ != "NAType"]
    try:
        return sorted(out)
    except TypeError:
        return out


def zero_or_one(x: Any) -> bool:
    """Whether a column of numbers holds nothing but 0 and 1."""
    source = origin(x)
    if source == "numpy" and x.dtype != object:
        return bool(((x == 0) | (x == 1) | (x != x)).all())
    if source == "pandas" and str(x.dtype).startswith(("int", "uint", "float")):
        return zero_or_one(x.to_numpy())
    return set(distinct(x)) <= {0, 1}


def write(columns: Mapping[str, Any], folder: Path) -> Path:
    """Writes columns as Parquet through pyarrow or polars, else as CSV."""
    if importlib.util.find_spec("pyarrow") is not None:
        return _pyarrow(columns, folder / "rows.parquet")
    if importlib.util.find_spec("polars") is not None:
        return _polars(columns, folder / "rows.parquet")
    return _csv(columns, folder / "rows.csv")


def _pyarrow(columns: Mapping[str, Any], path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: _arrow(pa, name, x) for name, x in columns.items()})
    coded = [
        f.name
        for f in table.schema
        if pa.types.is_dictionary(f.type) or pa.types.is_string(f.type) or pa.types.is_large_string(f.type)
    ]
    pq.write_table(
        table,
        path,
        compression="none",
        use_dictionary=coded,
        write_statistics=False,
        row_group_size=ROW_GROUP,
    )
    return path


def _arrow(pa: Any, name: str, x: Any) -> Any:
    """A column as Arrow: numbers without a copy, categories as codes and their dictionary."""
    source = origin(x)
    if source == "pyarrow":
        return x
    if source == "polars":
        return x.to_arrow()
    if source == "numpy" and x.dtype.kind in "fiu":
        x = x.astype("float64" if x.dtype.itemsize > 8 else x.dtype.newbyteorder("="), copy=False)
    try:
        if source == "pandas":
            return pa.Array.from_pandas(_named_values(x))
        return pa.array(
            x if hasattr(x, "dtype") else list(x), from_pandas=not hasattr(x, "dtype") or x.dtype == object
        )
    except (
        pa.ArrowInvalid,
        pa.ArrowTypeError,
        pa.ArrowNotImplementedError,
        OverflowError,
        UnicodeError,
    ) as e:
        hint = "one type a column is expected"
        if isinstance(e, OverflowError):
            hint = "whole numbers of more than 64 bits go as text: [str(v) for v in …]"
        problem = errors.Problem(f"cannot be written: {e}", where=f"column {name}", hint=hint)
        raise errors.DataError([problem]) from e


def _named_values(x: Any) -> Any:
    """Periods, intervals (of pandas.cut) and durations as the text that a person reads: in a
    file they would be counts."""
    name = str(x.dtype)
    if name.startswith(("period", "interval", "timedelta")):
        return x.astype("string")
    if name == "category" and str(x.cat.categories.dtype).startswith(("period", "interval", "timedelta")):
        return x.cat.rename_categories(x.cat.categories.astype("string"))
    return x


def _polars(columns: Mapping[str, Any], path: Path) -> Path:
    import polars as pl

    series = []
    for name, x in columns.items():
        source = origin(x)
        if source == "pandas":  # without pyarrow polars cannot take its extension types
            x = x.to_numpy() if kind(x) != "text" else [None if v != v else v for v in x.astype(object)]
        try:
            series.append(pl.Series(name, x if source != "polars" else x.alias(name)))
        except (TypeError, pl.exceptions.PolarsError) as e:
            raise errors.DataError(
                [
                    errors.Problem(
                        f"cannot be written: {e}",
                        where=f"column {name}",
                        hint="one type a column is expected",
                    )
                ]
            ) from e
    pl.DataFrame(series).write_parquet(
        path, compression="uncompressed", statistics=False, row_group_size=ROW_GROUP
    )
    return path


def _csv(columns: Mapping[str, Any], path: Path) -> Path:
    import csv

    with path.open("w", newline="", encoding="utf-8") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(columns)
        out.writerows(zip(*(map(_text, _list(x)) for x in columns.values()), strict=True))
    return path


def _list(x: Any) -> Sequence[Any]:
    for method in ("to_pylist", "tolist", "to_list"):
        if hasattr(x, method):
            return getattr(x, method)()  # type: ignore[no-any-return]
    return x  # type: ignore[no-any-return]


def _text(v: Any) -> str:
    """A value as CSV: floats with all their digits, a missing one as nothing."""
    if v is None or type(v).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, float):
        return "" if math.isnan(v) else repr(v)
    return str(v)
