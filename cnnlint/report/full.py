"""`--output-format full`: each finding in a frame of source, then the advice, then the last line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnnlint.config import UNJUDGED_FAMILY, Settings
from cnnlint.diagnostic import Diagnostic, Severity, Span
from cnnlint.report import concise
from cnnlint.report.excerpts import rows
from cnnlint.report.frame import Annotation, frame
from cnnlint.report.style import Style
from cnnlint.report.summary import fixable_lines, last_line, model_lines
from cnnlint.report.text import input_line, location, one_line, other_layers
from cnnlint.result import FileResult, Result
from cnnlint.traces import Model

HANGING = "    "
"""Before what goes on of a sentence in the next line."""


class Report:
    """The report file by file; pieces of advice stand together at its end."""

    def __init__(self, settings: Settings, style: Style, advice: bool = True):
        self._settings, self._style = settings, style
        self._with_advice = advice
        self._advice: list[Diagnostic] = []
        self._told: list[Model] = []

    def file(self, file: FileResult) -> Iterator[str]:
        """The findings of one file."""
        for finding in file.findings:
            if finding.severity != Severity.ADVICE or _in_frames(file, self._settings):
                yield from _finding(finding, file, self._told, self._style)
                yield ""
            elif self._with_advice:
                self._advice.append(finding)

    def end(self, result: Result) -> Iterator[str]:
        """What stands below the findings of all files."""
        if self._advice:
            for finding, others in _once(self._advice):
                yield self._style.folded(_advice(finding, others, self._style), HANGING)
            yield ""
        if not self._settings.quiet:
            for line in model_lines(result, self._settings.verbose, self._told):
                yield self._style.folded(line, HANGING)
            yield self._style.folded(last_line(result, self._style), HANGING)
            yield from fixable_lines(result, self._settings)


def _once(advice: Sequence[Diagnostic]) -> Iterator[tuple[Diagnostic, int]]:
    """The pieces of advice, each with how many other files have the same: what one remedy mends (a package
    that is not installed) is said once."""
    alike: dict[object, list[Diagnostic]] = {}
    for finding in advice:
        key = (finding.code, finding.help) if finding.name == "package-missing" else finding
        alike.setdefault(key, []).append(finding)
    for first, *others in alike.values():
        yield first, len(others)


def _advice(finding: Diagnostic, others: int, style: Style) -> str:
    """One line, which says also how a model that could not be judged can be."""
    unjudged = finding.code.startswith(UNJUDGED_FAMILY) and finding.help
    more = f", as {'does 1' if others == 1 else f'do {others}'} more of the files" if others else ""
    return concise.line(finding, style) + more + (f"; {one_line(finding.help or '')}" if unjudged else "")


def _in_frames(file: FileResult, settings: Settings) -> bool:
    """Whether advice is shown as large as the rest."""
    return settings.verbose or file.settings.fail_level == Severity.ADVICE


def framed(finding: Diagnostic, file: FileResult) -> Iterator[str]:
    """One finding in its frame, for reports that hold text."""
    return _finding(finding, file, [], Style())


def _finding(finding: Diagnostic, file: FileResult, told: list[Model], style: Style) -> Iterator[str]:
    yield style.folded(concise.line(finding, style), HANGING)
    places = [Annotation(finding.span, one_line(finding.label), finding.severity)]
    places += [Annotation(item.span, one_line(item.message), None) for item in finding.related]
    digits = len(str(max(place.span.end_row for place in places)))
    indent = " " * digits
    for (filename, cell), group in _by_text(places).items():
        if (filename, cell) != (finding.span.filename, finding.span.cell):
            yield style.gutter(f"{indent} :::") + f" {location(group[0].span)}"
        yield from frame(rows(file, filename, cell), group, digits, style)
    for title, text in _remarks(finding, file, told):
        line = style.gutter(f"{indent} =") + f" {style.bold(f'{title}:')} {text}"
        yield style.folded(line, f"{indent}   {HANGING}")


def _remarks(finding: Diagnostic, file: FileResult, told: list[Model]) -> Iterator[tuple[str, str]]:
    """The lines below the frame. What concerns the model stands at its first finding only."""
    if finding.help:
        yield "help", one_line(finding.help)
    if others := other_layers(finding):
        yield "note", f"the same in {others}"
    model = file.model(finding.model)
    if model and model not in told:
        told.append(model)
        if text := input_line(model):
            yield "input", text
        for note in model.notes:
            yield "note", one_line(note)


def _by_text(places: list[Annotation]) -> Mapping[tuple[str, int | None], list[Annotation]]:
    """The places by file and cell, the primary one's first; a place that only repeats another span
    without a word of its own is left out."""
    groups: dict[tuple[str, int | None], list[Annotation]] = {}
    spans: set[Span] = set()
    for place in places:
        if place.span in spans and not place.label:
            continue
        spans.add(place.span)
        groups.setdefault((place.span.filename, place.span.cell), []).append(place)
    return groups
