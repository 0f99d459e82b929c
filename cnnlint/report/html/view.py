"""Files and their findings on the page, as plain data for the template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnnlint.analyses.shapes import ShapeTable, shape_table
from cnnlint.diagnostic import Diagnostic, Severity, Span
from cnnlint.report.html.listing import RELATED, Mark, Section, listing
from cnnlint.report.html.model import ModelView, model_view
from cnnlint.report.html.table import worst
from cnnlint.report.text import location, one_line
from cnnlint.result import TracedFile


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
            model_view(
                *tables[model.name],
                model,
                file,
                _severities(tables[model.name], told),
                worst(item.severity for item in told if item.model == tables[model.name][0]),
            )
            for model in file.trace.models
            if model.passes
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


def _severities(numbered: tuple[int, ShapeTable], findings: Sequence[FindingView]) -> dict[int, str]:
    """The worst finding of each row of a model's table that has one; what refused its input always is one."""
    index, table = numbered
    found = {row: str(Severity.ERROR) for row, item in enumerate(table.rows) if item.fault}
    for finding in findings:
        for row in finding.rows if finding.model == index else ():
            found[row] = worst((finding.severity, found.get(row, finding.severity)))
    return found


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
