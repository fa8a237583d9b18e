"""Arrays of every kind give the verdict that the command line gives."""

import importlib
import json
import subprocess

import pytest
from conftest import PLAN, has, write_rows

import fairtrial
from fairtrial import _program

GATES = [
    {"name": "ranks no worse", "metric": "roc_auc", "no_worse_than": "baseline", "margin": 0.01},
    {"name": "finds enough", "metric": "recall", "at_least": 0.7, "slices": "all"},
]


def call(r, of=list, **more):
    return fairtrial.evaluate(
        of(r.label),
        of(r.new),
        baseline=of(r.old),
        slices={"region": of(r.region)},
        ids=of(r.id),
        threshold=0.5,
        metrics=["roc_auc", "recall"],
        gates=GATES,
        **more,
    )


def numbers(result):
    keep = ("metric", "model", "slice", "value", "lower", "upper", "n")
    return [tuple(e[k] for k in keep) for e in result.table("estimates", "rows")]


def close(a, b):
    """Equal names, and numbers to the digits that the order of a sum may change."""
    assert len(a) == len(b) > 0
    for x, y in zip(a, b, strict=True):
        assert x[:3] == y[:3]
        for u, v in zip(x[3:], y[3:], strict=True):
            assert (u is None) == (v is None)
            assert u is None or u == pytest.approx(v, rel=1e-12)


def test_same_as_command_line(rows, tmp_path):
    result = call(rows)
    write_rows(tmp_path / "rows.csv", rows)
    (tmp_path / "plan.yaml").write_text(PLAN)
    done = subprocess.run([_program.find(), "run", "plan.yaml", "--json"], capture_output=True, check=True)
    theirs = fairtrial.Result(done.stdout)
    assert result.verdict == theirs.verdict == "go"
    close(numbers(result), numbers(theirs))
    assert {s for _, _, s, *_ in numbers(result)} >= {"overall", "region=DE", "region=01"}


KINDS = {
    "numpy": lambda: importlib.import_module("numpy").array,
    "pandas": lambda: importlib.import_module("pandas").Series,
    "polars": lambda: lambda x: importlib.import_module("polars").Series("x", x),
    "pyarrow": lambda: importlib.import_module("pyarrow").array,
}


@pytest.mark.parametrize("library", KINDS)
def test_every_kind_of_column(rows, library):
    if not has(library):
        pytest.skip(f"no {library}")
    close(numbers(call(rows, KINDS[library]())), numbers(call(rows)))


@pytest.mark.parametrize("writer", ["pyarrow", "polars", "csv"])
@pytest.mark.parametrize("library", ["list", *KINDS])
def test_every_way_into_a_file(rows, library, writer, monkeypatch):
    """What is not there is hidden, so that each writer meets each kind of column."""
    if (library != "list" and not has(library)) or (writer != "csv" and not has(writer)):
        pytest.skip("not installed")
    of = list if library == "list" else KINDS[library]()
    find = importlib.util.find_spec
    hidden = {"pyarrow": [], "polars": ["pyarrow"], "csv": ["pyarrow", "polars"]}[writer]
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name in hidden else find(name, *a)
    )
    close(numbers(call(rows, of)), numbers(call(rows)))


def test_categories_travel_as_codes(rows, tmp_path, monkeypatch):
    if not (has("pandas") and has("pyarrow")):
        pytest.skip("needs pandas and pyarrow")
    import pandas as pd
    import pyarrow as pa

    from fairtrial import _columns

    c = pd.Series(rows.region, dtype="category")
    assert pa.types.is_dictionary(_columns._arrow(pa, "region", c).type)
    result = fairtrial.evaluate(
        pd.Series(rows.label), pd.Series(rows.new), slices=pd.DataFrame({"region": c}), metrics=["roc_auc"]
    )
    assert {e["slice"] for e in result.table("estimates", "rows")} == {
        "overall",
        "region=01",
        "region=AT",
        "region=CH",
        "region=DE",
    }
    assert type(result.estimates).__module__.startswith("pandas")


def test_polars_in_polars_out(rows):
    if not has("polars"):
        pytest.skip("needs polars")
    import polars as pl

    df = pl.DataFrame(
        {"y": rows.label, "s": rows.new, "region": pl.Series(rows.region, dtype=pl.Categorical)}
    )
    result = fairtrial.evaluate(df["y"], df["s"], slices=df.select("region"), metrics=["roc_auc"])
    assert isinstance(result.estimates, pl.DataFrame)
    assert result.estimates.height == 5
    assert result.estimates["value"].null_count() == 0


def test_missing_is_not_dropped(rows):
    """A missing slice is a slice, a missing score is an error unless the plan says otherwise."""
    region = [None if i % 10 == 0 else g for i, g in enumerate(rows.region)]
    result = fairtrial.evaluate(rows.label, rows.new, slices={"region": region}, metrics=["roc_auc"])
    assert "region=∅" in {e["slice"] for e in result.table("estimates", "rows")}
    holes = [float("nan") if i == 3 else s for i, s in enumerate(rows.new)]
    with pytest.warns(fairtrial.FairtrialWarning, match="verdict is error"):
        refused = fairtrial.evaluate(rows.label, holes)
    assert refused.verdict == "error"
    assert "1 of 1500 rows have no usable prediction" in refused.sentence
    allowed = fairtrial.evaluate(
        rows.label, holes, plan={"data": {"missing": "exclude", "max_missing": {"predictions": "1%"}}}
    )
    assert allowed.record["data"]["rows"] == len(rows.label)
    if has("numpy"):
        import numpy as np

        with pytest.warns(fairtrial.FairtrialWarning):
            same = fairtrial.evaluate(np.array(rows.label), np.array(holes))
        assert same.sentence == refused.sentence
        close(numbers(same), numbers(refused))


def test_other_tasks(rows):
    quantity = [2.0 * s + 1 for s in rows.new]
    r = fairtrial.evaluate(
        quantity,
        [q + 0.1 + 0.01 * (i % 5) for i, q in enumerate(quantity)],
        gates=[{"metric": "mean_absolute_error", "at_most": 0.2}],
    )
    assert (r.record["plan"]["task"], r.verdict) == ("regression", "go")
    thirds = ["abc"[i % 3] for i in range(900)]
    probabilities = [[0.8 if c == y else 0.1 for c in "abc"] for y in thirds]
    r = fairtrial.evaluate(thirds, probabilities, metrics=["accuracy"])
    assert (r.record["plan"]["task"], r.table("estimates", "rows")[0]["value"]) == ("multiclass", 1.0)
    r = fairtrial.evaluate(thirds, thirds, baseline=["a"] * 900, metrics=["accuracy"])
    assert r.table("comparisons", "rows")[0]["difference"] == pytest.approx(2 / 3)
    yes = ["yes" if y else "no" for y in rows.label]
    with pytest.raises(fairtrial.PlanError, match="counts as positive"):
        fairtrial.evaluate(yes, rows.new)
    r = fairtrial.evaluate(yes, rows.new, positive="yes", metrics=["roc_auc"])
    assert r.table("estimates", "rows")[0]["value"] > 0.9
    for same in ([float(y) for y in rows.label], [str(y) for y in rows.label], [None, *rows.label[1:]]):
        assert (
            fairtrial.evaluate(same, rows.new, metrics=["roc_auc"]).table("estimates", "rows")[0]["value"]
            > 0.9
        )
    with pytest.raises(fairtrial.PlanError, match="two columns"):
        fairtrial.evaluate(rows.label, [[1 - s, s] for s in rows.new])
    assert fairtrial.evaluate([bool(y) for y in rows.label], rows.new).record["plan"]["task"] == "binary"


def test_wrong_arguments(rows):
    with pytest.raises(fairtrial.DataError, match=r"y_score has 3 rows, y_true has 1500"):
        fairtrial.evaluate(rows.label, rows.new[:3])
    with pytest.raises(fairtrial.PlanError, match="proba"):
        fairtrial.evaluate(rows.label, [[1 - s, s] for s in rows.new], task="binary")
    with pytest.raises(fairtrial.PlanError, match="named columns"):
        fairtrial.evaluate(rows.label, rows.new, slices=rows.region)
    with pytest.raises(fairtrial.DataError, match="no rows"):
        fairtrial.evaluate([], [], task="binary", positive=1)
    with pytest.raises(fairtrial.PlanError) as e:
        fairtrial.evaluate(
            rows.label, rows.new, metrics=["recal"], gates=[{"metric": "roc_auc", "at_leats": 1}]
        )
    assert [p.path for p in e.value.problems] == ["metrics[0]", "gates[0]"]
    assert 'did you mean "recall"?' in str(e.value)
    assert "(stdin)" not in str(e.value)
    with pytest.raises(fairtrial.DataError) as e:
        fairtrial.evaluate(rows.label, ["x", *rows.new[1:]], task="binary")
    assert "y_score" in str(e.value)
    assert e.value.hint


def test_indexes_that_disagree(rows):
    if not has("pandas"):
        pytest.skip("needs pandas")
    import pandas as pd

    y = pd.Series(rows.label)
    with pytest.raises(fairtrial.DataError, match="reset_index"):
        fairtrial.evaluate(y, pd.Series(rows.new, index=y.index[::-1]))


def test_nothing_is_left_behind(rows, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    call(rows)
    with pytest.raises(fairtrial.PlanError):
        call(rows, seed="x")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [p.name for p in tmp_path.iterdir() if p.name not in ("tmp", "workspace")] == []


def test_same_input_same_bits(rows, tmp_path):
    a, b = call(rows), call(rows, output=tmp_path / "kept", workers=1)
    assert a.digest == b.digest
    kept = json.loads((tmp_path / "kept" / "record.json").read_text())
    assert kept["result_digest"] == a.digest


def test_clusters_and_weights(rows):
    n = len(rows.label)
    r = call(rows, cluster=[i // 3 for i in range(n)], weight=[1 + i % 2 for i in range(n)])
    assert r.record["plan"]["data"]["columns"] | {} == {
        "id": "id",
        "label": {"column": "y_true", "positive": "1"},
        "cluster": "cluster",
        "weight": "weight",
    }


def test_names_do_not_collide(rows):
    r = fairtrial.evaluate(rows.label, rows.new, slices={"y_true": rows.region}, metrics=["roc_auc"])
    assert "y_true=DE" in {e["slice"] for e in r.table("estimates", "rows")}


def test_labels_that_could_be_quantities_are_asked_about(rows):
    ones_and_twos = [y + 1 for y in rows.label]
    with pytest.raises(fairtrial.PlanError, match="y_true holds only 1 and 2"):
        fairtrial.evaluate(ones_and_twos, rows.new)
    asked = fairtrial.evaluate(ones_and_twos, rows.new, positive=2)
    assert asked.record["plan"]["task"] == "binary"
    assert value(asked, "roc_auc") == value(fairtrial.evaluate(rows.label, rows.new), "roc_auc")


def value(result, metric):
    return next(e["value"] for e in result.record["estimates"] if e["metric"] == metric)


def test_arguments_of_another_task_are_refused(rows):
    with pytest.raises(fairtrial.PlanError, match="threshold is of binary tasks, this is regression"):
        fairtrial.evaluate(rows.new, rows.old, threshold=0.5)


def test_iterators_are_read_once(rows):
    one = fairtrial.evaluate(iter(rows.label), iter(rows.new), baseline=iter(rows.old))
    assert one.digest == fairtrial.evaluate(rows.label, rows.new, baseline=rows.old).digest


def test_names_that_differ_by_capitals(rows):
    result = fairtrial.evaluate(rows.label, rows.new, ids=rows.id, slices={"ID": rows.region})
    assert "ID=AT" in {e["slice"] for e in result.record["estimates"]}
    with pytest.raises(fairtrial.PlanError, match="there is also 'Region'"):
        fairtrial.evaluate(rows.label, rows.new, slices={"Region": rows.region, "region": rows.region})


@pytest.mark.skipif(not has("pandas"), reason="needs pandas")
def test_what_pandas_counts_is_shown_as_text(rows):
    import pandas as pd

    frame = pd.DataFrame(
        {
            "band": pd.cut(pd.Series(rows.old), [0, 0.5, 1]),
            "month": pd.PeriodIndex(["2024-01" if y else "2024-02" for y in rows.label], freq="M"),
            "wait": pd.to_timedelta([y + 1 for y in rows.label], unit="D"),
        }
    )
    result = fairtrial.evaluate(rows.label, rows.new, slices=frame)
    names = {e["slice"] for e in result.record["estimates"]} - {"overall"}
    assert names == {"band=(0.0, 0.5]", "band=(0.5, 1.0]", "month=2024-01", "month=2024-02", "wait=1 days", "wait=2 days"}  # fmt: skip
    twice = pd.concat([frame[["month"]], frame[["month"]]], axis=1)
    with pytest.raises(fairtrial.PlanError, match="two columns are called 'month'"):
        fairtrial.evaluate(rows.label, rows.new, slices=twice)


@pytest.mark.skipif(not has("numpy"), reason="needs numpy")
def test_numbers_of_other_machines_and_sizes(rows):
    import numpy as np

    swapped = fairtrial.evaluate(np.array(rows.label, ">i4"), np.array(rows.new, ">f8"))
    assert value(swapped, "roc_auc") == value(fairtrial.evaluate(rows.label, rows.new), "roc_auc")
    with pytest.raises(fairtrial.PlanError, match="this has the shape"):
        fairtrial.evaluate(rows.label, np.zeros((1500, 2, 2)))


@pytest.mark.skipif(not has("pyarrow"), reason="CSV holds any of them")
def test_what_no_file_can_hold(rows):
    with pytest.raises(fairtrial.DataError, match=r"more than 64 bits go as text"):
        fairtrial.evaluate(rows.label, rows.new, ids=[2**70 + i for i in range(1500)])
    with pytest.raises(fairtrial.DataError, match=r"column word: cannot be written"):
        fairtrial.evaluate(rows.label, rows.new, slices={"word": ["\ud800"] * 1500})
