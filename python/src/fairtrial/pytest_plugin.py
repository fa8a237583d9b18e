"""Plans as tests: every ``*.fairtrial.yaml`` is collected, one item a gate. The plan is run
once, when the first of its gates is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fairtrial import Plan, Result

SUFFIXES = (".fairtrial.yaml", ".fairtrial.yml")
SHOWN = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fairtrial", "gates of models (*.fairtrial.yaml)")
    group.addoption(
        "--fairtrial-inconclusive",
        choices=("fail", "xfail"),
        default=None,
        help="what a gate is that the data cannot decide (ini: fairtrial_inconclusive; default: fail)",
    )
    group.addoption(
        "--fairtrial-set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a key of the plans that are collected",
    )
    group.addoption(
        "--fairtrial-output",
        default=None,
        metavar="DIR",
        help="keep report and record of each plan in DIR/PLAN (ini: fairtrial_output)",
    )
    parser.addini("fairtrial_inconclusive", "fail or xfail", default="fail")
    parser.addini("fairtrial_output", "folder for reports and records", default="")


def pytest_configure(config: pytest.Config) -> None:
    found = _inconclusive(config)
    if found not in ("fail", "xfail"):
        raise pytest.UsageError(f"fairtrial_inconclusive: fail or xfail is expected, this is {found!r}")


def _inconclusive(config: pytest.Config) -> str:
    return str(config.getoption("--fairtrial-inconclusive") or config.getini("fairtrial_inconclusive"))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if not file_path.name.endswith(SUFFIXES):
        return None
    return PlanFile.from_parent(parent, path=file_path)


class PlanFile(pytest.File):
    """A plan. A mistake in it is reported here, as the command line says it."""

    def collect(self) -> Iterable[pytest.Item]:
        from fairtrial import FairtrialError

        try:
            found = self.plan().check(set=self.overrides())
        except FairtrialError as e:
            raise self.CollectError(str(e)) from None
        gates = found.gates
        items: list[pytest.Item] = [
            GateItem.from_parent(self, name=_unique(g["name"], i, gates), at=i, line=g.get("line", 0))
            for i, g in enumerate(gates)
        ]
        if found.control:
            items.append(ControlItem.from_parent(self, name="control does not pass"))
        return items or [PlanItem.from_parent(self, name="runs")]

    def plan(self) -> Plan:
        from fairtrial import Plan

        return Plan(self.path)

    def overrides(self) -> dict[str, str]:
        return dict(s.partition("=")[::2] for s in self.config.getoption("--fairtrial-set"))

    def result(self) -> Result:
        """The plan's result: it is run once a session, and its error is that of each gate."""
        if not hasattr(self, "_answer"):
            try:
                self._answer: Result | Exception = self.plan().run(set=self.overrides(), output=self.output())
            except Exception as e:
                self._answer = e
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def output(self) -> Path | None:
        base = str(self.config.getoption("--fairtrial-output") or self.config.getini("fairtrial_output"))
        if not base:
            return None
        rel = os.path.relpath(self.path, self.config.rootpath)
        for suffix in SUFFIXES:
            rel = rel.removesuffix(suffix)
        return Path(self.config.rootpath) / base / rel.replace("..", "").lstrip("/")


def _unique(name: str, at: int, gates: list[dict[str, Any]]) -> str:
    same = [i for i, g in enumerate(gates) if g["name"] == name]
    return name if len(same) == 1 else f"{name} #{same.index(at) + 1}"


class PlanItem(pytest.Item):
    """A plan without gates: that it runs."""

    parent: PlanFile

    def runtest(self) -> None:
        self.say(self.parent.result())

    def say(self, result: Result) -> None:
        self.add_report_section(
            "call", "fairtrial", f"{result.sentence}\nrun {result.run_id}, result {result.digest}"
        )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from fairtrial import FairtrialError

        if isinstance(excinfo.value, FairtrialError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.path.name}: {self.name}"


class GateItem(PlanItem):
    """One gate of a plan."""

    def __init__(self, *, at: int, line: int, **kw: Any) -> None:
        super().__init__(**kw)
        self.at, self.line = at, line

    def runtest(self) -> None:
        result = self.parent.result()
        gate = result.record["gates"][self.at]
        evidence = gate["evidence"]
        for key, value in {"verdict": gate["verdict"], **evidence, "run": result.run_id}.items():
            if value is not None:
                self.user_properties.append((f"fairtrial_{key}", value))
        self.say(result)
        judge(gate, _inconclusive(self.config), result)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, max(self.line - 1, 0), f"{self.path.name}: {self.name}"


class ControlItem(PlanItem):
    """The degraded candidate that a plan with ``control`` plants: it must not pass."""

    def runtest(self) -> None:
        from fairtrial import InconclusiveError

        result = self.parent.result()
        self.say(result)
        control = result.record["verdict"].get("control")
        if control and control["decision"] == "go":
            if _inconclusive(self.config) == "xfail":
                pytest.xfail(control["sentence"])
            raise InconclusiveError(control["sentence"], result)


def judge(gate: Mapping[str, Any], inconclusive: str, result: Result | None = None) -> None:
    """Passes, fails, skips or xfails as a gate's verdict says. A gate that only warns passes
    with a warning."""
    import warnings

    from fairtrial import FairtrialWarning, InconclusiveError, NoGoError, VerdictError

    verdict, text = gate["verdict"], describe(gate)
    if verdict == "pass":
        return
    if verdict == "not_applicable":
        pytest.skip(gate["reason"])
    if gate["severity"] == "warn" or (verdict == "inconclusive" and gate.get("on_inconclusive") == "warn"):
        warnings.warn(f"{gate['name']}: {text}", FairtrialWarning, stacklevel=2)
        return
    if verdict == "inconclusive":
        if inconclusive == "xfail":
            pytest.xfail(f"inconclusive: {gate['reason']}")
        raise InconclusiveError(text, result)
    raise (NoGoError if verdict == "fail" else VerdictError)(text, result)


def describe(gate: Mapping[str, Any], named: bool = False) -> str:
    """A gate as a failing test says it: what was asked, what was found, and where."""
    e = gate["evidence"]
    bounds = " and ".join(_number(b) for b in (e.get("bound"), e.get("bound2")) if b is not None)
    lines = [
        (f"{gate['name']}: " if named else "") + f"{_word(gate['verdict'])}: {gate['reason']}",
        f"  required  {gate['metric']} {gate['rule']}",
        f"  found     {_found(e)}, bound {bounds or '–'}, n = {_count(e.get('n'))}" + _needed(e),
    ]
    cells = [c for c in gate.get("cells") or [] if c["verdict"] not in ("pass", "not_applicable")]
    if cells:
        cells.sort(key=lambda c: c["verdict"] != "fail")
        wide = max(len(c["slice"]) for c in cells[:SHOWN])
        lines.append("  slices")
        for c in cells[:SHOWN]:
            note = f" ({c['note']})" if c.get("note") else ""
            lines.append(
                f"    {_word(c['verdict']):<13} {c['slice']:<{wide}}  {_found(c)}, bound {bounds or '–'}, n = {_count(c.get('n'))}{_needed(c)}{note}"
            )
        if len(cells) > SHOWN:
            lines.append(f"    and {len(cells) - SHOWN} more, in the record")
    if gate.get("why"):
        lines.append(f"  why       {gate['why']}")
    return "\n".join(lines)


def _word(verdict: str) -> str:
    return {"fail": "FAIL", "error": "ERROR"}.get(verdict, verdict.replace("_", " "))


def _number(x: float | None) -> str:
    return "–" if x is None else f"{x:.3g}"


def _count(n: int | None) -> str:
    return "–" if n is None else str(n)


def _found(e: Mapping[str, Any]) -> str:
    if e.get("value") is None:
        return "no value"
    span = "no interval" if e.get("lower") is None else f"{_number(e['lower'])} to {_number(e['upper'])}"
    return f"value {_number(e['value'])} ({span})"


def _needed(e: Mapping[str, Any]) -> str:
    return f", about {e['needed_n']} rows would decide" if e.get("needed_n") else ""


class Trial:
    """The ``fairtrial`` fixture: the package's functions, and ``judge``, which makes a test of
    a result."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        import fairtrial

        return getattr(fairtrial, name)

    def judge(self, result: Result | Plan | str | os.PathLike[str] | Mapping[str, Any]) -> Result:
        """Fails the test with every blocking gate that does not pass; a plan is run first.
        Gates that are only inconclusive follow --fairtrial-inconclusive."""
        import fairtrial

        if not isinstance(result, fairtrial.Result):
            result = fairtrial.run(result)
        node = self._request.node
        node.user_properties += [("fairtrial_decision", result.verdict), ("fairtrial_run", result.run_id)]
        node.add_report_section("call", "fairtrial", str(result))
        if result.verdict == "inconclusive" and _inconclusive(self._request.config) == "xfail":
            pytest.xfail(result.sentence)
        if result.verdict not in ("go", "not_judged"):
            bad = [
                g
                for g in result.record["gates"]
                if g["verdict"] not in ("pass", "not_applicable") and g["severity"] != "warn"
            ]
            text = "\n".join([result.sentence, *(describe(g, named=True) for g in bad)])
            kinds = {"no-go": fairtrial.NoGoError, "inconclusive": fairtrial.InconclusiveError}
            raise kinds.get(result.verdict, fairtrial.VerdictError)(text, result)
        return result


@pytest.fixture(name="fairtrial")
def fairtrial_fixture(request: pytest.FixtureRequest) -> Trial:
    """Evaluates models and judges results in tests written in Python."""
    return Trial(request)
