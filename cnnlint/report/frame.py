"""The frame: lines of source with their numbers, underlined and labelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cnnlint.diagnostic import Severity, Span
from cnnlint.report.style import Style, char_width

TAB = 4
MARGIN = 20
"""Columns kept before an underline where a long line is cut at its start."""

MANY_ROWS = 4
"""A span of more rows shows its first and last one only."""

CUT = "..."

LABEL = 30
"""Columns that a label has where it is folded."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """An underlined span; `severity` is None for a related place (`---`)."""

    span: Span
    label: str
    severity: Severity | None


@dataclass(frozen=True, slots=True)
class _Mark:
    """The part of an annotation in one row: characters from `start` up to `end`, from 0."""

    start: int
    end: int
    label: str
    severity: Severity | None


def frame(rows: Mapping[int, str], annotations: Sequence[Annotation], digits: int, style: Style) -> list[str]:
    """The lines of a frame over the rows of one file or notebook cell, whose numbers take `digits`
    columns; [] where none of the annotated rows is there."""
    marks: dict[int, list[_Mark]] = {}
    for annotation in annotations:
        for row, mark in _marks(rows, annotation):
            marks.setdefault(row, []).append(mark)
    if not marks:
        return []
    room = max(style.width - digits - 3, MARGIN * 2)
    lines = [style.gutter(" " * digits + " |")]
    previous: int | None = None
    for row in sorted(marks):
        if previous is not None and row - previous == 2 and row - 1 in rows:
            lines.append(_numbered(row - 1, digits, _Line(rows[row - 1], [], room).text, style))
        elif previous is not None and row - previous > 1:
            lines.append(style.gutter(CUT))
        line = _Line(rows[row], marks[row], room)
        lines.append(_numbered(row, digits, line.text, style))
        for mark in marks[row]:
            lines.extend(_underlined(line, mark, digits, style))
        previous = row
    return lines


def _underlined(line: _Line, mark: _Mark, digits: int, style: Style) -> Iterator[str]:
    """The row below a line; a label that does not fit goes on below itself."""
    column, signs = line.underline(mark)
    room = replace(style, width=style.width - digits - 3)
    label = min(column + len(signs) + 1, max(room.width - LABEL, 1))
    text = " " * column + f"{signs} {mark.label}".rstrip()
    for part in room.folded(text, " " * label).split("\n"):
        words = part.lstrip(" ")
        painted = style.gutter(words) if mark.severity is None else style.severity(words, mark.severity)
        gutter = style.gutter(" " * digits + " |")
        yield f"{gutter} {part[: len(part) - len(words)]}{painted}"


def _numbered(row: int, digits: int, text: str, style: Style) -> str:
    return style.gutter(f"{row:>{digits}} |") + (f" {text}" if text else "")


def _marks(rows: Mapping[int, str], annotation: Annotation) -> list[tuple[int, _Mark]]:
    """The rows that an annotation underlines; the label stands at the last of them."""
    span = annotation.span
    numbers = [row for row in range(span.row, span.end_row + 1) if row in rows]
    found = []
    for row in numbers:
        text = rows[row]
        start = span.column - 1 if row == span.row else len(text) - len(text.lstrip())
        end = span.end_column - 1 if row == span.end_row else len(text.rstrip())
        start = min(start, len(text))
        if end > start or len(numbers) == 1:
            found.append((row, _Mark(start, max(end, start + 1), "", annotation.severity)))
    if len(found) > MANY_ROWS:
        found = [found[0], found[-1]]
    if found:
        row, last = found[-1]
        found[-1] = (row, _Mark(last.start, last.end, annotation.label, last.severity))
    return found


class _Line:
    """A line of source as it is shown: tabs opened, cut to the room around its marks.

    Attributes:
        text: what is shown.
    """

    def __init__(self, source: str, marks: Sequence[_Mark], room: int):
        cells: list[str] = []
        self._columns: list[int] = []
        column = 0
        for char in source:
            self._columns.append(column)
            shown = " " * (TAB - column % TAB) if char == "\t" else char
            if not shown.isprintable():
                shown = "\N{REPLACEMENT CHARACTER}"
            width = sum(map(char_width, shown))
            cells.append(shown)
            column += width
        self._end = column
        self._left, self._right = 0, column
        if column > room:
            room -= 2 * len(CUT)
            first = min((self._column(mark.start) for mark in marks), default=0)
            last = max((self._column(mark.end) for mark in marks), default=0)
            if last > room:
                self._left = max(0, min(first - MARGIN, column - room))
            self._right = self._left + room
        self.text = self._cut(cells).rstrip()

    def underline(self, mark: _Mark) -> tuple[int, str]:
        """The column where a mark's underline stands, and the underline."""
        shift = len(CUT) if self._left else 0
        start = max(self._column(mark.start), self._left)
        end = max(min(self._column(mark.end), self._right), start + 1)
        return start - self._left + shift, ("-" if mark.severity is None else "^") * (end - start)

    def _column(self, index: int) -> int:
        """The display column of a character; behind the end each counts one."""
        if index < len(self._columns):
            return self._columns[index]
        return self._end + index - len(self._columns)

    def _cut(self, cells: Sequence[str]) -> str:
        if (self._left, self._right) == (0, self._end):
            return "".join(cells)
        kept = [
            cell
            for cell, column in zip(cells, self._columns, strict=True)
            if self._left <= column < self._right
        ]
        before = CUT if self._left else ""
        after = CUT if self._right < self._end else ""
        return f"{before}{''.join(kept)}{after}"
