"""The pipeline: paths to files, files to traces, traces to findings."""

from __future__ import annotations

import itertools
import os
import sys
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cnnlint.cache import Cache
from cnnlint.config import Settings, UsageError, selected_rules
from cnnlint.diagnostic import Diagnostic, Edit, Severity, Span
from cnnlint.files import STANDARD_INPUT, FilePath, collect
from cnnlint.graph import Trace
from cnnlint.job import Job, called_name
from cnnlint.plugin import Rule, all_rules
from cnnlint.result import FileResult, Result, TracedFile
from cnnlint.source.file import SourceFile
from cnnlint.source.packages import packages_needed
from cnnlint.source.reading import read, read_bytes
from cnnlint.source.survey import survey
from cnnlint.trace import FileTrace, Problem
from cnnlint.workers import trace_files


def check(paths: Sequence[str], settings: Settings) -> Result:
    """Lints files and folders.

    Raises:
        UsageError: a path does not exist, or a selector names no rule.
        PluginError: a rule package cannot be loaded.
    """
    rules = selected_rules(settings, all_rules())
    files = [judge(file, rules) for file in trace_paths(paths, settings)]
    return Result(tuple(without_repeats(files)), tuple(paths), settings.advice)


# -- from paths to traces


def trace_paths(paths: Sequence[str], settings: Settings) -> Iterator[TracedFile]:
    """Reads and traces files and folders, in order. No worker is started where no file holds a model.

    Raises:
        UsageError: a path does not exist, or `--model` names no model of these files.
    """
    files = collect(paths)
    cache = Cache(settings.cache) if settings.cache else None
    waiting: deque[_Opened] = deque()

    def jobs() -> Iterator[Job]:
        wanted = {called_name(call): call for call in settings.models}
        for file in files:
            opened = _open(file, settings, cache)
            waiting.append(opened)
            for name in opened.models & set(wanted):
                del wanted[name]
            if opened.job:
                yield opened.job
        for name, call in wanted.items():
            raise UsageError(f"--model {call}: no model {name} in {', '.join(paths)}")

    def settled() -> Iterator[TracedFile]:
        while waiting and waiting[0].job is None:
            opened = waiting.popleft()
            assert opened.trace is not None
            yield _traced(opened, opened.trace)

    queue = jobs()
    first = next(queue, None)
    if first is not None:
        for traced in trace_files(itertools.chain([first], queue)):
            yield from settled()
            opened = waiting.popleft()
            if cache and opened.job and traced.reads:
                cache.keep(opened.job, traced.trace, traced.reads, opened.began)
            yield _traced(opened, traced.trace)
    yield from settled()
    if cache:
        cache.trim()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file whose text was read: with its `trace` where that is known already, else with the `job` of
    tracing it, which began at `began` (seconds since the epoch). `models` are the names in it."""

    source: SourceFile
    named: bool
    models: frozenset[str] = frozenset()
    trace: FileTrace | None = None
    job: Job | None = None
    began: float = 0.0


def _open(file: FilePath, settings: Settings, cache: Cache | None) -> _Opened:
    began = time.time()
    if file.shown == STANDARD_INPUT:
        if sys.stdin is None:
            raise UsageError("standard input is closed")
        source, problem = read_bytes(sys.stdin.buffer.read(), settings.stdin_filename)
    else:
        source, problem = read(file.shown)
    if problem:
        return _Opened(source, file.named, trace=FileTrace(source.filename, problems=(problem,)))
    job = _job(source, settings)
    if cache and (trace := cache.find(job)):
        models = [item.name for item in trace.models] + [item.model for item in trace.problems if item.model]
        return _Opened(source, file.named, frozenset(models), trace)
    found = survey(source, job.asked_for())
    if not found.targets:
        return _Opened(source, file.named, trace=FileTrace(source.filename, problems=found.problems))
    job = replace(job, imports=packages_needed(source, found.targets, job.path))
    return _Opened(source, file.named, frozenset(item.name for item in found.targets), None, job, began)


def _job(source: SourceFile, settings: Settings) -> Job:
    """How to trace a file, but for the packages that it imports."""
    return Job(
        filename=source.filename,
        path=os.path.abspath(source.filename),
        text=source.text,
        cells=source.cells,
        device=settings.device,
        inputs=settings.inputs,
        models=settings.models,
        verify=settings.verify,
        timeout=settings.timeout,
        allow_effects=settings.allow_effects,
    )


def _traced(opened: _Opened, trace: FileTrace) -> TracedFile:
    """With the remark that a file which the user named holds no model."""
    if opened.named and not trace.models and not trace.problems:
        remark = Problem(
            "no-model",
            "no model in this file",
            Span(trace.filename, 1, 1, 1, 1),
            help="a model derives from nn.Module, is an nn.Sequential, or is what a function returns",
        )
        trace = replace(trace, problems=(remark,))
    return TracedFile(opened.source, trace)


# -- from traces to findings


def judge(file: TracedFile, rules: Iterable[Rule]) -> FileResult:
    """Runs rules on the trace of a file. A rule that raises becomes a finding; the others go on."""
    traces = [Trace(model, run) for model in file.trace.models for run in model.passes]
    findings: list[Diagnostic] = []
    crashes = [file.trace.crash] if file.trace.crash else []
    for rule in rules:
        place = Span(file.source.filename, 1, 1, 1, 1)
        try:
            findings += _checked(rule.check_file(file.trace))
            for trace in traces:
                place = trace.model.span
                findings += _causes(_checked(rule.check(trace)), trace)
        except Exception as error:
            findings.append(_crash(rule, error, place))
            crashes.append(traceback.format_exc())
    placed = [_placed(finding, file.source) for finding in merge(findings)]
    return FileResult(
        file.source,
        file.trace,
        tuple(sorted(placed, key=_order)),
        tuple(crashes),
    )


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
            )
    return list(merged.values())


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
