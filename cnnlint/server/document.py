"""An open file, or an open notebook with its cells, and what is known of it."""

from __future__ import annotations

import io
import json
import os
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsprotocol import types
from pygls import uris
from pygls.workspace import PositionCodec

from cnnlint.config.patterns import relative
from cnnlint.diagnostic import Diagnostic, Span
from cnnlint.job import Reads
from cnnlint.result import FileResult
from cnnlint.server.checking import Checked
from cnnlint.server.hints import Hint
from cnnlint.server.positions import Positions, lines_of
from cnnlint.server.shown import Moved, Shown
from cnnlint.source.file import SourceFile
from cnnlint.source.notebook import join_cells
from cnnlint.source.reading import read


@dataclass(frozen=True)
class Cell:
    """The text of a file, or of one cell of a notebook. Only code is linted."""

    uri: str
    text: str
    version: int | None = None
    code: bool = True


class Document:
    """An open document.

    Attributes:
        uri: of the file or the notebook.
        name: its path as messages show it: from the folder that the server runs in, if it is below that.
        notebook: whether `cells` are those of a notebook; else there is one.
        data: what the file would hold if it were saved now.
        result: what the last check of just this text found; None until there is one.
        reads: the files that the last check rests on.
        models: each model as it was last traced, which may be of an earlier text.
    """

    def __init__(self, uri: str, cells: Sequence[Cell], codec: PositionCodec, notebook: bool = False):
        self.uri = uri
        self.name = _shown_path(uri, ".ipynb" if notebook else ".py")
        self.notebook = notebook
        self.codec = codec
        self.result: FileResult | None = None
        self.reads = Reads()
        self.models: tuple[Shown, ...] = ()
        self._moved: dict[int, Moved] = {}
        self.write(cells)

    def write(self, cells: Sequence[Cell]) -> None:
        """Takes another text. What is known of the models stays."""
        self.cells = tuple(cells)
        self.data = _notebook(cells) if self.notebook else _bytes(cells[0].text)
        text, rows = join_cells(self.data.decode()) if self.notebook else (cells[0].text, ())
        self.source = SourceFile(self.name, text, rows)
        self.result = None
        self._moved.clear()
        self._positions = {cell.uri: Positions(lines_of(cell.text), self.codec) for cell in cells}

    def accept(self, checked: Checked) -> None:
        """Takes what a check of the present text found. Models that could not be traced this time stay as
        they were."""
        self.result = checked.result
        self.reads = checked.reads
        traced = {shown.model.name for shown in checked.models}
        problems = checked.result.trace.problems
        broken = {problem.model for problem in problems} if not checked.result.coverage.whole else set()
        kept = [
            shown
            for shown in self.models
            if shown.model.name not in traced and (None in broken or shown.model.name in broken)
        ]
        self.models = (*checked.models, *kept)
        self._moved.clear()

    def leave(self) -> None:
        """Forgets what was found, because the file is not to be linted."""
        self.result, self.reads, self.models = None, Reads(), ()

    # -- what is known, at places of the present text

    def hints(self, cell: Cell) -> Iterator[tuple[types.Position, tuple[str, ...]]]:
        """Shapes to be shown in a cell, those for one place together."""
        found: dict[Span, list[str]] = {}
        for shown in self.models:
            for hint in shown.hints:
                if (span := self._hint_place(shown, hint)) is not None:
                    found.setdefault(span, []).extend(hint.outputs)
        for span, outputs in found.items():
            if self.cell(span) is cell:
                position = self.positions(cell).position(span.row, span.column)
                yield position, tuple(dict.fromkeys(outputs))

    def _hint_place(self, shown: Shown, hint: Hint) -> Span | None:
        moved = self._since(shown)
        row = moved.row(hint.row)
        if row is None:
            return None
        column = moved.column(hint.row, hint.column)
        return self.source.place(Span(self.name, row, column, row, column))

    def place_in(self, shown: Shown, cell: Cell, position: types.Position) -> tuple[int, int] | None:
        """The row and column of the text of which a model was traced; None where it has changed there."""
        row, column = self.positions(cell).place(position)
        if self.notebook:
            number = self.cells.index(cell) + 1
            if (number, row) not in self.source.cells:
                return None
            row = self.source.cells.index((number, row)) + 1
        before = self._since(shown).before(row)
        return None if before is None else (before, column)

    def range_of(self, shown: Shown, span: Span) -> tuple[Cell, types.Range] | None:
        """Where a span of the text of which a model was traced is now; None where it has changed."""
        if span.filename != self.name:
            return None
        moved = self._since(shown)
        row, end_row = moved.row(span.row), moved.row(span.end_row)
        if row is None or end_row is None:
            return None
        now = Span(
            self.name,
            row,
            moved.column(span.row, span.column),
            end_row,
            moved.column(span.end_row, span.end_column),
        )
        return self.range(self.source.place(now))

    def _since(self, shown: Shown) -> Moved:
        key = id(shown)
        if key not in self._moved:
            self._moved[key] = Moved(shown.source, self.source)
        return self._moved[key]

    # -- places as findings show them

    def findings(self) -> tuple[Diagnostic, ...]:
        """What the last check of the present text found."""
        return self.result.findings if self.result else ()

    def cell(self, span: Span) -> Cell | None:
        """The cell that a span is in, if it is in this document."""
        if span.filename != self.name:
            return None
        number = span.cell or 1
        return self.cells[number - 1] if number <= len(self.cells) else None

    def range(self, span: Span) -> tuple[Cell, types.Range] | None:
        """The cell and the range of a span, if it is in this document."""
        cell = self.cell(span)
        return (cell, self.positions(cell).range(span)) if cell else None

    def location(self, span: Span) -> types.Location:
        """Where a span is, also in another file."""
        if found := self.range(span):
            return types.Location(found[0].uri, found[1])
        place = Positions(read(span.filename).file.lines, self.codec).range(span)
        return types.Location(uris.from_fs_path(os.path.abspath(span.filename)) or self.uri, place)

    def positions(self, cell: Cell) -> Positions:
        return self._positions[cell.uri]


def _shown_path(uri: str, suffix: str) -> str:
    path = uris.to_fs_path(uri)
    if path is None:  # a document that was never saved
        path = uris.urlparse(uri)[2].lstrip("/") or "untitled"
        return path if path.endswith(suffix) else path + suffix
    path = os.path.abspath(path)
    return relative(path, os.getcwd()) or path


def _bytes(text: str) -> bytes:
    """A file's text in the encoding that it declares, or in UTF-8."""
    data = text.encode(errors="replace")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return text.encode(encoding)
    except (SyntaxError, UnicodeEncodeError):
        return data


def text_of(data: bytes) -> str:
    """The text of what `Document.data` was edited to."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)


def _notebook(cells: Sequence[Cell]) -> bytes:
    """A notebook file with these cells."""
    code: dict[str, object] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    listed = [
        {**(code if cell.code else {"cell_type": "markdown", "metadata": {}}), "source": cell.text}
        for cell in cells
    ]
    return json.dumps({"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()
