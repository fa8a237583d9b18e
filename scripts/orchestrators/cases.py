"""One way to each exit status of the real program."""

import os
import pathlib
import subprocess
import tempfile

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="fairtrial-orchestrators-"))
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "orchestrators"
ARGUMENTS = {
    0: [],
    1: ["--set", "gates[0].at_least=0.99"],
    2: ["--set", "task=binray"],
    3: ["--set", "gates[0].at_least=0.96"],
    4: ["--publish", "http://127.0.0.1:1"],
    99: ["--set", "data.where=id<0"],
}


def prepare():
    rows = ["id,y,a"] + [f"{i},{i % 2},{(i % 2) * 0.4 + i * 7 % 10 / 16:.4f}" for i in range(400)]
    (FOLDER / "rows.csv").write_text("\n".join(rows) + "\n")
    plan = FOLDER / "plan.yaml"
    plan.write_text(
        "name: p\ntask: binary\ndata: {source: rows.csv, columns: {id: id, label: {column: y, positive: 1}}}\n"
        "models: {candidate: {score: a, threshold: 0.5}}\nmetrics: [roc_auc]\ngates: [{metric: roc_auc, at_least: 0.6}]\n"
    )
    os.environ["FAIRTRIAL_RETRY_SECONDS"] = "0.1"
    os.environ["FAIRTRIAL_PLAN"] = str(plan)
    for status, arguments in ARGUMENTS.items():  # the program itself says so
        command = [os.environ["FAIRTRIAL_BIN"], "run", str(plan), "-o", str(FOLDER / "direct"), "--skip-empty", "-q", *arguments]
        got = subprocess.run(command, check=False, capture_output=True, text=True)
        assert got.returncode == status, (status, got.returncode, got.stdout, got.stderr)
    return str(plan)


def output(status):
    out = FOLDER / f"out-{status}"
    os.environ["FAIRTRIAL_OUTPUT"] = str(out)
    os.environ["FAIRTRIAL_ARGS"] = " ".join(ARGUMENTS[status])
    return out


def stored(status):
    """Record and report are there before anything fails."""
    out = FOLDER / f"out-{status}"
    assert (out / "record.json").is_file() == (status in (0, 1, 3, 4)), status
