"""Rows and columns from 1 in characters, as spans have them, and the positions of the protocol: from 0, in
the units of the client (UTF-16 where it does not say otherwise)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

from cnnlint.diagnostic import Span

_ENDS = re.compile("\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """The lines of a text without their ends, as the protocol splits them."""
    return _ENDS.split(text)


def whole_lines(text: str) -> list[str]:
    """The same lines with their ends; none for the emptiness behind the last end."""
    starts = [0, *(end.end() for end in _ENDS.finditer(text))]
    ends = [*starts[1:], len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True) if start < end]


class Positions:
    """The positions of one text, given by its lines."""

    def __init__(self, lines: Sequence[str], codec: PositionCodec):
        self._lines = lines
        self._codec = codec

    def position(self, row: int, column: int) -> types.Position:
        """A place in the text; one beyond it is at the end of the line or of the text."""
        if row > len(self._lines):
            row, column = len(self._lines), len(self._lines[-1]) + 1
        line = self._lines[row - 1]
        return types.Position(row - 1, self._codec.client_num_units(line[: column - 1]))

    def range(self, span: Span) -> types.Range:
        return types.Range(self.position(span.row, span.column), self.position(span.end_row, span.end_column))

    def place(self, position: types.Position) -> tuple[int, int]:
        """The row and column of a position; one beyond a line is at its end."""
        if position.line >= len(self._lines):
            return len(self._lines), len(self._lines[-1]) + 1
        units, column = 0, 1
        for char in self._lines[position.line]:
            if units >= position.character:
                break
            units += self._codec.client_num_units(char)
            column += 1
        return position.line + 1, column


def changed(text: str, changes: Iterable[types.TextDocumentContentChangeEvent], codec: PositionCodec) -> str:
    """A text after the client's changes, one after the other."""
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            places = Positions(lines_of(text), codec)
            start = _offset(text, *places.place(change.range.start))
            end = _offset(text, *places.place(change.range.end))
            text = text[:start] + change.text + text[end:]
        else:
            text = change.text
    return text


def _offset(text: str, row: int, column: int) -> int:
    start = 0
    for _ in range(row - 1):
        end = _ENDS.search(text, start)
        assert end is not None
        start = end.end()
    return start + column - 1
