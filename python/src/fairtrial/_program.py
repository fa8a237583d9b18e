"""Finds the Go program and calls it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import sysconfig
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fairtrial import errors

if TYPE_CHECKING:
    from fairtrial._desk import Desk

VERDICTS = {0: "go", 1: "no-go", 3: "inconclusive"}
STDIN = "(stdin)"


class Answer(NamedTuple):
    status: int
    stdout: str
    warnings: list[str]


def find() -> str:
    """The program that came with this package: ``FAIRTRIAL_BINARY``, else the scripts of
    this installation, else what PATH has."""
    name = "fairtrial" + (sysconfig.get_config_var("EXE") or "")
    named = os.environ.get("FAIRTRIAL_BINARY", "")
    if named:
        if not Path(named).is_file():
            raise errors.ProgramNotFoundError(
                f"FAIRTRIAL_BINARY is {named}: no such file", "unset it, or name the program"
            )
        return named
    here = Path(__file__).resolve().parent
    schemes = [
        sysconfig.get_path("scripts"),
        sysconfig.get_path("scripts", f"{os.name}_user"),
        here.parent / "bin",
    ]
    for folder in schemes:
        at = Path(str(folder)) / name
        if at.is_file() and not _is_python_script(at):
            return str(at)
    on_path = shutil.which("fairtrial")
    if on_path:
        return on_path
    raise errors.ProgramNotFoundError(
        f"the fairtrial program is not in {schemes[0]} and not on PATH",
        "install the wheel of this platform, or set FAIRTRIAL_BINARY to the program",
    )


def _is_python_script(at: Path) -> bool:
    with at.open("rb") as f:
        return f.read(2) == b"#!"


def call(
    args: Sequence[str],
    *,
    plan_text: str | None = None,
    cwd: str | os.PathLike[str] | None = None,
    workspace: str | os.PathLike[str] | None = None,
    name: str = "plan",
    record: Path | None = None,
    desk: Desk | None = None,
) -> Answer:
    """Calls the program; what it cannot do is raised, its warnings are Python's. A plan goes
    in through standard input; name is what messages call it, empty when its lines are nothing
    to show. record is written by a run that ended with a verdict: "error" is one too, and has
    the status of wrong data. desk answers for the functions that it asks for."""
    line = [find(), *args, "--errors", "json", "--no-color"]
    if workspace is not None:
        line += ["--workspace", os.fspath(workspace)]
    before = _stamp(record)
    status, printed, stderr = _run(line, b"" if plan_text is None else plan_text.encode(), cwd, desk)
    judged = status in VERDICTS or _stamp(record) not in (None, before)
    said = stderr.decode("utf-8", "replace").splitlines()
    notes = [s.removeprefix("warning: ") for s in said if s.startswith("warning: ")]
    if not judged:
        raise _error(status, said, name)
    if status not in VERDICTS:
        notes.append("the verdict is error: see the result's sentence")
    for note in notes:
        warnings.warn(note, errors.FairtrialWarning, stacklevel=_outside())
    return Answer(status, printed.decode("utf-8"), notes)


def _run(
    line: Sequence[str], text: bytes, cwd: str | os.PathLike[str] | None, desk: Desk | None
) -> tuple[int, bytes, bytes]:
    """Exit status, stdout and stderr of the program. Whatever ends this ends it too, with the
    time to end its plug-ins and remove what is half written."""
    import subprocess

    env = {**os.environ, "LC_ALL": "C.UTF-8"}  # its texts are UTF-8 whatever the locale here
    if desk is not None:
        env |= desk.environment()
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd, env=env)
    except OSError as e:
        raise errors.EngineError(f"cannot run {line[0]}: {e}") from e
    try:
        talk = partial(process.communicate, text)
        out, err = talk() if desk is None else desk.attend(talk)
    except BaseException:
        if os.name == "posix":
            process.send_signal(signal.SIGINT)
        else:
            process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        raise
    return process.returncode, out, err


def _stamp(record: Path | None) -> tuple[int, int] | None:
    """Tells a record from that of an earlier run in the same folder."""
    try:
        at = record.stat() if record else None
    except OSError:
        return None
    return (at.st_ino, at.st_mtime_ns) if at else None


def _error(status: int, said: list[str], name: str) -> BaseException:
    if status in (130, -2):
        return KeyboardInterrupt()
    try:
        document: Mapping[str, Any] = json.loads(said[-1])
        raw = document["errors"]
    except (IndexError, ValueError, KeyError, TypeError):
        text = "\n".join(said) or f"fairtrial ended with status {status}"
        return errors.from_document(status, [errors.Problem(text)])
    problems = []
    for p in raw:
        if p.get("file") == STDIN or str(p.get("file", "")).endswith("/" + STDIN):
            p = {**p, "file": name}
            if not name:
                p = {k: v for k, v in p.items() if k not in ("file", "line", "column", "source")}
        problems.append(errors.Problem.of(p))
    return errors.from_document(status, problems)


def _outside() -> int:
    """How far up the stack the caller's own code is, for warnings."""
    depth, frame = 1, sys._getframe(1)
    package = str(Path(__file__).resolve().parent)
    while frame is not None and frame.f_code.co_filename.startswith(package):
        depth, frame = depth + 1, frame.f_back  # type: ignore[assignment]
    return depth


def workspace_of(folder: str | os.PathLike[str], named: str | os.PathLike[str] | None = None) -> str:
    """The workspace as the command line finds it: named, FAIRTRIAL_HOME, the nearest
    .fairtrial upwards, else one beside."""
    given = os.fspath(named) if named is not None else os.environ.get("FAIRTRIAL_HOME", "")
    if given:
        return str(Path(given).absolute())
    start = Path(folder).absolute()
    for at in (start, *start.parents):
        if (at / ".fairtrial").is_dir():
            return str(at / ".fairtrial")
    return str(start / ".fairtrial")
