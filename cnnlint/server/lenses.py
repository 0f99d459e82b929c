"""Parameters and costs above each model."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from cnnlint.report.text import count, show_input
from cnnlint.server.document import Cell, Document
from cnnlint.server.shown import Shown


def lenses(document: Document, cell: Cell) -> Iterator[types.CodeLens]:
    """One for each model that is defined in a cell. They can only be read: their command is none."""
    for shown in document.models:
        place = document.range_of(shown, shown.model.span)
        if place is not None and place[0] is cell:
            yield types.CodeLens(place[1], types.Command(_title(shown), ""))


def _title(shown: Shown) -> str:
    """`Net(): 35,114 parameters, 4,290,048 MACs per sample of 1×28×28`"""
    table = shown.table
    inputs = ", ".join(show_input(item) for item in shown.model.inputs)
    parameters = f"{table.parameters:,} parameter{'s' * (table.parameters != 1)}"
    macs = f"{count(table.macs, 'MAC') if table.macs < 2 else f'{table.macs:,} MACs'} per sample of {inputs}"
    return f"{shown.model.construction}: {parameters}, {macs}"
