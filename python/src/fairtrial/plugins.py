"""Row scorers and models as plain functions, run by ``fairtrial``.

A scorer gives one row of one model a number; a model answers for a row::

    from fairtrial.plugins import scorer, main

    @scorer(fields=["text"])
    def polite(row):
        return "please" in row["text"].lower()

    if __name__ == "__main__":
        main()

and in the plan ``plugins: {polite: python3 scorers.py}`` with ``scorers: [polite]``. A file
without the last two lines is run by ``python3 -m fairtrial.plugins scorers.py``.

A row whose function raises is *ungraded*: it is counted, its traceback goes into the record,
and the run goes on. This module refuses to compute metrics: fairtrial does that. It needs
nothing but the standard library. The protocol is described in docs/plugins.md.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import runpy
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar, overload

__all__ = ["PROTOCOL", "Row", "Ungraded", "main", "model", "scorer", "serve"]

PROTOCOL = 1
"""The version of the protocol that is spoken here."""

F = TypeVar("F", bound=Callable[..., Any])

_SCORER, _MODEL = "scorer", "model"
_MAX_TRACEBACK = 4000


class Ungraded(Exception):
    """Raise this (or return it) to leave a row ungraded for a known reason."""


@dataclass(frozen=True)
class Row(Mapping[str, Any]):
    """One row of the cases. ``row["column"]`` is the value of a column that was asked for."""

    fields: Mapping[str, Any]
    row: int
    """Number of the row, from 1."""
    model: str
    """Key of the model under ``models`` in the plan."""
    id: str | None = None
    output: Any = None
    """What the model answered (scorers only)."""
    label: Any = None
    """The label (scorers only)."""

    def __getitem__(self, column: str) -> Any:
        try:
            return self.fields[column]
        except KeyError:
            asked = ", ".join(self.fields) or "none"
            raise KeyError(f"the column {column!r} was not asked for (fields: {asked})") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


@dataclass(frozen=True)
class _Offer:
    kind: str
    name: str
    fields: list[str]
    batched: bool
    function: Callable[..., Any] = field(compare=False)


_offers: list[_Offer] = []


def _declare(
    kind: str,
    function: Callable[..., Any] | None,
    name: str | None,
    fields: Sequence[str] | None,
    batched: bool,
) -> Any:
    if isinstance(fields, str):
        raise TypeError(f"fields: a list of columns is expected, such as [{fields!r}]")

    def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
        called = name or f.__name__
        _offers.append(_Offer(kind, called, list(fields) if fields is not None else ["*"], batched, f))
        return f

    return decorate if function is None else decorate(function)


@overload
def scorer(function: F) -> F: ...
@overload
def scorer(
    *, name: str | None = ..., fields: Sequence[str] | None = ..., batched: bool = ...
) -> Callable[[F], F]: ...
def scorer(
    function: Any = None,
    *,
    name: str | None = None,
    fields: Sequence[str] | None = None,
    batched: bool = False,
) -> Any:
    """Declare a row scorer: ``f(row) -> number``, or ``f(rows) -> numbers`` when batched.

    ``fields`` are the columns of the cases that it wants (left out: all). ``row.output`` is the
    model's answer, ``row.label`` the label. True and False count as 1 and 0; None is ungraded.
    """
    return _declare(_SCORER, function, name, fields, batched)


@overload
def model(function: F) -> F: ...
@overload
def model(
    *, name: str | None = ..., fields: Sequence[str] | None = ..., batched: bool = ...
) -> Callable[[F], F]: ...
def model(
    function: Any = None,
    *,
    name: str | None = None,
    fields: Sequence[str] | None = None,
    batched: bool = False,
) -> Any:
    """Declare a model: ``f(row) -> score`` (binary), number (regression) or class (multiclass).

    It never sees the label. A row on which it raises is a missing prediction.
    """
    return _declare(_MODEL, function, name, fields, batched)


def offer_of(function: Callable[..., Any]) -> _Offer:
    """What was declared of a function; one that was not is a scorer of all columns."""
    for offer in reversed(_offers):
        if offer.function is function:
            return offer
    return _Offer(_SCORER, getattr(function, "__name__", type(function).__name__), ["*"], False, function)


def of_kind(kind: str, function: Any) -> Any:
    """The function, if it was declared as one of a kind."""
    if not callable(function):
        raise TypeError(f"a function is expected as a {kind}, this is {function!r}")
    if offer_of(function).kind != kind:
        raise TypeError(f"{offer_of(function).name} is no {kind}: declare it with @{kind}")
    return function


def _by_name(offers: Sequence[_Offer]) -> dict[tuple[str, str], _Offer]:
    # Here and not where they are declared: a notebook's cell is run again.
    found: dict[tuple[str, str], _Offer] = {}
    for o in offers:
        if (o.kind, o.name) in found:
            raise SystemExit(f"two {o.kind}s are called {o.name!r}: give one of them another name")
        found[o.kind, o.name] = o
    return found


def _reason(error: BaseException) -> str:
    if isinstance(error, Ungraded):
        return str(error) or "ungraded"
    return " ".join("".join(traceback.format_exception_only(type(error), error)).split())


def _traceback(error: BaseException) -> str:
    """The traceback without our own frames and without the folders of this machine."""
    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    text = "".join(traceback.format_exception(type(error), error, tb))
    text = re.sub(r'File "([^"]*)"', lambda m: f'File "{Path(m[1]).name}"', text)
    return text if len(text) <= _MAX_TRACEBACK else "…" + text[1 - _MAX_TRACEBACK :]


def _plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers of numpy and the like become Python's."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    item = getattr(value, "item", None)
    if callable(item):
        return item()
    return value


def _answer(n: int, value: Any) -> dict[str, Any]:
    if isinstance(value, BaseException):
        out: dict[str, Any] = {"n": n, "ungraded": _reason(value)}
        if not isinstance(value, Ungraded):
            out["traceback"] = _traceback(value)
        return out
    try:
        value = _plain(value)
    except Exception as error:
        return _answer(n, error)
    if value is None:
        return {"n": n, "ungraded": "it returned None"}
    if isinstance(value, float) and not math.isfinite(value):
        return {"n": n, "ungraded": f"it returned {value}"}
    if not isinstance(value, (bool, int, float, str)):
        return {"n": n, "ungraded": f"it returned a {type(value).__name__}, not a number"}
    return {"n": n, "value": value}


def _one(offer: _Offer, row: Row) -> Any:
    try:
        if not offer.batched:
            return offer.function(row)
        return _exactly(offer.function([row]), 1)[0]
    except Exception as error:
        return error


def _exactly(values: Any, n: int) -> list[Any]:
    out = list(values)
    if len(out) != n:
        raise ValueError(f"{len(out)} values for {n} rows: a batched function returns one for each")
    return out


def _values(offer: _Offer, rows: list[Row]) -> Iterator[Any]:
    """The values of a batch; one that raises is tried row by row, to find the rows at fault."""
    together = _together(offer, rows) if offer.batched else None
    if together is not None:
        yield from together
        return
    for row in rows:
        yield _one(offer, row)


def _together(offer: _Offer, rows: list[Row]) -> list[Any] | None:
    try:
        return _exactly(offer.function(rows), len(rows))
    except Exception:
        return None


def _row(question: Mapping[str, Any]) -> Row:
    return Row(
        question.get("fields", {}),
        question["row"],
        question["model"],
        question.get("id"),
        question.get("output"),
        question.get("label"),
    )


def serve(lines: IO[str], out: IO[str], version: str = "", offers: Sequence[_Offer] | None = None) -> None:
    """Speak the protocol over two streams until the other side closes its end. It offers what
    is declared, or ``offers``."""
    named = _by_name(_offers if offers is None else offers)
    if not named:
        raise SystemExit("no function is declared with @scorer or @model: there is nothing to offer")

    def say(thing: Any) -> None:
        out.write(json.dumps(thing, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")

    said = [{"name": o.name, "kind": o.kind, "fields": o.fields} for o in named.values()]
    say({"fairtrial": PROTOCOL, "version": version, "offers": said})
    out.flush()
    first = lines.readline()
    if not first:
        return  # greeted only
    start = json.loads(first)["start"]
    offer = named[start["kind"], start["offer"]]
    while head := lines.readline():
        questions = [json.loads(lines.readline()) for _ in range(json.loads(head)["batch"])]
        flushed = time.monotonic()
        for question, value in zip(questions, _values(offer, [_row(q) for q in questions]), strict=False):
            say(_answer(question["n"], value))
            if (now := time.monotonic()) - flushed > 0.5:  # a slow scorer is not a silent one
                out.flush()
                flushed = now
        out.flush()


def main(version: str = "") -> None:
    """Offer what this program declares. What it prints goes to stderr, which fairtrial shows."""
    out = io.TextIOWrapper(os.fdopen(os.dup(1), "wb"), encoding="utf-8", newline="\n")
    os.dup2(2, 1)  # a stray print, of C code too, is no answer
    sys.stdout = sys.stderr
    lines = io.TextIOWrapper(os.fdopen(os.dup(0), "rb"), encoding="utf-8", newline="\n")
    try:
        serve(lines, out, version)
    except (BrokenPipeError, KeyboardInterrupt):
        raise SystemExit(1) from None


def _run_file(arguments: Sequence[str]) -> None:
    if len(arguments) != 1:
        raise SystemExit("usage: python3 -m fairtrial.plugins FILE.py")
    path = arguments[0]
    sys.path.insert(0, str(Path(path).resolve().parent))
    runpy.run_path(path, run_name="fairtrial_plugin")
    main()


if __name__ == "__main__":
    # The functions of the file declare themselves to fairtrial.plugins, not to this copy.
    from fairtrial import plugins

    plugins._run_file(sys.argv[1:])
