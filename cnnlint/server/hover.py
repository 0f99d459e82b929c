"""What is shown for the place under the pointer: an operator with its formula worked out, or a model."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

from cnnlint.analyses.shapes import Row
from cnnlint.diagnostic import Span
from cnnlint.placing import own_layer
from cnnlint.plugin import Rule
from cnnlint.report.text import along_axes, input_line, one_line
from cnnlint.server.shown import Shown

MOST_ROWS = 4
"""Operators that are shown in full where one place stands for several."""


def hover(shown: Shown, row: int, column: int) -> tuple[Span, str] | None:
    """What is at a place of the traced text, as Markdown; None where nothing was computed. Of calls inside
    one another the innermost counts."""
    here = Span(shown.source.filename, row, column, row, column)
    if shown.model.span.contains(here):
        return shown.model.span, "\n".join(_of_model(shown))
    spans = [span for span in _places(shown) if span.contains(here)]
    if not spans:
        return None
    closest = min(spans, key=_extent)
    own, inside = _places(shown)[closest]
    return closest, "\n\n".join(_of_rows(shown, own) if own else [_of_block(inside)])


def rule_text(rule: Rule) -> str:
    """What a rule says of itself, without its examples."""
    return f"**{rule.name} ({rule.code})**\n\n{inspect.cleandoc(type(rule).__doc__ or '')}"


def _extent(span: Span) -> tuple[int, int]:
    rows = span.end_row - span.row
    return rows, span.end_column - span.column if rows == 0 else 0


def _places(shown: Shown) -> dict[Span, tuple[list[Row], list[Row]]]:
    """For each call, of an operator or of the constructor of a layer, the operators that it is itself, and
    those that run inside it."""
    sites = {layer.path: layer.sites[0].span for layer in shown.model.layers if layer.sites}
    found: dict[Span, tuple[list[Row], list[Row]]] = {}
    for row in shown.table.rows:
        if row.operation is None:
            continue
        step = shown.trace.run.operations[row.operation]
        layer = own_layer(shown.trace, step)
        for depth, call in enumerate(step.calls):
            found.setdefault(call, ([], []))[depth > 0].append(row)
        path = row.layer or ""
        while path:
            if path in sites:
                itself = layer is not None and path == layer.path
                found.setdefault(sites[path], ([], []))[not itself].append(row)
            path = path.rpartition(".")[0]
    return found


def _of_rows(shown: Shown, rows: Sequence[Row]) -> Iterator[str]:
    texts = list(dict.fromkeys("\n".join(_of_row(shown, row)) for row in rows))
    yield from texts[:MOST_ROWS]
    if len(texts) > MOST_ROWS:
        yield f"and {len(texts) - MOST_ROWS} more"


def _of_row(shown: Shown, row: Row) -> Iterator[str]:
    name = f"**{row.layer}** " if row.layer else ""
    yield f"{name}`{row.operator}`"
    yield ""
    if row.fault:
        yield f"- **{one_line(row.fault)}**"
    if row.formula:
        yield f"- size: `{row.formula}`"
    yield f"- output: `{_came_from(shown, row)}{row.output}`"
    yield from _costs(row.parameters, row.macs)
    if row.receptive_field:
        yield f"- receptive field: {along_axes(row.receptive_field)}"


def _came_from(shown: Shown, row: Row) -> str:
    assert row.operation is not None
    source = shown.trace.main_input(shown.trace.run.operations[row.operation])
    return f"{shown.trace.show(source.id)} → " if source is not None else ""


def _of_block(rows: Sequence[Row]) -> str:
    lines = [
        f"{len(rows)} operators",
        "",
        f"- output of the last: `{rows[-1].output}`",
        *_costs(sum(row.parameters for row in rows), sum(row.macs for row in rows)),
    ]
    return "\n".join(lines)


def _of_model(shown: Shown) -> Iterator[str]:
    yield f"`{shown.model.construction}`"
    yield ""
    if given := input_line(shown.model):
        yield f"- input: {given}"
    yield f"- parameters: {shown.table.parameters:,} ({shown.table.trainable:,} trainable)"
    yield f"- MACs per sample: {shown.table.macs:,}"
    for note in shown.model.notes:
        yield f"- {one_line(note)}"


def _costs(parameters: int, macs: int) -> Iterator[str]:
    if parameters:
        yield f"- parameters: {parameters:,}"
    if macs:
        yield f"- MACs per sample: {macs:,}"
