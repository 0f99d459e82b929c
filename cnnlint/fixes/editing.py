"""Edits on text: which of them can be made together, and the text with them made.

Edits name characters by row and column from 1, as spans do. Everything else in the text stays as it is:
comments, line ends, a byte order mark, and in a notebook all but the sources of the edited cells.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable

from cnnlint.diagnostic import Edit, Fix, Span
from cnnlint.source.cells import edit_cells

_LINE = re.compile("[^\r\n]*(?:\r\n|\r|\n|$)")


def compatible(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes that can be made at once: in the order of their places, without those that touch what an
    earlier one changes. Those left out come in the next round."""
    kept: list[Fix] = []
    taken: list[Edit] = []
    for fix in sorted(fixes, key=lambda fix: min(_start(edit.span) for edit in fix.edits)):
        new = [edit for edit in fix.edits if edit not in taken]
        if not any(_touch(one, other) for one in new for other in taken):
            kept.append(fix)
            taken += new
    return kept


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made. New lines end as those of the text do.

    Raises:
        ValueError: edits overlap, or name a place that is not in the text.
    """
    lines = _LINE.findall(text)
    if text and text[-1] not in "\r\n":
        lines.pop()  # the empty match behind the last line
    newline = next((end for line in lines if (end := line[len(line.rstrip("\r\n")) :])), "\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(row: int, column: int) -> int:
        if not (0 < row <= len(lines) and 0 < column <= len(lines[row - 1].rstrip("\r\n")) + 1):
            raise ValueError(f"no row {row} with a column {column}")
        return starts[row - 1] + column - 1

    pieces = []
    done = 0
    for edit in sorted(set(edits), key=lambda edit: (_start(edit.span), _end(edit.span))):
        start, end = offset(*_start(edit.span)[1:]), offset(*_end(edit.span)[1:])
        if start < done or end < start:
            raise ValueError(f"edits overlap in row {edit.span.row}")
        pieces += [text[done:start], edit.content.replace("\n", newline)]
        done = end
    return "".join([*pieces, text[done:]])


def apply_to_file(data: bytes, filename: str, edits: Iterable[Edit]) -> bytes:
    """The bytes of a Python file, or of a notebook, with the edits made: in its own encoding.

    Raises:
        ValueError: see `apply`; or the new text cannot be encoded (UnicodeEncodeError is one).
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    text = data.decode(encoding)
    if not filename.endswith(".ipynb"):
        return apply(text, edits).encode(encoding)
    by_cell: dict[int, list[Edit]] = {}
    for edit in edits:
        by_cell.setdefault(edit.span.cell or 0, []).append(edit)
    return edit_cells(text, lambda cell, source: apply(source, by_cell.get(cell, ()))).encode(encoding)


def _touch(one: Edit, other: Edit) -> bool:
    """Whether two edits change the same characters, or insert at the same place."""
    if (one.span.filename, one.span.cell) != (other.span.filename, other.span.cell):
        return False
    if _start(one.span) == _start(other.span):
        return True
    first, second = sorted((one, other), key=lambda edit: _start(edit.span))
    return _start(second.span) < _end(first.span)


def _start(span: Span) -> tuple[int, int, int]:
    return (span.cell or 0, span.row, span.column)


def _end(span: Span) -> tuple[int, int, int]:
    return (span.cell or 0, span.end_row, span.end_column)
