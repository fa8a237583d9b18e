"""What Dagster starts: runs fairtrial and reports its record through Pipes.

Only dagster-pipes is needed here, which has no dependencies.
"""

import json
import os
import subprocess
from pathlib import Path

from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as pipes:
    output = Path(pipes.get_extra("output"))
    command = [os.environ.get("FAIRTRIAL_BIN", "fairtrial"), "run", pipes.get_extra("plan"), "-o", str(output), "--skip-empty", *pipes.get_extra("arguments")]
    status = subprocess.run(command, check=False).returncode
    pipes.report_custom_message({"exit_status": status})
    if status in (0, 1, 3):
        record = json.loads((output / "record.json").read_text(encoding="utf-8"))
        gates = {f"gate {g['name']}": g["verdict"] for g in record["gates"]}
        verdict = record["verdict"]
        pipes.report_asset_materialization(
            metadata={"verdict": verdict["decision"], "sentence": verdict["sentence"], "record": record["digest"], "report": {"type": "path", "raw_value": str((output / "report.html").resolve())}},
            data_version=record["result_digest"],
        )
        pipes.report_asset_check(check_name="gates", passed=status == 0, severity="WARN" if status == 3 else "ERROR", metadata={"sentence": verdict["sentence"], **gates})
