"""Sizes beside the code: behind each line that computes, and behind each call that constructs a layer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from cnnlint.analyses.shapes import ShapeTable
from cnnlint.diagnostic import Span
from cnnlint.graph import Trace
from cnnlint.placing import own_layer

MOST_SHAPES = 3
"""Shapes that are shown of a line that runs several times."""

HOLDERS = frozenset({"ModuleList", "ModuleDict"})
"""Layers without a forward of their own."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Output shapes, each once, to be shown behind a character of a row: the one before `column`, or the last
    one of the row where that is None."""

    row: int
    column: int | None
    outputs: tuple[str, ...]


def label(outputs: tuple[str, ...]) -> str:
    """`→ [B, 64, 7, 7]`"""
    more = ", …" if len(outputs) > MOST_SHAPES else ""
    return f"→ {', '.join(outputs[:MOST_SHAPES])}{more}"


def hints(trace: Trace, table: ShapeTable, filename: str) -> Iterator[Hint]:
    """The hints for a pass in one file, at rows of the traced text."""
    yield from _of_lines(trace, table, filename)
    yield from _of_constructors(trace, table, filename)


@dataclass(slots=True)
class _Run:
    """A line while it runs: the row of the table that was last, and what its calls have called so far."""

    last: int
    called: dict[Span, str | None]


def _of_lines(trace: Trace, table: ShapeTable, filename: str) -> Iterator[Hint]:
    """What a line comes to is what its last operator gives, also where that is deep inside the call. A line
    has run again where others ran between, or where the same call goes to another layer."""
    classes = _Classes(trace)
    runs: dict[int, _Run] = {}
    outputs: dict[int, list[str]] = {}
    for at, row in enumerate(table.rows):
        if row.operation is None:
            continue
        for call in trace.run.operations[row.operation].calls:
            if call.filename != filename:
                continue
            called = classes.called(call, row.layer)
            run = runs.get(call.end_row)
            if run is not None and run.last >= at - 1 and run.called.get(call, called) == called:
                outputs[call.end_row][-1] = row.output
            else:
                run = runs[call.end_row] = _Run(at, {})
                outputs.setdefault(call.end_row, []).append(row.output)
            run.last = at
            run.called[call] = called
    for number, shapes in outputs.items():
        yield Hint(number, None, tuple(dict.fromkeys(shapes)))


class _Classes:
    """The classes of the traced file, whose methods hold the calls."""

    def __init__(self, trace: Trace):
        self._layers = {layer.path: layer for layer in trace.model.layers}
        tree = trace.source.tree if trace.source else ast.Module([], [])
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        self._rows = [(node.lineno, node.end_lineno or node.lineno, node.name) for node in nodes]

    def called(self, call: Span, layer: str | None) -> str | None:
        """Which part of the model a call goes to, on the way to an operator's layer: the part directly below
        the layer whose method holds the call. None where that is not known."""
        own = [name for first, last, name in self._rows if first <= call.row <= last]
        parts = layer.split(".") if layer else []
        paths = [".".join(parts[:length]) for length in range(len(parts) + 1)]
        known = [path for path in paths if path in self._layers]
        for at in reversed(range(len(known))):
            if own and self._layers[known[at]].class_name == own[-1]:
                below = (path for path in known[at + 1 :] if self._layers[path].type not in HOLDERS)
                return next(below, known[at])
        return None


def _of_constructors(trace: Trace, table: ShapeTable, filename: str) -> Iterator[Hint]:
    """A layer gives what its operator gives each time; a block what its last operator gives."""
    outputs: dict[str, list[str]] = {}
    for row in table.rows:
        if row.operation is None or row.layer is None:
            continue
        layer = own_layer(trace, trace.run.operations[row.operation])
        if layer is not None:
            outputs.setdefault(layer.path, []).append(row.output)
        parts = row.layer.split(".")
        for length in range(1, len(parts) + (layer is None)):
            outputs[".".join(parts[:length])] = [row.output]
    found: dict[tuple[int, int], list[str]] = {}
    for layer in trace.model.layers:
        if layer.path in outputs and layer.type not in HOLDERS and layer.sites:
            span = layer.sites[0].span
            if span.filename == filename:
                found.setdefault((span.end_row, span.end_column), []).extend(outputs[layer.path])
    for (number, column), shapes in found.items():
        yield Hint(number, column, tuple(dict.fromkeys(shapes)))
