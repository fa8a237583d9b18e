"""``%%fairtrial``: a plan in a cell of a notebook, its result below."""

from __future__ import annotations

import shlex
from typing import Any

from fairtrial import errors
from fairtrial._plan import Plan
from fairtrial._result import Result

USAGE = """%%fairtrial [-o NAME] [--set KEY=VALUE] [--what-if KEY=VALUE] [--output DIR] [--quiet]
    a plan in YAML; its relative paths start at the working folder
%fairtrial PLAN [the same options]
    a plan file

-o NAME             binds the Result to a variable
--set KEY=VALUE     overrides a key of the plan
--what-if KEY=VALUE explores: nothing is decided, stored or counted as a look
--output DIR        keeps report and record in a folder
--quiet             shows nothing"""


def register(shell: Any) -> None:
    """Adds the magics to a shell."""

    def fairtrial(line: str, cell: str | None = None) -> Result | None:
        return magic(shell, line, cell)

    fairtrial.__doc__ = USAGE
    shell.register_magic_function(fairtrial, magic_kind="line_cell", magic_name="fairtrial")


def magic(shell: Any, line: str, cell: str | None) -> Result | None:
    options, names = _options(line)
    if cell is None:
        if len(names) != 1:
            raise errors.PlanError("one plan file is expected", USAGE)
        plan = Plan(names[0])
    else:
        if names:
            raise errors.PlanError(f"unexpected {names[0]!r}: the cell is the plan", USAGE)
        plan = Plan("\n" + cell, name="cell")  # so that lines count from the cell's first
    if options["--what-if"]:
        result = plan.what_if(_pairs(options["--what-if"]), set=_pairs(options["--set"]))
    else:
        result = plan.run(
            set=_pairs(options["--set"]), output=options["--output"][-1] if options["--output"] else None
        )
    for name in options["-o"]:
        shell.user_ns[name] = result
    return None if options["--quiet"] else result


def _options(line: str) -> tuple[dict[str, list[str]], list[str]]:
    found: dict[str, list[str]] = {k: [] for k in ("-o", "--set", "--what-if", "--output", "--quiet")}
    names: list[str] = []
    words = shlex.split(line)
    while words:
        key, eq, value = words.pop(0).partition("=") if words[0].startswith("--") else (words.pop(0), "", "")
        if key == "--quiet":
            found[key].append("")
        elif key in found:
            if not eq:
                if not words:
                    raise errors.PlanError(f"{key} needs a value", USAGE)
                value = words.pop(0)
            if key == "-o" and not value.isidentifier():
                raise errors.PlanError(f"-o: a variable's name is expected, this is {value!r}", USAGE)
            found[key].append(value)
        elif key.startswith("-"):
            raise errors.PlanError(f"unknown option {key}", USAGE)
        else:
            names.append(key)
    return found, names


def _pairs(texts: list[str]) -> dict[str, str]:
    return dict(t.partition("=")[::2] for t in texts)
