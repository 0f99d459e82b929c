"""What the page shows, as plain data for the template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnnlint.diagnostic import Diagnostic, Severity, Span
from cnnlint.graph import WEIGHTED, Trace
from cnnlint.report.html.blocks import Block, Level, first_shown, levels
from cnnlint.report.html.drawing import Drawing, draw
from cnnlint.report.html.listing import RELATED, Mark, Section, listing
from cnnlint.report.html.volume import volume
from cnnlint.report.text import input_line, location, one_line
from cnnlint.result import TracedFile
from cnnlint.shapes import Row, ShapeTable, shape_table
from cnnlint.trace import Model

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


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing of the model in one coarseness. `severities` has the worst finding of each box."""

    level: str
    drawing: Drawing
    severities: tuple[str, ...]
    shown: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """A number of the model as a whole."""

    title: str
    value: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ModelView:
    """One traced model."""

    index: int
    name: str
    construction: str
    place: str
    notes: tuple[str, ...]
    tiles: tuple[Tile, ...]
    pictures: tuple[Picture, ...]
    colors: tuple[str, ...]
    headers: tuple[str, ...]
    groups: tuple[GroupView, ...]
    severity: str

    @property
    def grouped(self) -> bool:
        return len(self.groups) > 1


@dataclass(frozen=True, slots=True)
class RelatedView:
    message: str
    place: str
    row: int | None


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding. `model` is the model's index; `rows` are those of its table, `lines` those of the
    source."""

    index: int
    severity: str
    code: str
    name: str
    message: str
    label: str
    help: str
    place: str
    layers: tuple[str, ...]
    model: int | None
    rows: tuple[int, ...]
    lines: tuple[int, ...]
    related: tuple[RelatedView, ...]


@dataclass(frozen=True, slots=True)
class FileView:
    """A file with its models, findings and text."""

    index: int
    name: str
    models: tuple[ModelView, ...]
    findings: tuple[FindingView, ...]
    sections: tuple[Section, ...]

    @property
    def severity(self) -> str:
        return worst(finding.severity for finding in self.findings)


def worst(severities: Iterator[str]) -> str:
    """The worst of some severities, "" of none."""
    return max((Severity(name) for name in severities), key=lambda item: item.rank, default="")


def faults(file: TracedFile) -> list[Diagnostic]:
    """What refused its input, as findings: for files that no rule has judged."""
    found: dict[tuple[Span, str], Diagnostic] = {}
    for problem in file.trace.problems:
        span = file.source.place(problem.span)
        item = Diagnostic("", "", Severity.ERROR, problem.message, span, problem.label, problem.model)
        found[span, problem.message] = item.replace(help=problem.help)
    for model in file.trace.models:
        for row in shape_table(model).rows if model.passes else ():
            if row.fault:
                span = file.source.place(row.place or model.span)
                layers = (row.layer,) if row.layer else ()
                item = Diagnostic("", "", Severity.ERROR, row.fault, span, "", model.name, layers)
                found.setdefault((span, row.fault), item)
    return list(found.values())


class Views:
    """Builds the views of files; models, findings and files are numbered over the whole page."""

    def __init__(self) -> None:
        self._models = 0
        self._findings = 0
        self._files = 0

    def file(self, file: TracedFile, findings: Sequence[Diagnostic]) -> FileView:
        """The view of a file with the findings that are to be shown."""
        rows = _JoinedRows(file)
        tables = {
            model.name: (self._models + number, shape_table(model))
            for number, model in enumerate(model for model in file.trace.models if model.passes)
        }
        told = [
            self._finding(number, finding, tables, file, rows)
            for number, finding in enumerate(findings, self._findings)
        ]
        models = [
            _model(index, model, table, file, [item for item in told if item.model == index])
            for model in file.trace.models
            if model.passes
            for index, table in [tables[model.name]]
        ]
        marks = [
            mark
            for view, finding in zip(told, findings, strict=True)
            for mark in _marks(view.index, finding, rows)
        ]
        view = FileView(
            self._files,
            file.source.filename,
            tuple(models),
            tuple(told),
            tuple(listing(file.source, marks)),
        )
        self._models += len(models)
        self._findings += len(told)
        self._files += 1
        return view

    def _finding(
        self,
        index: int,
        finding: Diagnostic,
        tables: dict[str, tuple[int, ShapeTable]],
        file: TracedFile,
        joined: _JoinedRows,
    ) -> FindingView:
        model, table = tables.get(finding.model or "", (None, None))
        places = [finding.span, *(item.span for item in finding.related)]
        lines = [joined.row(span) for span in places]
        return FindingView(
            index=index,
            severity=str(finding.severity),
            code=finding.code,
            name=finding.name,
            message=one_line(finding.message),
            label=one_line(finding.label),
            help=one_line(finding.help or ""),
            place=location(finding.span),
            layers=finding.layers,
            model=model,
            rows=tuple(_rows_of(finding, table, file)) if table else (),
            lines=tuple(dict.fromkeys(line for line in lines if line is not None)),
            related=tuple(
                RelatedView(one_line(item.message), location(item.span), joined.row(item.span))
                for item in finding.related
            ),
        )


class _JoinedRows:
    """Rows of the joined text for spans as they are shown (a notebook's count within their cell)."""

    def __init__(self, file: TracedFile):
        self._filename = file.source.filename
        self._rows = {place: row for row, place in enumerate(file.source.cells, 1)}

    def row(self, span: Span) -> int | None:
        """None where the span is in another file."""
        if span.filename != self._filename:
            return None
        return self._rows.get((span.cell, span.row)) if span.cell is not None else span.row

    def span(self, span: Span) -> Span | None:
        row = self.row(span)
        if row is None:
            return None
        return Span(span.filename, row, span.column, row + span.end_row - span.row, span.end_column)


def _marks(index: int, finding: Diagnostic, rows: _JoinedRows) -> Iterator[Mark]:
    span = rows.span(finding.span)
    if span:
        note = one_line(finding.label or finding.message)
        yield Mark(span, str(finding.severity), index, note)
    for item in finding.related:
        span = rows.span(item.span)
        if span:
            yield Mark(span, RELATED, index, "")


def _rows_of(finding: Diagnostic, table: ShapeTable, file: TracedFile) -> Iterator[int]:
    """The rows of the table that a finding is about: the one that it is placed at, else its layers, else
    what is called within its span."""
    placed = [
        index
        for index, row in enumerate(table.rows)
        if row.place and file.source.place(row.place) == finding.span
    ]
    faulty = [index for index in placed if table.rows[index].fault]
    layers = [index for index, row in enumerate(table.rows) if row.layer in finding.layers]
    within = [
        index
        for index, row in enumerate(table.rows)
        if row.place and finding.span.contains(file.source.place(row.place))
    ]
    yield from faulty or layers or placed or within


def _model(
    index: int, model: Model, table: ShapeTable, file: TracedFile, findings: Sequence[FindingView]
) -> ModelView:
    trace = Trace(model, model.passes[0])
    severities: dict[int, str] = {
        row: str(Severity.ERROR) for row, item in enumerate(table.rows) if item.fault
    }
    for finding in findings:
        for row in finding.rows:
            severities[row] = worst(iter({severities.get(row, finding.severity), finding.severity}))
    found = levels(trace, table.rows)
    rows = _rows(table, trace, file, severities)
    return ModelView(
        index=index,
        name=model.name,
        construction=model.construction,
        place=location(file.source.place(model.span)),
        notes=tuple(_notes(model)),
        tiles=tuple(_tiles(model, table, trace)),
        pictures=tuple(_pictures(found, severities)),
        colors=tuple(dict.fromkeys(_colors(found[0].blocks))),
        headers=_headers(table),
        groups=tuple(_groups(found, rows, table)),
        severity=worst(finding.severity for finding in findings),
    )


def _notes(model: Model) -> Iterator[str]:
    for note in model.notes:
        yield one_line(note)
    if not all(run.complete for run in model.passes):
        yield "the forward pass could not be followed to its end"


def _tiles(model: Model, table: ShapeTable, trace: Trace) -> Iterator[Tile]:
    shapes, _, reason = input_line(model).partition(" (")
    if shapes:
        yield Tile("Input", shapes.removesuffix(" per sample"), reason.removesuffix(")"))
    outputs = [volume(trace, id).label for id in trace.run.outputs[:3]]
    if outputs:
        yield Tile("Output", ", ".join(outputs), "per sample")
    frozen = table.parameters - table.trainable
    yield Tile(
        "Parameters", _short(table.parameters), f"{_short(frozen)} frozen" if frozen else "all trainable"
    )
    known = "as far as sizes are known" if any(row.fault for row in table.rows) else "per sample"
    yield Tile("MACs", _short(table.macs), known)
    weighted = len({operation.layer for operation in trace.operations(*WEIGHTED)})
    yield Tile("Weighted layers", f"{weighted:,}", f"{len(table.rows):,} operators")
    largest = max((row.receptive_field for row in table.rows), default=())
    if largest:
        yield Tile("Receptive field", _field(largest), "largest, in input positions")
    if table.measured:
        yield Tile("Time", f"{table.seconds * 1000:,.1f} ms", f"for a batch of {table.batch}")


def _pictures(found: Sequence[Level], severities: dict[int, str]) -> Iterator[Picture]:
    shown = first_shown(found)
    for level in found if shown.blocks else ():
        marked = tuple(
            worst(severities[row] for row in range(block.first, block.last + 1) if row in severities)
            for block in level.blocks
        )
        yield Picture(level.name, draw(level.blocks), marked, level is shown)


def _colors(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        yield block.color
        yield from block.bands


def _headers(table: ShapeTable) -> tuple[str, ...]:
    measured = ("Time", "Peak memory") if table.measured else ()
    return ("Parameters", "MACs", "Receptive field", *measured)


def _rows(table: ShapeTable, trace: Trace, file: TracedFile, severities: dict[int, str]) -> list[RowView]:
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


def _numbers(row: Row) -> tuple[float, float, float, float]:
    seconds = row.cost.seconds or 0.0 if row.cost else 0.0
    memory = row.cost.peak_bytes or 0 if row.cost else 0
    return row.parameters, row.macs, seconds, memory


def _bars(row: Row, most: Sequence[float], image: int, measured: bool) -> tuple[Bar | None, ...]:
    parameters, macs, seconds, memory = _numbers(row)
    field = row.receptive_field
    bars = [
        _bar(f"{row.parameters:,}", parameters, most[0]),
        _bar(f"{row.macs:,}", macs, most[1]),
        _bar(_field(field), max(field), image) if field else None,
    ]
    if measured:
        bars += [
            _bar(f"{seconds * 1000:,.2f} ms", seconds, most[2]),
            _bar(f"{memory / 2**20:,.1f} MiB", memory, most[3]),
        ]
    return tuple(bars)


def _bar(text: str, number: float, most: float) -> Bar | None:
    return Bar(text, round(min(number / most, 1), 3)) if number else None


def _groups(found: Sequence[Level], rows: Sequence[RowView], table: ShapeTable) -> Iterator[GroupView]:
    """The rows by the blocks of a coarser drawing, where they are many and there is one."""
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
        field = piece[-1].receptive_field
        bars = [
            _bar(f"{total[0]:,}", total[0], most[0]),
            _bar(f"{total[1]:,}", total[1], most[1]),
            Bar(_field(field), members[-1].bars[2].share) if field and members[-1].bars[2] else None,
        ]
        if table.measured:
            bars += [_bar(f"{total[2] * 1000:,.2f} ms", total[2], most[2]), None]
        severity = worst(row.severity for row in members if row.severity)
        yield GroupView(block.name, piece[-1].output, tuple(bars), severity, members)


def _line(place: Span | None, file: TracedFile) -> str:
    if place is None:
        return ""
    if place.filename != file.source.filename:
        return f"{place.filename.rpartition('/')[2]}:{place.row}"
    shown = file.source.place(place)
    return str(shown.row) if shown.cell is None else f"{shown.cell}:{shown.row}"


def _field(sizes: Sequence[int]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else "×".join(map(str, sizes))


def _short(number: int) -> str:
    """`35,114`, `60.2 M`."""
    for size, sign in ((10**12, "T"), (10**9, "G"), (10**6, "M")):
        if number >= size:
            return f"{number / size:.3g} {sign}"
    return f"{number:,}"
