"""What a run answers."""

from __future__ import annotations

import html
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fairtrial import _program, _tables, errors


class Result:
    """One record: verdict, gates, estimates, comparisons. In a notebook it shows the
    one-page report; ``print(result)`` is what the command line prints."""

    def __init__(
        self,
        record: bytes,
        *,
        workspace: str | None = None,
        library: str | None = None,
        report: str | None = None,
    ) -> None:
        self._raw = record
        self.record: dict[str, Any] = json.loads(record)
        """The whole record (``fairtrial schema record`` describes it)."""
        self.workspace = workspace
        self._library = library
        self._rendered: dict[str, str] = {} if report is None else {"html": report}

    @property
    def verdict(self) -> str:
        """go, no-go, inconclusive, error or not_judged (a plan without gates)."""
        return str(self.record["verdict"]["decision"])

    @property
    def sentence(self) -> str:
        return str(self.record["verdict"]["sentence"])

    @property
    def reasons(self) -> list[str]:
        return list(self.record["verdict"].get("reasons") or [])

    @property
    def run_id(self) -> str:
        return str(self.record["run"]["id"])

    @property
    def digest(self) -> str:
        """Of the results: the same data, plan and seed give the same."""
        return str(self.record["result_digest"])

    @property
    def gates(self) -> Any:
        """One row a gate."""
        return self.table("gates")

    @property
    def cells(self) -> Any:
        """One row for each slice (or pair of slices) of each gate."""
        return self.table("cells")

    @property
    def estimates(self) -> Any:
        """One row for each metric, model and slice, with its interval."""
        return self.table("estimates")

    @property
    def comparisons(self) -> Any:
        """One row for each metric and slice: candidate minus baseline."""
        return self.table("comparisons")

    def table(self, name: str, library: str | None = None) -> Any:
        """estimates, comparisons, gates or cells, as ``library`` (pandas, polars or rows); by
        default the library of the data, or one that is there."""
        if name not in _tables.TABLES:
            raise ValueError(f"one of {', '.join(_tables.TABLES)} is expected, not {name!r}")
        return _tables.table(name, _tables.rows(name, self.record), library or self._library)

    def raise_for_verdict(self, *, inconclusive: bool = True) -> Result:
        """Raises NoGoError, and InconclusiveError unless ``inconclusive`` is False."""
        if self.verdict in ("go", "not_judged") or (self.verdict == "inconclusive" and not inconclusive):
            return self
        kinds = {"no-go": errors.NoGoError, "inconclusive": errors.InconclusiveError}
        raise kinds.get(self.verdict, errors.VerdictError)("\n".join([self.sentence, *self.reasons]), self)

    def render(self, format: str = "html") -> str:
        """The report as html, markdown, junit, csv, summary (one page of HTML) or text."""
        if format not in self._rendered:
            with tempfile.TemporaryDirectory(prefix="fairtrial-") as folder:
                self._rendered[format] = _program.call(["report", *self._file(folder), *_as(format)]).stdout
        return self._rendered[format]

    def save(
        self,
        folder: str | os.PathLike[str],
        formats: Sequence[str] = ("html", "markdown", "junit", "csv", "json"),
    ) -> Path:
        """Writes the files that ``fairtrial run -o`` writes (also pdf and png, with Chromium)."""
        with tempfile.TemporaryDirectory(prefix="fairtrial-") as tmp:
            to = str(Path(folder).absolute())
            _program.call(["report", *self._file(tmp), "--format", ",".join(formats), "-o", to])
        return Path(folder)

    @property
    def report_html(self) -> str:
        """The whole report, a page of its own."""
        return self.render("html")

    def report(self, height: int = 900) -> Any:
        """The whole report inline in a notebook."""
        return _Shown(_frame(self.report_html, height, grow=False), self.sentence)

    def _file(self, folder: str) -> list[str]:
        at = Path(folder) / "record.json"
        at.write_bytes(self._raw)
        return [str(at)]

    def _repr_html_(self) -> str:
        return _frame(self.render("summary"), self._height())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        kinds = {"text/html": self._repr_html_, "text/plain": self.__str__}
        return {
            k: f() for k, f in kinds.items() if (not include or k in include) and k not in (exclude or ())
        }

    def _height(self) -> int:
        """About what the page needs, for viewers that do not let it grow."""
        n = min(len(self.record["gates"]), 8)
        metrics = min(len(self.record.get("metrics") or []), 6)
        charts = 560 if self.record.get("curves") else 260 if len(self.record.get("slices") or []) > 1 else 0
        return 380 + 50 * n + 36 * metrics + charts

    def __str__(self) -> str:
        return self.render("text").rstrip("\n")

    def __repr__(self) -> str:
        return f"<fairtrial.Result {self.verdict}: {self.sentence}>"


def _as(format: str) -> list[str]:
    return [] if format == "text" else ["--format", format]


class _Shown:
    def __init__(self, page: str, text: str) -> None:
        self._page, self._text = page, text

    def _repr_html_(self) -> str:
        return self._page

    def __repr__(self) -> str:
        return self._text


# Where the notebook allows it, the frame grows to its page, and is dark in a dark notebook
# if the reader's system is too; else it has a height of its own, and is light.
_FIT = (
    "try{const d=this.contentDocument,b=document.body;"
    "if(b.dataset.jpThemeLight==='false'||b.classList.contains('vscode-dark'))"
    "d.documentElement.removeAttribute('data-theme');"
    "this.style.height=Math.ceil(d.body.getBoundingClientRect().height)+4+'px'}catch(e){}"
)


def _frame(page: str, height: int, grow: bool = True) -> str:
    """A page in a frame of its own, so that neither its style nor the notebook's leaks. It is
    carried inline; the one that grows runs no script."""
    page = page.replace("<html ", '<html data-theme="light" ', 1)
    sandbox, load = "allow-scripts", ""  # never with allow-same-origin: that is no sandbox
    if grow:
        page = page.replace("</head>", "<style>body{margin:0;padding:8px 2px}</style></head>", 1)
        sandbox, load = "allow-same-origin", f' onload="{_FIT}"'
    return (
        f'<iframe title="fairtrial report" sandbox="{sandbox}" srcdoc="{html.escape(page)}"{load} '
        f'style="width:100%;height:{height}px;border:0;resize:vertical;overflow:auto"></iframe>'
    )
