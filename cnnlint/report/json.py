"""`--output-format json`: a list of records, one a finding."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cnnlint.config import Settings
from cnnlint.diagnostic import Diagnostic, Edit, Fix, Related, Span
from cnnlint.report.style import Style
from cnnlint.report.text import other_layers
from cnnlint.result import Result


def render(result: Result, settings: Settings, style: Style) -> Iterator[str]:
    """The report in one piece, valid JSON for no finding too."""
    yield json.dumps([record(item) for item in result.findings()], indent=2)


def record(finding: Diagnostic) -> dict[str, Any]:
    """A finding as the fields that other tools read. Rows and columns count from 1, columns in
    characters; in a notebook rows count within the cell."""
    related = list(finding.related)
    if others := other_layers(finding):
        related.append(Related(f"the same in {others}", finding.span))
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": str(finding.severity),
        "message": finding.message,
        "filename": finding.span.filename,
        **_range(finding.span),
        "cell": finding.span.cell,
        "model": finding.model,
        "layer": finding.layers[0] if finding.layers else None,
        "shapes": {"input": list(finding.input_shapes), "output": list(finding.output_shapes)},
        "related": [
            {"message": item.message, "filename": item.span.filename, **_range(item.span), **_cell(item.span)}
            for item in related
        ],
        "help": finding.help,
        "fix": _fix(finding.fix) if finding.fix else None,
        "url": None,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "applicability": str(fix.applicability),
        "message": fix.message,
        "edits": [_edit(edit) for edit in fix.edits],
    }


def _edit(edit: Edit) -> dict[str, Any]:
    return {"content": edit.content, **_range(edit.span), **_cell(edit.span)}


def _range(span: Span) -> dict[str, Any]:
    return {
        "location": {"row": span.row, "column": span.column},
        "end_location": {"row": span.end_row, "column": span.end_column},
    }


def _cell(span: Span) -> dict[str, Any]:
    """The cell where a record could not be placed without it: in notebooks."""
    return {} if span.cell is None else {"cell": span.cell}
