"""Plans, records and errors are those of the command line."""

import pickle

import pytest
from conftest import PLAN, has

import fairtrial


def test_plan_from_file_text_and_mapping(plan_file, rows):
    by_file = fairtrial.run(plan_file)
    by_text = fairtrial.Plan(PLAN).run()
    mapping = {
        "name": "credit",
        "task": "binary",
        "data": {"source": "rows.csv", "columns": {"id": "id", "label": {"column": "label", "positive": 1}}},
        "models": {
            "candidate": {"score": "new", "threshold": 0.5},
            "baseline": {"score": "old", "threshold": 0.5},
        },
        "slices": ["region"],
        "metrics": ["roc_auc", "recall"],
        "gates": [
            {"name": "ranks no worse", "metric": "roc_auc", "no_worse_than": "baseline", "margin": 0.01},
            {"name": "finds enough", "metric": "recall", "at_least": 0.7, "slices": "all"},
        ],
    }
    by_mapping = fairtrial.Plan(mapping).run()
    assert by_file.digest == by_text.digest == by_mapping.digest
    assert by_file.verdict == "go"
    assert [p.name for p in plan_file.parent.iterdir() if "out" in p.name] == []


def test_parts_of_a_result(plan_file, tmp_path):
    r = fairtrial.run(plan_file, output=tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {
        "report.html",
        "report.md",
        "junit.xml",
        "estimates.csv",
        "record.json",
    }
    gates = r.table("gates", "rows")
    assert [(g["name"], g["verdict"]) for g in gates] == [
        ("ranks no worse", "pass"),
        ("finds enough", "pass"),
    ]
    assert {c["slice"] for c in r.table("cells", "rows") if c["gate"] == "finds enough"} >= {
        "region=AT",
        "region=DE",
    }
    assert r.table("comparisons", "rows")[0]["method"] == "paired DeLong"
    assert str(r).startswith("Go: all 2 blocking gates pass.")
    assert repr(r) == "<fairtrial.Result go: Go: all 2 blocking gates pass.>"
    assert r.report_html == (tmp_path / "out" / "report.html").read_text()
    assert r.render("junit").startswith("<?xml")
    assert (
        r.save(tmp_path / "again", ["csv"]).joinpath("estimates.csv").read_text()
        == (tmp_path / "out" / "estimates.csv").read_text()
    )
    page = r._repr_html_()
    assert page.startswith("<iframe")
    assert "sandbox" in page
    assert "<script" not in page.replace("&lt;", "<")
    assert r._repr_mimebundle_(include=["text/plain"]).keys() == {"text/plain"}
    with pytest.raises(ValueError, match="estimates"):
        r.table("estimate")


def test_frames_hold_what_rows_hold(plan_file):
    r = fairtrial.run(plan_file, set={"gates[1].at_least": 0.99})
    for library in ("pandas", "polars"):
        if not has(library):
            with pytest.raises(ImportError):
                r.table("gates", library)
            continue
        for name in ("estimates", "comparisons", "gates", "cells"):
            rows, frame = r.table(name, "rows"), r.table(name, library)
            assert list(frame.columns) == list(rows[0])
            assert len(frame) == len(rows)
            key = "verdict" if name != "estimates" else "slice"
            assert list(frame[key]) == [x[key] for x in rows]
    if not (has("pandas") or has("polars")):
        assert isinstance(r.estimates, list)


def test_verdicts_are_results(plan_file):
    bad = fairtrial.run(plan_file, set={"gates[1].at_least": 0.99})
    assert bad.verdict == "no-go"
    with pytest.raises(fairtrial.NoGoError, match="recall") as e:
        bad.raise_for_verdict()
    assert (e.value.status, e.value.result) == (1, bad)
    at = next(
        x["value"]
        for x in bad.table("estimates", "rows")
        if x["metric"] == "recall" and x["model"] == "candidate"
    )
    plan_file.write_text(PLAN.replace(", slices: all", ""))
    open_ = fairtrial.run(plan_file, set={"gates[1].at_least": round(at, 3)})
    assert open_.verdict == "inconclusive"
    with pytest.raises(fairtrial.InconclusiveError):
        open_.raise_for_verdict()
    assert open_.raise_for_verdict(inconclusive=False) is open_
    plan_file.write_text(PLAN)
    assert fairtrial.run(plan_file).raise_for_verdict().verdict == "go"


def test_undefined_blocks_as_a_result(tmp_path):
    """A gate that has no value is the verdict "error", not an exception."""
    r = fairtrial.evaluate(
        [1] * 50, [0.5] * 50, task="binary", positive=1, gates=[{"metric": "roc_auc", "at_least": 0.5}]
    )
    assert r.verdict not in ("go", "no-go")
    with pytest.raises(fairtrial.VerdictError):
        r.raise_for_verdict()
    assert r.table("estimates", "rows")[0]["value"] is None


def test_a_failed_run_leaves_the_earlier_record(plan_file, tmp_path):
    first = fairtrial.run(plan_file, output=tmp_path / "out")
    plan_file.write_text(PLAN.replace("recall]", "recal]"))
    with pytest.raises(fairtrial.PlanError):
        fairtrial.run(plan_file, output=tmp_path / "out")
    assert fairtrial.load(tmp_path / "out").run_id == first.run_id


def test_errors_have_positions(plan_file):
    plan_file.write_text(PLAN.replace("recall]", "recal]").replace("at_least", "at_leats"))
    for do in (fairtrial.run, fairtrial.check, fairtrial.rehearse):
        with pytest.raises(fairtrial.PlanError) as e:
            do(plan_file)
        assert (e.value.status, e.value.line, e.value.column) == (2, 10, 20)
        assert e.value.file == str(plan_file)
        assert e.value.message == 'unknown metric "recal"'
        assert e.value.hint == 'did you mean "recall"?'
        assert len(e.value.problems) >= 2
        assert "metrics: [roc_auc, recal]\n" in str(e.value)
    with pytest.raises(fairtrial.PlanError, match=r"plan:2:7: .*\n    task: binry"):
        fairtrial.check(PLAN.replace("task: binary", "task: binry"))
    with pytest.raises(fairtrial.PlanError, match="no plan at"):
        fairtrial.check("nowhere.yaml")


def test_errors_of_data_and_engines(plan_file, tmp_path, monkeypatch):
    rows = (tmp_path / "rows.csv").read_text().splitlines()
    (tmp_path / "rows.csv").write_text(
        "\n".join([*rows[:3], rows[3].replace(rows[3].split(",")[2], "oops"), *rows[4:]])
    )
    with pytest.raises(fairtrial.DataError) as e:
        fairtrial.run(plan_file)
    assert "row 3" in e.value.problems[0].where
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(fairtrial.FairtrialError):
        fairtrial.run(plan_file, workspace=blocked / "workspace")
    monkeypatch.setenv("FAIRTRIAL_BINARY", str(tmp_path / "nothing"))
    with pytest.raises(fairtrial.ProgramNotFoundError, match="no such file"):
        fairtrial.run(plan_file)


def test_empty_data(plan_file, tmp_path):
    (tmp_path / "rows.csv").write_text("id,label,new,old,region\n")
    with pytest.raises(fairtrial.PlanError):
        fairtrial.run(plan_file)
    with pytest.raises(fairtrial.EmptyError):
        fairtrial.run(plan_file, skip_empty=True)


def test_check_rehearse_what_if(plan_file):
    c = fairtrial.check(plan_file)
    assert c.rows == 1500
    assert [(g["name"], g["line"]) for g in c.gates] == [("ranks no worse", 12), ("finds enough", 13)]
    assert fairtrial.rehearse(plan_file, draws=50)["scenarios"]
    w = fairtrial.Plan(plan_file).what_if({"gates[0].margin": 0.2})
    assert w.record["run"]["what_if"]
    assert "Exploration" in str(w) or "xplor" in str(w)


def test_load_and_compare(plan_file, tmp_path):
    first = fairtrial.run(plan_file, output=tmp_path / "first")
    other = fairtrial.run(plan_file, set={"models.candidate.score": "old"})
    for name in (tmp_path / "first", tmp_path / "first" / "record.json", first.run_id):
        assert fairtrial.load(name).digest == first.digest
    c = fairtrial.compare(first, other)
    assert c.paired
    assert c.matched == 1500
    auc = next(x for x in c.raw["comparisons"] if x["metric"] == "roc_auc")
    assert auc["difference"] > 0
    assert "paired" in str(c)
    assert fairtrial.compare(first.run_id, other.run_id).raw == c.raw
    with pytest.raises(fairtrial.PlanError, match="no run or record"):
        fairtrial.load("nosuch")


def test_warnings_are_pythons(plan_file):
    plan_file.write_text(PLAN.replace("metrics: [roc_auc, recall]", "metrics: [roc_auc, recall, pr_auc]"))
    r = fairtrial.run(plan_file)
    assert "average_precision" in {
        m["metric"] if "metric" in m else m["name"] for m in r.record["plan"]["metrics"]
    }


def test_errors_can_be_sent_between_processes():
    e = fairtrial.PlanError([fairtrial.Problem("m", file="f", line=1, column=2)])
    assert pickle.loads(pickle.dumps(e)).line == 1
