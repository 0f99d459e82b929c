"""Where a span stands in a file as it is stored: hosters show the JSON of a notebook, not its cells."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from cnnlint.diagnostic import Edit, Span

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_CHARACTER = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|.", re.DOTALL)


def stored_span(span: Span) -> Span:
    """The span in the file's own lines. A place in a notebook that cannot be found again is its first
    line."""
    if span.cell is None:
        return span
    notebook = _notebook(span.filename)
    start = notebook.position(span.cell, span.row, span.column - 1, end=False)
    end = notebook.position(span.cell, span.end_row, span.end_column - 1, end=True)
    if start is None or end is None:
        return Span(span.filename, 1, 1, 1, 1)
    return Span(span.filename, *start, *max(start, end))


def stored_edit(edit: Edit) -> Edit:
    """The edit of the file's own text: within a notebook the content is written as JSON has it."""
    if edit.span.cell is None:
        return edit
    escaped = json.dumps(edit.content, ensure_ascii=False)[1:-1]
    return replace(edit, span=stored_span(edit.span), content=escaped)


@dataclass(frozen=True)
class _Notebook:
    """The characters of its cells by their place in the JSON text.

    Attributes:
        starts: the offset at which each line of the JSON text begins.
        cells: by cell and row the (start, end) offsets of each character, last the row's end.
    """

    starts: list[int]
    cells: dict[tuple[int, int], list[tuple[int, int]]]

    def position(self, cell: int, row: int, index: int, end: bool) -> tuple[int, int] | None:
        """The row and column of a character of a cell; at an `end` those behind the character before."""
        characters = self.cells.get((cell, row))
        if not characters:
            return None
        last = len(characters) - 1
        offset = characters[min(index - 1, last)][1] if end and index else characters[min(index, last)][0]
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1


@lru_cache(maxsize=4)
def _notebook(filename: str) -> _Notebook:
    try:
        text = Path(filename).read_bytes().decode()
    except (OSError, UnicodeDecodeError, ValueError):
        text = ""
    starts = [0, *(match.end() for match in re.finditer("\r\n|\r|\n", text))]
    cells: dict[tuple[int, int], list[tuple[int, int]]] = {}
    cell, row = 0, 1
    for path, start, end in _strings(text):
        if path[0] != "cells" or len(path) < 3 or path[2] != "source":
            continue
        if path[1] != cell - 1:
            cell, row = int(path[1]) + 1, 1
        characters = cells.setdefault((cell, row), [])
        for match in _CHARACTER.finditer(text, start, end):
            if match[0] != "\\n":
                characters.append(match.span())
                continue
            characters.append((match.start(), match.start()))
            row += 1
            characters = cells.setdefault((cell, row), [])
    for characters in cells.values():
        if characters and characters[-1][0] != characters[-1][1]:
            characters.append((characters[-1][1], characters[-1][1]))
    return _Notebook(starts, cells)


def _strings(text: str) -> Iterator[tuple[tuple[str | int, ...], int, int]]:
    """The strings of a JSON text that are values, by their path, with the offsets of what is between
    the quotes."""
    path: list[str | int] = []
    expect_key = [False]
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "[{":
            path.append(0 if token == "[" else "")
            expect_key.append(token == "{")
        elif token in "]}":
            if path:
                path.pop()
                expect_key.pop()
        elif token == ",":
            if path and isinstance(path[-1], int):
                path[-1] += 1
            else:
                expect_key[-1] = True
        elif token == ":":
            expect_key[-1] = False
        elif token.startswith('"'):
            if expect_key[-1] and path:
                path[-1] = token[1:-1]
            else:
                yield tuple(path), match.start() + 1, match.end() - 1
