"""What a notebook shows of a result: tables in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tabulate import tabulate

from cnnlint.analyses.shapes import shape_table
from cnnlint.report.html import visible
from cnnlint.report.shapes import HEADERS, shape_cells, traced_models
from cnnlint.report.style import Style
from cnnlint.report.summary import last_line
from cnnlint.report.text import input_line, location, one_line
from cnnlint.result import Result, TracedFile


def findings_table(result: Result) -> str:
    """A row for each finding, and the last line of the report."""
    rows = [
        (item.severity.value, f"{item.code} {item.name}", location(item.span), *map(one_line, texts))
        for item in result.shown()
        for texts in [(f"{item.message}" + (f": {item.label}" if item.label else ""), item.help or "")]
    ]
    table = _table(("Severity", "Rule", "Place", "Finding", "Help"), rows) if rows else ""
    return f"{table}<p>{_text(last_line(result, Style()))}</p>"


def shapes_table(files: Sequence[TracedFile]) -> str:
    """The table of sizes of each model, below it its totals."""
    parts = []
    for file in files:
        for model in traced_models(file):
            table = shape_table(model)
            parts.append(f"<p><b>{_text(model.construction)}</b> {_text(input_line(model))}</p>")
            parts.append(_table(HEADERS, [shape_cells(row, file) for row in table.rows]))
            parts.append(f"<p>{table.parameters:,} parameters, {table.macs:,} MACs per sample</p>")
        parts += [
            f"<p>{_text(location(file.source.place(problem.span)))}: {_text(one_line(problem.message))}</p>"
            for problem in file.trace.problems
        ]
    return "".join(parts) or "<p>No model.</p>"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    shown = [[visible(cell) for cell in row] for row in rows]
    return str(tabulate(shown, headers, tablefmt="html", disable_numparse=True))


def _text(text: str) -> str:
    return escape(visible(text))
