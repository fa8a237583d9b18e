"""Parts of a record as data frames, or as plain rows where there is no such library."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from typing import Any

Rows = list[dict[str, Any]]

# The columns of each table, in order, with what they hold: f(loat), i(nteger), s(tring), l(ist).
TABLES: dict[str, dict[str, str]] = {
    "estimates": dict(
        metric="s",
        model="s",
        slice="s",
        value="f",
        lower="f",
        upper="f",
        level="f",
        n="i",
        missing="i",
        se="f",
        df="f",
        n_eff="f",
        method="s",
        status="s",
        notes="l",
    ),
    "comparisons": dict(
        metric="s",
        slice="s",
        candidate="s",
        baseline="s",
        difference="f",
        lower="f",
        upper="f",
        level="f",
        verdict="s",
        p_value="f",
        p_adjusted="f",
        n="i",
        needed_n="i",
        smallest_effect="f",
        se="f",
        df="f",
        family="s",
        method="s",
        status="s",
        notes="l",
    ),
    "gates": dict(
        name="s",
        verdict="s",
        metric="s",
        model="s",
        rule="s",
        severity="s",
        value="f",
        lower="f",
        upper="f",
        bound="f",
        bound2="f",
        level="f",
        n="i",
        needed_n="i",
        reason="s",
        why="s",
    ),
    "cells": dict(
        gate="s",
        slice="s",
        verdict="s",
        value="f",
        lower="f",
        upper="f",
        n="i",
        p_value="f",
        p_adjusted="f",
        needed_n="i",
        catchable="f",
        note="s",
    ),
}


def rows(name: str, record: Mapping[str, Any]) -> Rows:
    """One table of a record as dictionaries, all with the same keys."""
    columns = TABLES[name]
    raw: Iterable[Mapping[str, Any]]
    if name == "gates":
        raw = ({**g, **g["evidence"]} for g in record["gates"])
    elif name == "cells":
        raw = ({"gate": g["name"], **c} for g in record["gates"] for c in g.get("cells") or [])
    else:
        raw = record.get(name) or []
    return [{c: r.get(c) if columns[c] != "l" else list(r.get(c) or []) for c in columns} for r in raw]


def library(wanted: str | None = None) -> str:
    """ "pandas", "polars" or "rows": the one wanted, else what is loaded, else installed."""
    if wanted is not None:
        if wanted not in ("pandas", "polars", "rows"):
            raise ValueError(f"pandas, polars or rows is expected, not {wanted!r}")
        return wanted
    for name in ("pandas", "polars"):
        if name in sys.modules:
            return name
    for name in ("pandas", "polars"):
        if importlib.util.find_spec(name) is not None:
            return name
    return "rows"


def table(name: str, data: Rows, wanted: str | None = None) -> Any:
    """Rows in the library's own form: an undefined number is a missing one, never 0."""
    columns, kind = TABLES[name], library(wanted)
    if kind == "rows":
        return data
    if kind == "pandas":
        import pandas as pd

        types = {"f": "float64", "i": "Int64", "s": "object", "l": "object"}
        return pd.DataFrame({c: pd.Series([r[c] for r in data], dtype=types[t]) for c, t in columns.items()})
    import polars as pl

    kinds = {"f": pl.Float64, "i": pl.Int64, "s": pl.String, "l": pl.List(pl.String)}
    return pl.DataFrame(
        {c: [r[c] for r in data] for c in columns}, schema={c: kinds[t] for c, t in columns.items()}
    )
