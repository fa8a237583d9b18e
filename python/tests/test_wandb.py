"""Weights & Biases for real, in its offline mode: nothing leaves the machine."""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess

import pytest

wandb = pytest.importorskip("wandb")

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "src" / "fairtrial" / "wandb.py"


def module():
    spec = importlib.util.spec_from_file_location("fairtrial_wandb", SOURCE)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture
def output(tmp_path):
    """A real run of the real program."""
    program = (
        os.environ.get("FAIRTRIAL_BIN")
        or shutil.which("fairtrial")
        or str(SOURCE.parents[3] / "bin" / "fairtrial")
    )
    if not os.access(program, os.X_OK):
        pytest.skip("no fairtrial program: make build, or set FAIRTRIAL_BIN")
    rows = ["id,y,a,b,region"] + [
        f"{i},{i * 7 % 3 % 2},{i * 7 % 3 % 2 * 0.3 + i % 11 / 16},{i % 13 / 13},{'DE' if i % 2 else 'FR'}"
        for i in range(600)
    ]
    (tmp_path / "rows.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "plan.yaml").write_text(
        """name: tracked
task: binary
data: {source: rows.csv, columns: {id: id, label: {column: y, positive: 1}}}
models: {candidate: {score: a, threshold: 0.5}, baseline: {score: b, threshold: 0.5}}
slices: [region]
metrics: [roc_auc, recall]
gates: [{metric: roc_auc, at_least: 0.5}]
"""
    )
    subprocess.run([program, "run", "plan.yaml", "-q"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    return tmp_path / "fairtrial-out"


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))


def messages(data):
    """The records of a run's file: a LevelDB log of 32 KiB blocks after a header of 7 bytes."""
    position, parts = 7, []
    while position + 7 <= len(data):
        if 32768 - position % 32768 < 7:
            position += 32768 - position % 32768
            continue
        length, kind = int.from_bytes(data[position + 4 : position + 6], "little"), data[position + 6]
        parts.append(data[position + 7 : position + 7 + length])
        position += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield b"".join(parts)
            parts = []


def summary(folder):
    from wandb.proto import wandb_internal_pb2

    out = {}
    for path in folder.glob("wandb/offline-run-*/run-*.wandb"):
        for message in messages(path.read_bytes()):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(message)
            for item in record.summary.update:
                out["/".join([item.key, *item.nested_key]).strip("/")] = json.loads(item.value_json)
    return out


def test_log_record(output, tmp_path):
    record = json.loads((output / "record.json").read_text())
    run = module().log_record(output, project="credit")
    stored = summary(tmp_path)
    assert stored["fairtrial/record"] == record["digest"]
    auc = next(
        e
        for e in record["estimates"]
        if (e["metric"], e["model"], e["slice"]) == ("roc_auc", "candidate", "overall")
    )
    for suffix, field in (("", "value"), ("_lower", "lower"), ("_upper", "upper")):
        assert stored["roc_auc" + suffix] == auc[field]
    assert stored["fairtrial/verdict"] == record["verdict"]["decision"] == "go"
    assert stored["region=DE/recall"] is not None
    assert stored["difference/roc_auc"] is not None
    assert run.config["data"]["digest"] == record["data"]["digest"]
    assert module().log_record(output, project="credit").id == run.id  # the same record finds its run


def test_an_open_run_stays_open(output):
    with wandb.init(project="credit", config={"lr": 0.1}) as run:
        module().log_record(output / "record.json", run=run, max_slices=1)
        run.log({"later": 1})
        assert run.config["lr"] == 0.1
        assert run.config["fairtrial"]["plan"] == "tracked"
        assert run.summary["fairtrial/slices_left_out"] == 2
        assert "region=DE/recall" not in dict(run.summary)


def test_no_record(tmp_path):
    with pytest.raises(FileNotFoundError, match="no record there"):
        module().log_record(tmp_path)
    (tmp_path / "record.json").write_text("{}")
    with pytest.raises(ValueError, match="no record of fairtrial"):
        module().log_record(tmp_path)


def test_without_the_library(monkeypatch, output):
    monkeypatch.setitem(__import__("sys").modules, "wandb", None)
    with pytest.raises(ImportError, match="pip install wandb"):
        module().log_record(output)
