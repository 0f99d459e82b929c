"""`cnnlint shapes`: the tables of the models, and below each the faults that its rows mark."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tabulate import tabulate

from cnnlint.analyses.shapes import Row, ShapeTable, shape_table
from cnnlint.diagnostic import Span
from cnnlint.report.text import (
    along_axes,
    count,
    input_line,
    input_records,
    location,
    mebibytes,
    milliseconds,
    one_line,
)
from cnnlint.result import TracedFile
from cnnlint.traces import Cost, Model

FORMATS = ("table", "markdown", "json", "html")

HEADERS = ("", "Layer", "Line", "Operator", "Formula", "Output", "Parameters", "MACs", "Receptive field")
ALIGNMENT = ("left", "left", "right", "left", "left", "left", "right", "right", "right")
MEASURED_HEADERS = ("Time", "Peak memory")

FAULT = "!"


def render(name: str, files: Sequence[TracedFile]) -> Iterator[str]:
    """The lines of the report in one of the FORMATS."""
    if name == "html":
        from cnnlint.report.html import render_shapes

        yield from render_shapes(files)
        return
    if name == "json":
        yield json.dumps([_record(file, model) for file in files for model in traced_models(file)], indent=2)
        return
    tables = [(file, model) for file in files for model in traced_models(file)]
    for file, model in tables:
        yield from _model(name, file, model)
        yield ""
    for file in files:
        for problem in file.trace.problems:
            yield f"{location(file.source.place(problem.span))}: {one_line(problem.message)}"
    if not tables and not any(file.trace.problems for file in files):
        yield f"No model in {count(len(files), 'file')}."


def traced_models(file: TracedFile) -> Iterator[Model]:
    """The models that have a table."""
    return (model for model in file.trace.models if model.passes)


def _model(name: str, file: TracedFile, model: Model) -> Iterator[str]:
    table = shape_table(model)
    title = f"{location(file.source.place(model.span))}: {model.construction}"
    yield f"## {title}" if name == "markdown" else title
    yield ""
    headers, alignment = [*HEADERS], [*ALIGNMENT]
    rows = [shape_cells(row, file) for row in table.rows]
    if table.measured:
        headers += MEASURED_HEADERS
        alignment += ["right"] * len(MEASURED_HEADERS)
        rows = [[*cells, *_costs(row)] for cells, row in zip(rows, table.rows, strict=True)]
    rows = [[cell.replace("|", "\\|") for cell in row] for row in rows] if name == "markdown" else rows
    style = "github" if name == "markdown" else "simple"
    yield from tabulate(rows, headers, tablefmt=style, colalign=alignment, disable_numparse=True).splitlines()
    yield ""
    bullet = "- " if name == "markdown" else ""
    for line in dict.fromkeys([*_faults(table, file), *_totals(model, table)]):
        yield f"{bullet}{line}"


def _faults(table: ShapeTable, file: TracedFile) -> Iterator[str]:
    for row in table.rows:
        if row.fault:
            where = f"{location(file.source.place(row.place))}: " if row.place else ""
            yield f"{FAULT} {where}{one_line(row.fault)}"


def _totals(model: Model, table: ShapeTable) -> Iterator[str]:
    if given := input_line(model):
        yield f"Input: {given}"
    trainable = "all" if table.trainable == table.parameters else f"{table.trainable:,}"
    yield f"Parameters: {table.parameters:,} ({trainable} trainable)"
    known = ", as far as the sizes are known" if any(row.fault for row in table.rows) else ""
    yield f"MACs: {table.macs:,} per sample{known}"
    if table.measured:
        most = f", at most {mebibytes(table.peak_bytes)} beside weights and input" if table.peak_bytes else ""
        yield f"Measured for a batch of {table.batch}: {milliseconds(table.seconds)} in all{most}"
    for note in model.notes:
        yield f"Note: {one_line(note)}"
    if not all(run.complete for run in model.passes):
        yield "The forward pass could not be followed to its end."


def shape_cells(row: Row, file: TracedFile) -> list[str]:
    """A row as texts, one for each of the HEADERS."""
    return [
        FAULT if row.fault else "",
        row.layer or "",
        _line(row.place, file),
        row.operator,
        row.formula,
        row.output,
        f"{row.parameters:,}" if row.parameters else "",
        f"{row.macs:,}" if row.macs else "",
        along_axes(row.receptive_field),
    ]


def _costs(row: Row) -> list[str]:
    cost = row.cost or Cost()
    return [
        "" if cost.seconds is None else milliseconds(cost.seconds),
        "" if cost.peak_bytes is None else mebibytes(cost.peak_bytes),
    ]


def _line(place: Span | None, file: TracedFile) -> str:
    """`15`; in a notebook `cell 3:15`, in another file `blocks.py:15`."""
    if place is None:
        return ""
    if place.filename != file.source.filename:
        return f"{place.filename}:{place.row}"
    shown = file.source.place(place)
    return str(shown.row) if shown.cell is None else f"cell {shown.cell}:{shown.row}"


def _record(file: TracedFile, model: Model) -> dict[str, Any]:
    table = shape_table(model)
    return {
        "filename": file.source.filename,
        "model": model.name,
        "construction": model.construction,
        "input": input_records(model),
        "rows": [_row_record(row, file) for row in table.rows],
        "parameters": table.parameters,
        "trainable": table.trainable,
        "macs": table.macs,
        **({"batch": table.batch, "seconds": table.seconds} if table.measured else {}),
        "complete": all(run.complete for run in model.passes),
        "notes": list(model.notes),
        "engine": model.engine,
        "needed": model.needed,
    }


def _row_record(row: Row, file: TracedFile) -> dict[str, Any]:
    place = file.source.place(row.place) if row.place else None
    return {
        "layer": row.layer,
        "filename": place.filename if place else None,
        "cell": place.cell if place else None,
        "line": place.row if place else None,
        "operator": row.operator,
        "formula": row.formula,
        "output": row.output,
        "parameters": row.parameters,
        "macs": row.macs,
        "receptive_field": list(row.receptive_field),
        **({"seconds": row.cost.seconds, "peak_bytes": row.cost.peak_bytes} if row.cost else {}),
        "fault": row.fault,
    }
