"""Puts the Go program into the wheel, as a script, and names the platform it runs on.

FAIRTRIAL_BINARY is the program, FAIRTRIAL_PLATFORM the wheel's platform tag (such as
manylinux_2_28_x86_64; `make wheel` asks auditwheel). Without a program the wheel would be
of no use, so that is an error; an editable install takes the program from PATH instead.
"""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FairtrialHook(BuildHookInterface):  # type: ignore[type-arg]
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        program = os.environ.get("FAIRTRIAL_BINARY", "")
        if not program or not Path(program).is_file():
            raise RuntimeError(
                "the wheel carries the Go program: build it first and set FAIRTRIAL_BINARY to its path, "
                "or use `make wheel` in the root of the project"
            )
        platform = os.environ.get("FAIRTRIAL_PLATFORM") or sysconfig.get_platform().replace("-", "_").replace(
            ".", "_"
        )
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["shared_scripts"][program] = "fairtrial.exe" if program.endswith(".exe") else "fairtrial"
