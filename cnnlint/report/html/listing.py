"""A source file as the page shows it: coloured tokens, underlined findings, notes below their lines."""

from __future__ import annotations

import keyword
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from cnnlint.diagnostic import Severity, Span
from cnnlint.source.file import SourceFile

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>\b[rRbBfFuUtT]{0,2}(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"
        |'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")
        |'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")
    |(?P<digits>\b\d[\w.]*)
    |(?P<word>\b[^\W\d]\w*)""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = frozenset(keyword.kwlist)
_DEFINING = re.compile(r"\b(?:def|class)\s+\Z")

RELATED = "related"


@dataclass(frozen=True, slots=True)
class Mark:
    """An underlined span of a finding; `kind` is its severity, or RELATED. The note stands below its last
    line."""

    span: Span
    kind: str
    finding: int
    note: str


@dataclass(frozen=True, slots=True)
class Segment:
    """Characters of a line that look alike: `token` and `mark` are classes, "" for none."""

    text: str
    token: str
    mark: str
    finding: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `row` counts in the joined text, `number` is what the reader sees."""

    row: int
    number: int
    segments: tuple[Segment, ...]
    notes: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The file, or a cell of a notebook."""

    cell: int | None
    lines: tuple[Line, ...]


def listing(source: SourceFile, marks: Iterable[Mark]) -> list[Section]:
    """The text with its marks, whose spans are in rows of the joined text; [] where there is no text."""
    if not source.text:
        return []
    tokens = _tokens(source)
    by_row: dict[int, list[tuple[int, int, Mark]]] = defaultdict(list)
    notes: dict[int, list[Mark]] = defaultdict(list)
    for mark in marks:
        for row, start, end in _rows(source, mark.span):
            by_row[row].append((start, end, mark))
        if mark.note:
            notes[min(mark.span.end_row, len(source.lines))].append(mark)
    sections: dict[int | None, list[Line]] = {}
    last = len(source.lines) - (source.lines[-1] == "")
    for row in range(1, last + 1):
        cell, number = source.cells[row - 1] if source.cells else (None, row)
        segments = tuple(_segments(source.lines[row - 1], tokens[row], by_row[row]))
        sections.setdefault(cell, []).append(Line(row, number, segments, tuple(notes[row])))
    return [Section(cell, tuple(lines)) for cell, lines in sections.items()]


def _rows(source: SourceFile, span: Span) -> Iterator[tuple[int, int, int]]:
    """The rows of a span with the characters that it holds of each, without indents."""
    for row in range(span.row, min(span.end_row, len(source.lines)) + 1):
        text = source.lines[row - 1]
        start = span.column - 1 if row == span.row else len(text) - len(text.lstrip())
        end = span.end_column - 1 if row == span.end_row else len(text.rstrip())
        if end > start:
            yield row, start, end


def _tokens(source: SourceFile) -> dict[int, list[tuple[int, int, str]]]:
    """By row the coloured stretches of its characters."""
    text = "\n".join(source.lines)
    found: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    row, line_start, seen = 1, 0, 0
    for match in _TOKEN.finditer(text):
        color = match.lastgroup or ""
        if color == "word":
            if match[0] in _KEYWORDS:
                color = "keyword"
            elif _DEFINING.search(text, max(0, match.start() - 12), match.start()):
                color = "defined"
            else:
                continue
        row += text.count("\n", seen, match.start())
        line_start = text.rfind("\n", 0, match.start()) + 1
        seen = match.start()
        for offset, part in enumerate(match[0].split("\n")):
            start = match.start() - line_start if offset == 0 else 0
            found[row + offset].append((start, start + len(part), color))
    return found


def _segments(
    text: str, tokens: list[tuple[int, int, str]], marks: list[tuple[int, int, Mark]]
) -> Iterator[Segment]:
    cuts = {0, len(text)}
    for start, end, _ in [*tokens, *marks]:
        cuts |= {min(start, len(text)), min(end, len(text))}
    edges = sorted(cuts)
    for start, end in pairwise(edges):
        token = next((color for first, last, color in tokens if first <= start < last), "")
        over = [mark for first, last, mark in marks if first <= start < last]
        mark = max(over, key=_rank, default=None)
        yield Segment(text[start:end], token, mark.kind if mark else "", mark.finding if mark else None)


def _rank(mark: Mark) -> int:
    return -1 if mark.kind == RELATED else Severity(mark.kind).rank
