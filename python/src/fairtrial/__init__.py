"""Every model gets a fair trial: evaluation with evidence, from Python.

The Go program that the wheel carries computes every number; this package moves data to
it and shows what it answers. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairtrial._evaluate import evaluate
from fairtrial._plan import Check, Comparison, Plan, check, compare, load, rehearse, run
from fairtrial._result import Result
from fairtrial._version import __version__
from fairtrial.errors import (
    DataError,
    EmptyError,
    EngineError,
    FairtrialError,
    FairtrialWarning,
    InconclusiveError,
    NoGoError,
    PlanError,
    Problem,
    ProgramNotFoundError,
    VerdictError,
)

if TYPE_CHECKING:
    from fairtrial.plugins import Row, Ungraded, model, scorer

__all__ = [
    "Check",
    "Comparison",
    "DataError",
    "EmptyError",
    "EngineError",
    "FairtrialError",
    "FairtrialWarning",
    "InconclusiveError",
    "NoGoError",
    "Plan",
    "PlanError",
    "Problem",
    "ProgramNotFoundError",
    "Result",
    "Row",
    "Ungraded",
    "VerdictError",
    "__version__",
    "check",
    "compare",
    "evaluate",
    "load",
    "model",
    "rehearse",
    "run",
    "scorer",
]


def __getattr__(name: str) -> Any:
    # Not imported above: `python -m fairtrial.plugins` would run a second copy of it.
    if name in ("Row", "Ungraded", "model", "scorer"):
        from fairtrial import plugins

        return getattr(plugins, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext fairtrial``: the ``%%fairtrial`` cell magic."""
    from fairtrial.notebook import register

    register(shell)
