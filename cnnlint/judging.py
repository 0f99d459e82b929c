"""Traces judged: what the rules find in a file, without what comments silence and what is said twice."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from cnnlint.causes import without_consequences
from cnnlint.certainty import Alternatives
from cnnlint.config import Settings
from cnnlint.config.selection import known_rules, rules_for
from cnnlint.diagnostic import Diagnostic, Edit, Fix, Severity, Span
from cnnlint.fixes.suppression import Ignores, Places, Use, places, silence, unused
from cnnlint.graph import Trace
from cnnlint.plugin import Rule
from cnnlint.result import FileResult, TracedFile
from cnnlint.source.file import SourceFile
from cnnlint.source.reading import read


def judge(file: TracedFile, rules: Iterable[Rule], settings: Settings | None = None) -> FileResult:
    """Runs rules on the trace of a file. A rule that raises becomes a finding; the others go on."""
    settings = settings or Settings()
    models = [
        ([Trace(model, run, file.source) for run in model.passes], Alternatives(model, file.source))
        for model in file.trace.models
    ]
    found: list[Places] = []
    crashes = [file.trace.crash] if file.trace.crash else []
    for rule in rules:
        place = Span(file.source.filename, 1, 1, 1, 1)
        try:
            found += [places(finding) for finding in _checked(rule.check_file(file.trace))]
            for traces, alternatives in models:
                for trace in traces:
                    place = trace.model.span
                    judged = list(_causes(_checked(rule.judge(trace)), trace))
                    certain = alternatives.certain(judged, rule.judge)
                    found += [places(finding, trace) for finding in certain]
        except Exception as error:
            found.append(places(_crash(rule, error, place)))
            crashes.append(traceback.format_exc())
    findings, used = silence(found, lambda name: _comments(name, file.source, settings))
    return FileResult(
        file.source,
        file.trace,
        _in_order(without_consequences(merge(findings)), file.source),
        tuple(crashes),
        used,
        settings,
        skipped=file.skipped,
        reads=file.reads,
    )


def _comments(filename: str, source: SourceFile, settings: Settings) -> Ignores:
    """The suppressing comments of the file itself, or of a module that it imports."""
    return Ignores(source if filename == source.filename else read(filename).file, known_rules(settings))


def with_unused_comments(files: Iterable[FileResult]) -> Iterator[FileResult]:
    """The files with findings for comments that silenced nothing in the whole run. A file that was not
    judged whole may hold what they are for. A file with such a comment, and those behind it, come when a
    later file has used the comment, or at the end."""
    used: set[Use] = set()
    waiting: deque[FileResult] = deque()
    for file in files:
        used |= file.used
        waiting.append(file)
        if file.used or len(waiting) == 1:
            while waiting and not _unused(waiting[0], used):
                yield waiting.popleft()
    for file in waiting:
        told = (*file.findings, *_in_order(_unused(file, used), file.source))
        yield replace(file, findings=tuple(sorted(told, key=_order)))


def _unused(file: FileResult, used: Collection[Use]) -> list[Diagnostic]:
    rules = rules_for(file.source.filename, file.settings)
    rule = next((rule for rule in rules if rule.name == "unused-suppression"), None)
    if rule is None or not (file.coverage.traced and file.coverage.whole) or file.crashes:
        return []
    return list(unused(_comments(file.source.filename, file.source, file.settings), used, rules, rule))


def _in_order(findings: Iterable[Diagnostic], source: SourceFile) -> tuple[Diagnostic, ...]:
    return tuple(sorted((_placed(finding, source) for finding in findings), key=_order))


def _causes(findings: Iterable[Diagnostic], trace: Trace) -> Iterator[Diagnostic]:
    """Without what is said of layers whose constructor refused: a stand-in is in their place, and only
    the constructor's own fault is a cause."""
    stand_ins = {layer.path for layer in trace.model.layers if layer.fault is not None}
    for finding in findings:
        if finding.code == "CNN108" or not stand_ins.intersection(finding.layers):
            yield finding


def _checked(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    findings = list(found)
    for finding in findings:
        if not isinstance(finding, Diagnostic):
            raise TypeError(f"a rule must yield Diagnostic, not {type(finding).__name__}")
    return findings


def _crash(rule: Rule, error: Exception, place: Span) -> Diagnostic:
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Diagnostic(
        code="CNN008",
        name="rule-crashed",
        severity=Severity.ERROR,
        message=f"the rule {rule.code} ({rule.name}) crashed and judged nothing more here: {said}",
        span=place,
        help=f"-v shows the traceback; --ignore {rule.code} leaves the rule out",
    )


def merge(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """One finding for each cause: those with the same code at the same span become the first of them,
    with the layers of all and the highest severity. Crashed rules stay apart."""
    merged: dict[object, Diagnostic] = {}
    for finding in findings:
        key = finding if finding.code == "CNN008" else (finding.code, finding.span)
        first = merged.setdefault(key, finding)
        if first is not finding:
            merged[key] = first.replace(
                layers=tuple(dict.fromkeys(first.layers + finding.layers)),
                severity=max(first.severity, finding.severity, key=lambda severity: severity.rank),
                fix=_common(first.fix, finding.fix),
            )
    return list(merged.values())


def _common(one: Fix | None, other: Fix | None) -> Fix | None:
    """The fix of findings that are one; None where they disagree."""
    if one is None or other is None or one == other:
        return one or other
    return None


def without_repeats(files: Iterable[FileResult]) -> Iterator[FileResult]:
    """The files, of which the first one keeps a finding that several have: its place is in a module
    that they import."""
    seen: set[tuple[str, Span]] = set()
    for file in files:
        kept = tuple(item for item in file.findings if (item.code, item.span) not in seen)
        seen.update((item.code, item.span) for item in kept)
        yield replace(file, findings=kept)


def _placed(finding: Diagnostic, source: SourceFile) -> Diagnostic:
    """With the spans as they are shown: in a notebook by cell."""
    if not source.cells:
        return finding

    def shown(span: Span) -> Span:
        return source.place(span) if span.filename == source.filename else span

    fix = finding.fix and replace(
        finding.fix, edits=tuple(Edit(shown(edit.span), edit.content) for edit in finding.fix.edits)
    )
    return finding.replace(
        span=shown(finding.span),
        related=tuple(replace(item, span=shown(item.span)) for item in finding.related),
        fix=fix,
    )


def _order(finding: Diagnostic) -> tuple[object, ...]:
    span = finding.span
    return (span.filename, span.cell or 0, span.row, span.column, finding.code)
