"""The table of layers: rows with bars, in groups where they are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnnlint.analyses.shapes import Row, ShapeTable
from cnnlint.diagnostic import Severity, Span
from cnnlint.graph import Trace
from cnnlint.report.html.blocks import Level, first_shown
from cnnlint.report.html.volume import volume
from cnnlint.report.text import along_axes, mebibytes, milliseconds, one_line
from cnnlint.result import TracedFile

UNGROUPED_ROWS = 40
"""A table of no more rows than these is shown without groups."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A number and its share of the largest one, from 0 to 1."""

    text: str
    share: float


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of the table. `place` is the row of the source that it leads to."""

    index: int
    layer: str
    line: str
    place: int | None
    operator: str
    formula: str
    output: str
    bars: tuple[Bar | None, ...]
    fault: str
    severity: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """Rows under a heading of their own ("" for none), with what they come to."""

    name: str
    output: str
    bars: tuple[Bar | None, ...]
    severity: str
    rows: tuple[RowView, ...]


def worst(severities: Iterable[str]) -> str:
    """The worst of some severities, "" of none."""
    return max((Severity(name) for name in severities), key=lambda item: item.rank, default="")


def headers(table: ShapeTable) -> tuple[str, ...]:
    measured = ("Time", "Peak memory") if table.measured else ()
    return ("Parameters", "MACs", "Receptive field", *measured)


def _rows(table: ShapeTable, trace: Trace, file: TracedFile, severities: Mapping[int, str]) -> list[RowView]:
    most = [
        max((number for number in column), default=0)
        for column in zip(*map(_numbers, table.rows), strict=True)
    ]
    seen = [volume(trace, id) for id in trace.run.inputs]
    image = max((max(box.height, box.width) for box in seen), default=1)
    return [
        RowView(
            index=index,
            layer=row.layer or "",
            line=_line(row.place, file),
            place=row.place.row if row.place and row.place.filename == file.source.filename else None,
            operator=row.operator,
            formula=row.formula,
            output=row.output,
            bars=_bars(row, most, image, table.measured),
            fault=one_line(row.fault or ""),
            severity=severities.get(index, ""),
        )
        for index, row in enumerate(table.rows)
    ]


def groups(
    found: Sequence[Level], table: ShapeTable, trace: Trace, file: TracedFile, severities: Mapping[int, str]
) -> Iterator[GroupView]:
    """The rows by the blocks of a coarser drawing, where they are many and there is one."""
    rows = _rows(table, trace, file, severities)
    shown = first_shown(found)
    level = shown if shown is not found[0] else found[-1]
    if len(rows) <= UNGROUPED_ROWS or level is found[0]:
        yield GroupView("", "", (), "", tuple(rows))
        return
    starts = [0, *(block.first for block in level.blocks[1:])]
    ends = [*starts[1:], len(rows)]
    pieces = [
        (block, table.rows[start:end]) for block, start, end in zip(level.blocks, starts, ends, strict=True)
    ]
    sums = [tuple(map(sum, zip(*map(_numbers, piece), strict=True))) for _, piece in pieces]
    most = [max(column) for column in zip(*sums, strict=True)]
    for (block, piece), total, start, end in zip(pieces, sums, starts, ends, strict=True):
        members = tuple(rows[start:end])
        seen, last = piece[-1].receptive_field, members[-1].bars[2]
        bars = [
            _bar(f"{total[0]:,}", total[0], most[0]),
            _bar(f"{total[1]:,}", total[1], most[1]),
            Bar(along_axes(seen), last.share) if seen and last else None,
        ]
        if table.measured:
            bars += [_bar(milliseconds(total[2]), total[2], most[2]), None]
        severity = worst(row.severity for row in members if row.severity)
        yield GroupView(block.name, piece[-1].output, tuple(bars), severity, members)


def _numbers(row: Row) -> tuple[float, float, float, float]:
    seconds = row.cost.seconds or 0.0 if row.cost else 0.0
    memory = row.cost.peak_bytes or 0 if row.cost else 0
    return row.parameters, row.macs, seconds, memory


def _bars(row: Row, most: Sequence[float], image: int, measured: bool) -> tuple[Bar | None, ...]:
    parameters, macs, seconds, memory = _numbers(row)
    seen = row.receptive_field
    bars = [
        _bar(f"{row.parameters:,}", parameters, most[0]),
        _bar(f"{row.macs:,}", macs, most[1]),
        _bar(along_axes(seen), max(seen), image) if seen else None,
    ]
    if measured:
        bars += [
            _bar(milliseconds(seconds), seconds, most[2]),
            _bar(mebibytes(memory), memory, most[3]),
        ]
    return tuple(bars)


def _bar(text: str, number: float, most: float) -> Bar | None:
    return Bar(text, round(min(number / most, 1), 3)) if number else None


def _line(place: Span | None, file: TracedFile) -> str:
    if place is None:
        return ""
    if place.filename != file.source.filename:
        return f"{place.filename.rpartition('/')[2]}:{place.row}"
    shown = file.source.place(place)
    return str(shown.row) if shown.cell is None else f"{shown.cell}:{shown.row}"
