"""The magics, in a shell and in the example notebook, executed and exported."""

import json
import re
from html import unescape

import pytest
from conftest import PLAN, ROOT, has

import fairtrial

EXAMPLE = ROOT / "examples" / "notebook" / "evaluate.ipynb"


class Shell:
    """What the magics need of a shell."""

    def __init__(self):
        self.user_ns, self.magics = {}, {}

    def register_magic_function(self, f, magic_kind, magic_name):
        assert magic_kind == "line_cell"
        self.magics[magic_name] = f


@pytest.fixture
def shell():
    s = Shell()
    fairtrial.load_ipython_extension(s)
    return s


def test_cell_magic(shell, plan_file):
    magic = shell.magics["fairtrial"]
    r = magic("-o kept", PLAN)
    assert shell.user_ns["kept"] is r
    assert r.verdict == "go"
    assert magic("--set gates[1].at_least=0.99 -o strict --quiet", PLAN) is None
    assert shell.user_ns["strict"].verdict == "no-go"
    assert magic("plan.yaml").digest == r.digest
    assert magic("--what-if gates[0].margin=0.2", PLAN).record["run"]["what_if"]


def test_lines_count_from_the_cell_s_first(shell, plan_file):
    with pytest.raises(fairtrial.PlanError) as e:
        shell.magics["fairtrial"]("", PLAN.replace("recall]", "recal]"))
    assert (e.value.file, e.value.line, e.value.column) == ("cell", 11, 20)
    assert e.value._render_traceback_() == ["PlanError: " + str(e.value)]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("-o", "needs a value"),
        ("-o 1x", "variable's name"),
        ("--whatif x", "unknown option"),
        ("a.yaml", "the cell is the plan"),
    ],
)
def test_wrong_options(shell, line, says):
    with pytest.raises(fairtrial.PlanError, match=says):
        shell.magics["fairtrial"](line, PLAN)


def test_example_is_committed_without_outputs():
    for cell in json.loads(EXAMPLE.read_text())["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_example_executes_and_exports():
    if not (has("nbclient") and has("nbconvert") and has("pandas")):
        pytest.skip("needs nbclient, nbconvert and pandas")
    import nbformat
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter

    nb = nbformat.read(EXAMPLE, as_version=4)
    NotebookClient(nb, timeout=120, resources={"metadata": {"path": str(EXAMPLE.parent)}}).execute()
    shown = [o.data for c in nb.cells if c.cell_type == "code" for o in c.outputs if "data" in o]
    pages = [d["text/html"] for d in shown if d.get("text/html", "").startswith("<iframe")]
    assert len(pages) == 2
    for d in shown:
        assert d["text/plain"]
    assert any(d["text/plain"].startswith("No-go: ") for d in shown)
    html, _ = HTMLExporter().from_notebook_node(nb)
    inline = [unescape(x) for x in re.findall(r'srcdoc="([^"]*)"', html)]
    assert len(inline) == len(pages)
    for inside in inline:
        assert "No-go" in inside
        assert "<svg" in inside
        assert "<script" not in inside
        assert not re.search(r'(?:src|href)="(?!#|data:)', inside), "nothing may be fetched"
