"""The plug-in runner, spoken to over streams and as a real process."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from typing import Any

import pytest

from fairtrial import plugins


def converse(
    batches: list[list[dict[str, Any]]], offer: str = "s", kind: str = "scorer"
) -> list[dict[str, Any]]:
    """Serve the declared functions and return everything that was said."""
    lines = [json.dumps({"start": {"offer": offer, "kind": kind, "task": "binary", "models": {}}})]
    n = 0
    for batch in batches:
        lines.append(json.dumps({"batch": len(batch)}))
        for fields in batch:
            n += 1
            lines.append(
                json.dumps(
                    {
                        "n": n,
                        "row": n,
                        "id": f"r{n}",
                        "model": "candidate",
                        "output": 0.5,
                        "label": 1,
                        "fields": fields,
                    }
                )
            )
    out = io.StringIO()
    plugins.serve(io.StringIO("".join(line + "\n" for line in lines)), out, version="3")
    return [json.loads(line) for line in out.getvalue().splitlines()]


class Declared(unittest.TestCase):
    def setUp(self) -> None:
        plugins._offers.clear()


class TestHello(Declared):
    def test_offers(self) -> None:
        @plugins.scorer
        def plain(row: plugins.Row) -> float:
            return 1.0

        @plugins.model(name="m", fields=["a", "b"], batched=True)
        def answers(rows: list[plugins.Row]) -> list[float]:
            return [0.5 for _ in rows]

        out = io.StringIO()
        plugins.serve(io.StringIO(""), out)
        assert json.loads(out.getvalue()) == {
            "fairtrial": 1,
            "version": "",
            "offers": [
                {"name": "plain", "kind": "scorer", "fields": ["*"]},
                {"name": "m", "kind": "model", "fields": ["a", "b"]},
            ],
        }

    def test_nothing_declared(self) -> None:
        with pytest.raises(SystemExit, match="nothing to offer"):
            plugins.serve(io.StringIO(""), io.StringIO())

    def test_a_name_twice(self) -> None:
        plugins.scorer(name="s")(lambda row: 1)
        plugins.model(name="s")(lambda row: 2)  # another kind
        plugins.serve(io.StringIO(""), io.StringIO())
        plugins.scorer(name="s")(lambda row: 2)
        with pytest.raises(SystemExit, match="two scorers are called 's'"):
            plugins.serve(io.StringIO(""), io.StringIO())

    def test_fields_as_a_text(self) -> None:
        with pytest.raises(TypeError, match="a list of columns"):
            plugins.scorer(fields="text")  # type: ignore[call-overload]


class TestAnswers(Declared):
    def test_row(self) -> None:
        seen: list[plugins.Row] = []

        @plugins.scorer(name="s", fields=["x"])
        def f(row: plugins.Row) -> bool:
            seen.append(row)
            return bool(row["x"] > 1)

        said = converse([[{"x": 1}, {"x": 2}], [{"x": 3}]])
        assert said[1:] == [{"n": 1, "value": False}, {"n": 2, "value": True}, {"n": 3, "value": True}]
        assert (seen[1].id, seen[1].row, seen[1].model, seen[1].output, seen[1].label, dict(seen[1])) == (
            "r2",
            2,
            "candidate",
            0.5,
            1,
            {"x": 2},
        )

    def test_what_raises_is_ungraded(self) -> None:
        @plugins.scorer(name="s")
        def f(row: plugins.Row) -> float:
            if row.row == 2:
                raise ValueError("no\ntext")
            if row.row == 3:
                raise plugins.Ungraded("too short")
            return row["x"] / 2

        said = converse([[{"x": 1}, {}, {}, {}]])
        assert said[1] == {"n": 1, "value": 0.5}
        assert said[2]["ungraded"] == "ValueError: no text"
        assert "ValueError: no" in said[2]["traceback"]
        assert 'File "test_plugins.py"' in said[2]["traceback"]
        assert 'plugins.py", line' not in said[2]["traceback"].replace("test_plugins.py", "")
        assert said[3] == {"n": 3, "ungraded": "too short"}
        assert "the column 'x' was not asked for (fields: none)" in said[4]["ungraded"]

    def test_what_is_no_number_is_ungraded(self) -> None:
        values: list[Any] = [None, float("nan"), float("inf"), [1], "text", 7]

        @plugins.scorer(name="s")
        def f(row: plugins.Row) -> Any:
            return values[row.row - 1]

        said = converse([[{}] * 6])[1:]
        assert [s.get("ungraded") for s in said] == [
            "it returned None",
            "it returned nan",
            "it returned inf",
            "it returned a list, not a number",
            None,
            None,
        ]
        assert [said[4]["value"], said[5]["value"]] == [
            "text",
            7,
        ]  # a class, of a model; fairtrial refuses it of a scorer

    def test_numbers_of_other_libraries(self) -> None:
        class Scalar:
            def item(self) -> float:
                return 0.25

        class Broken:
            def item(self) -> float:
                raise RuntimeError("more than one element")

        plugins.scorer(name="s")(lambda row: Scalar() if row.row == 1 else Broken())
        said = converse([[{}, {}]])
        assert said[1] == {"n": 1, "value": 0.25}
        assert said[2]["ungraded"] == "RuntimeError: more than one element"

    def test_batched(self) -> None:
        sizes: list[int] = []

        @plugins.scorer(name="s", batched=True)
        def f(rows: list[plugins.Row]) -> list[float]:
            sizes.append(len(rows))
            return [1 / row["x"] for row in rows]

        said = converse([[{"x": 1}, {"x": 2}], [{"x": 4}, {"x": 0}, {"x": 5}]])
        assert [s.get("value") for s in said[1:]] == [1, 0.5, 0.25, None, 0.2]
        assert said[4]["ungraded"] == "ZeroDivisionError: division by zero"
        assert sizes == [2, 3, 1, 1, 1]  # a batch that raises is tried row by row

    def test_batched_of_the_wrong_length(self) -> None:
        plugins.scorer(name="s", batched=True)(lambda rows: [1.0])
        said = converse([[{}, {}]])
        assert [s.get("value") for s in said[1:]] == [1.0, 1.0]
        plugins._offers.clear()
        plugins.scorer(name="s", batched=True)(lambda rows: [])
        assert (
            converse([[{}]])[1]["ungraded"]
            == "ValueError: 0 values for 1 rows: a batched function returns one for each"
        )

    def test_long_traceback_is_cut(self) -> None:
        def f(row: plugins.Row) -> float:
            raise ValueError("x" * 100_000)

        plugins.scorer(name="s")(f)
        assert len(converse([[{}]])[1]["traceback"]) <= 4000


class TestProcess(unittest.TestCase):
    """A file of functions as fairtrial starts it."""

    def run_file(self, source: str, arguments: list[str], text: str) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "scorers.py").write_text(textwrap.dedent(source), encoding="utf-8")
            environment = {**os.environ, "PYTHONPATH": str(Path(plugins.__file__).resolve().parent.parent)}
            return subprocess.run(
                [sys.executable, *arguments],
                check=False,
                input=text,
                capture_output=True,
                text=True,
                cwd=folder,
                env=environment,
                timeout=60,
            )

    TEXT = '{"start": {"offer": "s", "kind": "scorer"}}\n{"batch": 1}\n{"n": 1, "row": 1, "model": "candidate", "fields": {"t": "über"}}\n'

    def test_both_ways_of_starting(self) -> None:
        source = """
            import os
            import sys
            from fairtrial.plugins import main, scorer

            @scorer(name="s", fields=["t"])
            def f(row):
                print("a stray print")
                os.system("echo a child prints")
                return len(row["t"])

            if __name__ == "__main__":
                main(version="1.2")
        """
        for arguments in (["scorers.py"], ["-m", "fairtrial.plugins", "scorers.py"]):
            with self.subTest(arguments):
                done = self.run_file(source, arguments, self.TEXT)
                assert done.returncode == 0, done.stderr
                said = [json.loads(line) for line in done.stdout.splitlines()]
                assert said[0]["offers"] == [{"name": "s", "kind": "scorer", "fields": ["t"]}]
                assert said[1:] == [{"n": 1, "value": 4}]
                assert "a stray print" in done.stderr
                assert "a child prints" in done.stderr

    def test_usage(self) -> None:
        done = self.run_file("", ["-m", "fairtrial.plugins"], "")
        assert done.returncode != 0
        assert "usage: python3 -m fairtrial.plugins FILE.py" in done.stderr

    def test_nothing_to_offer(self) -> None:
        done = self.run_file("x = 1", ["-m", "fairtrial.plugins", "scorers.py"], "")
        assert done.returncode != 0
        assert "nothing to offer" in done.stderr


if __name__ == "__main__":
    unittest.main()
