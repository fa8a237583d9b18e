"""What goes wrong, as exceptions: one class for each exit status of the program.

A no-go or an inconclusive verdict is a result, not an error, unless
``Result.raise_for_verdict()`` is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class FairtrialWarning(UserWarning):
    """What the program warns of while it carries something out."""


@dataclass(frozen=True)
class Problem:
    """One mistake, and where it is. Line and column count from 1; 0 is not known."""

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    """The plan's key, such as ``gates[1].margin``."""
    where: str = ""
    """Of data: file, row and column."""
    hint: str = ""
    source: str = ""
    """The quoted line of the plan."""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Problem:
        return cls(**{k: raw[k] for k in cls.__dataclass_fields__ if k in raw})

    def __str__(self) -> str:
        place = self.where
        if self.line:
            place = f"{self.file}:{self.line}:{self.column}"
        text = ": ".join(part for part in (place, self.path, self.message) if part)
        if self.source and self.line:
            text += f"\n    {self.source.rstrip()}\n    {' ' * max(0, self.column - 1)}^"
        if self.hint:
            text += f"\n    hint: {self.hint}"
        return text


class FairtrialError(Exception):
    """Anything that kept fairtrial from an answer. ``problems`` has every mistake that was
    found; ``message``, ``hint``, ``file``, ``line`` and ``column`` are those of the first."""

    status = 4

    def __init__(self, problems: str | Sequence[Problem], hint: str = "") -> None:
        if isinstance(problems, str):
            problems = [Problem(problems, hint=hint)]
        self.problems = list(problems)
        super().__init__("\n".join(str(p) for p in self.problems))

    def _render_traceback_(self) -> list[str]:
        """How a notebook shows it: what is wrong and where in the plan, not where in this package."""
        return [f"{type(self).__name__}: {self}"]

    @property
    def _first(self) -> Problem:
        return self.problems[0] if self.problems else Problem("")

    @property
    def message(self) -> str:
        return self._first.message

    @property
    def hint(self) -> str:
        return self._first.hint

    @property
    def file(self) -> str:
        return self._first.file

    @property
    def line(self) -> int:
        return self._first.line

    @property
    def column(self) -> int:
        return self._first.column


class PlanError(FairtrialError):
    """The plan, the arguments or the data are wrong (exit status 2)."""

    status = 2


class DataError(PlanError):
    """The data are wrong: ``problems[0].where`` has file, row and column as far as known."""


class EngineError(FairtrialError):
    """An engine, a database or a server could not be reached or failed (exit status 4)."""


class ProgramNotFoundError(EngineError):
    """The fairtrial program is not installed with this package."""


class EmptyError(FairtrialError):
    """There was nothing to evaluate, and ``skip_empty`` was asked for (exit status 99)."""

    status = 99


class VerdictError(FairtrialError, AssertionError):
    """The verdict is not go. ``result`` is the whole result."""

    def __init__(self, message: str, result: Any = None) -> None:
        super().__init__(message)
        self.result = result


class NoGoError(VerdictError):
    """A blocking gate failed (exit status 1)."""

    status = 1


class InconclusiveError(VerdictError):
    """The data cannot tell (exit status 3)."""

    status = 3


def from_document(status: int, problems: Sequence[Problem]) -> FairtrialError:
    """The exception of an exit status."""
    if status == 99:
        return EmptyError(problems)
    if status == 2:
        return (DataError if any(p.where for p in problems) else PlanError)(problems)
    return EngineError(problems)
