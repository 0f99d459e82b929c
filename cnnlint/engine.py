"""The pipeline: paths to files, files to traces, traces to findings."""

from __future__ import annotations

import itertools
import os
import sys
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cnnlint.config import Settings, selected_rules
from cnnlint.diagnostic import Diagnostic, Edit, Severity, Span
from cnnlint.files import STANDARD_INPUT, FilePath, collect
from cnnlint.graph import Trace
from cnnlint.job import Job
from cnnlint.plugin import Rule, all_rules
from cnnlint.result import FileResult, Result
from cnnlint.source.facts import Target
from cnnlint.source.file import SourceFile
from cnnlint.source.packages import packages_needed
from cnnlint.source.reading import read, read_bytes
from cnnlint.source.survey import survey
from cnnlint.trace import FileTrace, Problem
from cnnlint.workers import trace_files


@dataclass(frozen=True, slots=True)
class TracedFile:
    """A file that was read and traced, before any rule has seen it."""

    source: SourceFile
    named: bool
    trace: FileTrace


def check(paths: Sequence[str], settings: Settings) -> Result:
    """Lints files and folders.

    Raises:
        UsageError: a path does not exist, or a selector names no rule.
        PluginError: a rule package cannot be loaded.
    """
    rules = selected_rules(settings, all_rules())
    files = tuple(judge(file, rules) for file in trace_paths(paths, settings))
    return Result(files, tuple(paths), settings.advice)


# -- from paths to traces


def trace_paths(paths: Sequence[str], settings: Settings) -> Iterator[TracedFile]:
    """Reads and traces files and folders, in order. No worker is started where no file holds a model.

    Raises:
        UsageError: a path does not exist.
    """
    files = collect(paths)
    waiting: deque[tuple[SourceFile, bool, FileTrace | None]] = deque()

    def jobs() -> Iterator[Job]:
        for file in files:
            source, outcome = _open(file, settings)
            waiting.append((source, file.named, outcome if isinstance(outcome, FileTrace) else None))
            if isinstance(outcome, Job):
                yield outcome

    def settled() -> Iterator[TracedFile]:
        while waiting and waiting[0][2] is not None:
            source, named, trace = waiting.popleft()
            assert trace is not None
            yield _traced(source, named, trace)

    queue = jobs()
    first = next(queue, None)
    if first is not None:
        for trace in trace_files(itertools.chain([first], queue)):
            yield from settled()
            source, named, _ = waiting.popleft()
            yield _traced(source, named, trace)
    yield from settled()


def _open(file: FilePath, settings: Settings) -> tuple[SourceFile, Job | FileTrace]:
    """A file's text, and either the job of tracing it or, where its text says already that there is
    nothing to trace, its empty trace."""
    if file.shown == STANDARD_INPUT:
        source, problem = read_bytes(sys.stdin.buffer.read(), settings.stdin_filename)
    else:
        source, problem = read(file.shown)
    if problem:
        return source, FileTrace(source.filename, problems=(problem,))
    found = survey(source)
    if found.targets:
        return source, _job(source, found.targets, settings)
    return source, FileTrace(source.filename, problems=found.problems)


def _job(source: SourceFile, targets: Sequence[Target], settings: Settings) -> Job:
    path = os.path.abspath(source.filename)
    return Job(
        filename=source.filename,
        path=path,
        text=source.text,
        cells=source.cells,
        device=settings.device,
        inputs=settings.inputs,
        models=settings.models,
        verify=settings.verify,
        timeout=settings.timeout,
        allow_effects=settings.allow_effects,
        imports=packages_needed(source, targets, path),
    )


def _traced(source: SourceFile, named: bool, trace: FileTrace) -> TracedFile:
    """With the remark that a file which the user named holds no model."""
    if named and not trace.models and not trace.problems:
        remark = Problem(
            "no-model",
            "no model in this file",
            Span(source.filename, 1, 1, 1, 1),
            help="a model derives from nn.Module, is an nn.Sequential, or is what a function returns",
        )
        trace = replace(trace, problems=(remark,))
    return TracedFile(source, named, trace)


# -- from traces to findings


def judge(file: TracedFile, rules: Iterable[Rule]) -> FileResult:
    """Runs rules on the trace of a file. A rule that raises becomes a finding; the others go on."""
    traces = [Trace(model, run) for model in file.trace.models for run in model.passes]
    findings: list[Diagnostic] = []
    crashes: list[str] = []
    for rule in rules:
        place = Span(file.source.filename, 1, 1, 1, 1)
        try:
            findings += _checked(rule.check_file(file.trace))
            for trace in traces:
                place = trace.model.span
                findings += _checked(rule.check(trace))
        except Exception as error:
            findings.append(_crash(rule, error, place))
            crashes.append(traceback.format_exc())
    placed = [_placed(finding, file.source) for finding in merge(findings)]
    return FileResult(
        file.source,
        file.named,
        file.trace,
        tuple(sorted(placed, key=_order)),
        tuple(crashes),
    )


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
            )
    return list(merged.values())


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
