"""Plans and records as the command line has them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fairtrial import _program, _tables, errors
from fairtrial._result import Result

if TYPE_CHECKING:
    from fairtrial._desk import Desk

PathLike = str | os.PathLike[str]


class Check(NamedTuple):
    """What can be known before a plan is run."""

    rows: int
    gates: list[dict[str, Any]]
    """name, metric, severity, and the line in the plan's file."""
    findings: list[str]
    control: bool
    """Whether each run also judges a degraded candidate."""


class Plan:
    """A plan: a file, YAML text of several lines, or a mapping of the same keys. Relative paths in it start at
    the file's folder, else at ``folder`` (the working folder)."""

    def __init__(
        self, source: PathLike | Mapping[str, Any], *, folder: PathLike | None = None, name: str = "plan"
    ) -> None:
        self.file: Path | None = None
        self.text: str | None = None
        self._name = name  # what messages call a text
        self._machine_made = isinstance(source, Mapping)
        if isinstance(source, Mapping):
            self.text = json.dumps(source, indent=2, ensure_ascii=False, default=_plain)  # JSON is YAML
        elif isinstance(source, str) and "\n" in source:
            self.text = source
        else:
            self.file = Path(source)
            if folder is not None:
                raise ValueError("folder is for plans without a file: a file has its own")
        self.folder = self.file.absolute().parent if self.file else Path(folder or ".").absolute()

    def __repr__(self) -> str:
        return f"fairtrial.Plan({str(self.file)!r})" if self.file else "<fairtrial.Plan>"

    def run(
        self,
        *,
        output: PathLike | None = None,
        set: Mapping[str, Any] | None = None,
        workspace: PathLike | None = None,
        workers: int | None = None,
        memory: str | None = None,
        skip_empty: bool = False,
        baseline: PathLike | Result | None = None,
        plugins: Iterable[Callable[..., Any]] = (),
    ) -> Result:
        """Carries the plan out and stores its record in the workspace. ``output`` is a folder
        for report and record; without one no file is left. ``set`` overrides keys, such as
        ``{"gates[0].margin": 0.01}``.

        baseline: an earlier record to compare with, as ``--baseline`` has it – a file, a run's id,
        a Git revision – or its Result. plugins: functions that answer for the plug-ins of their
        names, in this process."""
        args: list[str] = []
        if workers is not None:
            args += ["--workers", str(workers)]
        if memory is not None:
            args += ["--memory", memory]
        if skip_empty:
            args.append("--skip-empty")
        if baseline is not None:
            args.append(
                f"--baseline={baseline.run_id if isinstance(baseline, Result) else os.fspath(baseline)}"
            )
        return self._record(args, output, set, workspace, plugins)

    def what_if(
        self,
        changes: Mapping[str, Any],
        *,
        set: Mapping[str, Any] | None = None,
        workspace: PathLike | None = None,
    ) -> Result:
        """Explores the plan with changes, such as ``{"margin": 0.01}``: nothing is decided,
        stored or counted as a look."""
        return self._record([f"--what-if={k}={_value(v)}" for k, v in changes.items()], None, set, workspace)

    def _record(
        self,
        args: list[str],
        output: PathLike | None,
        set: Mapping[str, Any] | None,
        workspace: PathLike | None,
        plugins: Iterable[Callable[..., Any]] = (),
    ) -> Result:
        with tempfile.TemporaryDirectory(prefix="fairtrial-") as tmp:
            to = Path(output).absolute() if output is not None else Path(tmp)
            found = _program.workspace_of(self.folder, workspace)
            self._call("run", [*args, "-o", str(to)], set, found, to / "record.json", plugins)
            return Result(
                (to / "record.json").read_bytes(),
                workspace=found,
                report=(to / "report.html").read_text(encoding="utf-8"),
            )

    def check(
        self,
        *,
        set: Mapping[str, Any] | None = None,
        workspace: PathLike | None = None,
        plugins: Iterable[Callable[..., Any]] = (),
    ) -> Check:
        """Everything that can be known before the plan is run; raises PlanError with all that is wrong."""
        answer = json.loads(self._call("check", ["--json"], set, workspace, plugins=plugins).stdout)
        return Check(answer["rows"], answer["gate_list"], answer["findings"], answer["control"])

    def rehearse(
        self,
        *,
        draws: int = 1000,
        rows: int = 0,
        set: Mapping[str, Any] | None = None,
        workspace: PathLike | None = None,
    ) -> dict[str, Any]:
        """Plays the plan with made-up candidates: how often it lets go, blocks, or does not know."""
        answer = self._call(
            "rehearse", ["--json", "--draws", str(draws), "--rows", str(rows)], set, workspace
        )
        return dict(json.loads(answer.stdout))

    def _call(
        self,
        command: str,
        args: list[str],
        set: Mapping[str, Any] | None,
        workspace: PathLike | None,
        record: Path | None = None,
        plugins: Iterable[Callable[..., Any]] = (),
    ) -> _program.Answer:
        functions = list(plugins)
        if functions:
            from fairtrial._desk import Desk  # sockets and threads: only where they are needed

            with Desk(functions) as desk:
                return self._say(command, args, {**desk.overrides(), **(set or {})}, workspace, record, desk)
        return self._say(command, args, set or {}, workspace, record, None)

    def _say(
        self,
        command: str,
        args: list[str],
        set: Mapping[str, Any],
        workspace: PathLike | None,
        record: Path | None,
        desk: Desk | None,
    ) -> _program.Answer:
        line = [
            command,
            str(self.file) if self.file else "-",
            *args,
            *(f"--set={k}={_value(v)}" for k, v in set.items()),
        ]
        if workspace is not None:
            workspace = Path(workspace).absolute()
        if self.file is not None:
            return _program.call(line, workspace=workspace, record=record, desk=desk)
        return _program.call(
            line,
            plan_text=self.text,
            cwd=self.folder,
            workspace=workspace,
            name="" if self._machine_made else self._name,
            record=record,
            desk=desk,
        )


def _value(v: Any) -> str:
    return v if isinstance(v, str) else json.dumps(v, ensure_ascii=False, default=_plain)


def _plain(v: Any) -> Any:
    """What JSON does not know: numpy's scalars and arrays, sets and paths."""
    if hasattr(v, "tolist"):
        return v.tolist()
    if isinstance(v, os.PathLike):
        return os.fspath(v)
    if isinstance(v, (set, frozenset)):
        return sorted(v)
    raise errors.PlanError(
        f"a plan cannot hold a {type(v).__name__}: {v!r}", "numbers, texts, lists and mappings are expected"
    )


def as_plan(plan: Plan | PathLike | Mapping[str, Any]) -> Plan:
    return plan if isinstance(plan, Plan) else Plan(plan)


def run(plan: Plan | PathLike | Mapping[str, Any], **options: Any) -> Result:
    """``Plan(plan).run(…)``."""
    return as_plan(plan).run(**options)


def check(plan: Plan | PathLike | Mapping[str, Any], **options: Any) -> Check:
    """``Plan(plan).check(…)``."""
    return as_plan(plan).check(**options)


def rehearse(plan: Plan | PathLike | Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """``Plan(plan).rehearse(…)``."""
    return as_plan(plan).rehearse(**options)


def load(record: PathLike, *, workspace: PathLike | None = None) -> Result:
    """A record: a file, a folder with one, or the id (or its beginning) of a run in the workspace."""
    name = os.fspath(record)
    folder = Path(name).absolute() if Path(name).exists() else Path.cwd()
    found = _program.workspace_of(folder if folder.is_dir() else folder.parent, workspace)
    answer = _program.call(["show", name, "--json"], workspace=found)
    return Result(answer.stdout.encode(), workspace=found)


class Comparison:
    """Two records against each other, paired on their stored row scores where they can be."""

    def __init__(self, raw: dict[str, Any], text: str, library: str | None = None) -> None:
        self.raw, self._text, self._library = raw, text, library
        self.paired: bool = raw["paired"]
        self.why: str = raw["why"]
        """How the rows met, or why they could not be matched."""
        self.matched: int = raw["matched"]

    @property
    def comparisons(self) -> Any:
        return _tables.table("comparisons", _tables.rows("comparisons", self.raw), self._library)

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__


def compare(
    candidate: Result | PathLike, baseline: Result | PathLike, *, workspace: PathLike | None = None
) -> Comparison:
    """The candidate of one record against that of another. It decides nothing."""
    if workspace is None:
        workspace = next(
            (r.workspace for r in (candidate, baseline) if isinstance(r, Result) and r.workspace), None
        )
    else:
        workspace = Path(workspace).absolute()
    with tempfile.TemporaryDirectory(prefix="fairtrial-") as tmp:
        names = []
        for i, r in enumerate((candidate, baseline)):
            if isinstance(r, Result):
                at = Path(tmp) / str(i)
                at.mkdir()
                names += r._file(str(at))
            else:
                names.append(os.fspath(r))
        raw = json.loads(_program.call(["compare", *names, "--json"], workspace=workspace).stdout)
        text = _program.call(["compare", *names], workspace=workspace).stdout.rstrip("\n")
    return Comparison(raw, text)
