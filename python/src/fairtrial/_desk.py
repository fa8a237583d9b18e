"""Functions of this process as plug-ins.

The program starts a relay for each, which comes here through a socket. They are called in the
thread that waits for the program: what belongs to a thread – no_grad, a database's connection –
holds in them, and Ctrl-C ends both.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import re
import select
import shlex
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from fairtrial import errors, plugins

T = TypeVar("T")

# A function that is silent is at work, and whoever waits for it can see and end it.
PATIENCE = "24h"


class Desk:
    """Answers for functions while the program runs: ``with Desk(functions) as desk``."""

    def __init__(self, functions: Iterable[Callable[..., Any]]) -> None:
        self.offers: dict[str, list[plugins._Offer]] = {}
        for f in functions:
            offer = plugins.offer_of(f)
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", offer.name):
                raise errors.PlanError(
                    f"{offer.name!r} cannot be the name of a {offer.kind}",
                    'give it one: @fairtrial.scorer(name="polite")',
                )
            same = self.offers.setdefault(offer.name, [])
            if any(o.function is not offer.function and o.kind == offer.kind for o in same):
                raise errors.PlanError(
                    f"two {offer.kind}s are called {offer.name!r}",
                    f'give one of them another name: @fairtrial.{offer.kind}(name="other")',
                )
            same.append(offer)

    def overrides(self) -> dict[str, Any]:
        """What a plan says of them: the same on every machine."""
        return {
            f"plugins.{name}": {"command": [f"fairtrial-{name}"], "timeout": PATIENCE} for name in self.offers
        }

    def __enter__(self) -> Desk:
        if not hasattr(socket, "AF_UNIX"):
            raise errors.EngineError(
                "functions need Unix sockets, which this system lacks",
                "declare them in a file: plugins: {name: python scorers.py}",
            )
        # A socket's path is short: about a hundred letters.
        place = None if len(tempfile.gettempdir()) < 70 else "/tmp"
        self._folder = tempfile.TemporaryDirectory(prefix="fairtrial-", dir=place)
        at = Path(self._folder.name)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(at / "s"))
        self._listener.listen()
        relay = [sys.executable, "-I", "-S", str(Path(__file__).with_name("_relay.py")), str(at / "s")]
        for name in self.offers:
            script = at / f"fairtrial-{name}"
            script.write_text(f"#!/bin/sh\nexec {shlex.join([*relay, name])}\n", encoding="utf-8")
            script.chmod(0o700)
        return self

    def environment(self) -> Mapping[str, str]:
        path = os.environ.get("PATH", os.defpath)
        return {"PATH": self._folder.name + os.pathsep + path}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._listener.close()
        self._folder.cleanup()

    def attend(self, work: Callable[[], T]) -> T:
        """Does work in another thread, and answers in this one until it ends."""
        done: list[T] = []
        failed: list[BaseException] = []
        here, there = socket.socketpair()

        def go() -> None:
            try:
                done.append(work())
            except BaseException as e:
                failed.append(e)
            finally:
                there.close()

        threading.Thread(target=go, daemon=True).start()
        with here:
            while here not in (ready := select.select([self._listener, here], [], [])[0]):
                if self._listener in ready:
                    self._answer(self._listener.accept()[0])
        if failed:
            raise failed[0]
        return done[0]

    def _answer(self, caller: socket.socket) -> None:
        with caller, contextlib.suppress(OSError, ValueError):  # it went away: the program says why
            lines = caller.makefile("r", encoding="utf-8", newline="\n")
            out = caller.makefile("w", encoding="utf-8", newline="\n")
            offers = self.offers[lines.readline().strip()]
            plugins.serve(lines, out, _version(offers[0].function), offers)


def _version(function: Callable[..., Any]) -> str:
    """Of a function: the digest of its text, where that can be had."""
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        return ""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
