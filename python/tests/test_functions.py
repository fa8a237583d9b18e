"""Functions of this process as scorers and models."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import fairtrial

ROOT = Path(__file__).resolve().parents[2]


def evaluate(rows, **more):
    return fairtrial.evaluate(rows.label, rows.new, fields={"region": rows.region}, threshold=0.5, **more)


def estimate(result, metric, model="candidate"):
    return next(
        e
        for e in result.record["estimates"]
        if (e["metric"], e["model"], e["slice"]) == (metric, model, "overall")
    )


def test_a_scorer_that_raises_leaves_its_row_ungraded(rows):
    weight = {"AT": 1, "CH": 2, "DE": 3, "01": 4}  # a closure: nothing is pickled

    @fairtrial.scorer(fields=["region"])
    def cost(row):
        if row.row == 17:
            raise ValueError("row 17 is odd")
        return weight[row["region"]]

    with pytest.warns(fairtrial.FairtrialWarning, match="1 of 1500 rows ungraded"):
        result = evaluate(rows, scorers=[{"type": cost, "direction": "down", "range": [0, 9]}])
    found = estimate(result, "cost")
    graded = [weight[g] for i, g in enumerate(rows.region) if i != 16]
    assert found["value"] == pytest.approx(sum(graded) / len(graded))
    assert (found["n"], found["missing"]) == (1499, 1)
    run = result.record["run"]["plugins"][0]
    assert run["version"].startswith("sha256:")
    assert run["failures"][0]["row"] == "row 17"
    assert "ValueError: row 17 is odd" in run["failures"][0]["traceback"]
    assert "test_functions.py" in run["failures"][0]["traceback"]


def test_a_model_answers_as_its_scores_would(rows):
    @fairtrial.model(fields=["old"], batched=True)
    def old(batch):
        return [row["old"] for row in batch]

    gates = [{"metric": "roc_auc", "no_worse_than": "baseline", "margin": 0.01}]
    by_name = fairtrial.evaluate(
        rows.label, rows.new, baseline=old, fields={"old": rows.old}, gates=gates, threshold=0.5, seed=1
    )
    by_value = fairtrial.evaluate(rows.label, rows.new, baseline=rows.old, gates=gates, threshold=0.5, seed=1)
    assert by_name.record["comparisons"] == by_value.record["comparisons"]
    assert by_name.verdict == "go"


def test_functions_are_called_in_the_callers_thread(rows):
    threads = set()

    @fairtrial.scorer
    def where(row):
        threads.add(threading.current_thread())
        return 1

    evaluate(rows, scorers=[where])
    assert threads == {threading.current_thread()}


def test_a_cell_that_is_run_again_declares_its_function_again(rows):
    for value in (0, 1):

        @fairtrial.scorer
        def same(row, value=value):
            return value

        assert estimate(evaluate(rows, scorers=[same]), "same")["value"] == value


def test_the_plan_is_the_same_on_every_machine(rows, tmp_path, monkeypatch):
    @fairtrial.scorer
    def one(row):
        return 1

    first = evaluate(rows, scorers=[one])
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir("/")
    second = evaluate(rows, scorers=[one])
    assert first.record["plan_digest"] == second.record["plan_digest"]
    assert first.digest == second.digest


@pytest.mark.parametrize("plan", ["", "plugins: {other: 'false'}\n", "plugins: {polite: 'false'}\n"])
def test_a_plan_takes_functions_for_its_plugins(plan_file, plan):
    @fairtrial.scorer
    def polite(row):
        return 0.5

    plan_file.write_text(plan_file.read_text() + plan + "scorers: [polite]\n")
    assert fairtrial.check(plan_file, plugins=[polite]).rows == 1500
    result = fairtrial.run(plan_file, plugins=[polite])
    assert estimate(result, "polite")["value"] == 0.5


def test_what_cannot_be_a_function(rows):
    @fairtrial.model(name="m")
    def m(row):
        return 1

    @fairtrial.scorer(fields=["nowhere"])
    def lost(row):
        return 1

    with pytest.raises(fairtrial.PlanError, match="cannot be the name"):
        evaluate(rows, scorers=[lambda row: 1])
    with pytest.raises(TypeError, match="m is no scorer"):
        evaluate(rows, scorers=[m])
    with pytest.raises(TypeError, match="a function is expected"):
        evaluate(rows, scorers=[3])
    with pytest.raises(fairtrial.PlanError, match="nowhere"):
        evaluate(rows, scorers=[lost])


def test_ctrl_c_ends_the_program_too(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(
        textwrap.dedent("""\
        import signal, time, fairtrial
        # what runs in the background may start with it ignored
        signal.signal(signal.SIGINT, signal.default_int_handler)
        @fairtrial.scorer
        def slow(row):
            print("asked", flush=True)
            time.sleep(60)
        fairtrial.evaluate([0, 1] * 50, [0.2, 0.7] * 50, scorers=[slow])
        """)
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "asked\n"
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        process.kill()
        pytest.skip("no /proc")
    began, pids = time.monotonic(), [int(p) for p in children.read_text().split()]
    os.kill(process.pid, signal.SIGINT)  # this process alone, as a notebook may
    _, said = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in said
    assert time.monotonic() - began < 15
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
