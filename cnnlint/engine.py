"""The pipeline: paths to files, files to traces, traces to findings."""

from __future__ import annotations

import os
import re
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnlint.cache import Cache
from cnnlint.config import Configuration, Settings, UsageError
from cnnlint.config.models import configured, require_models
from cnnlint.config.selection import known_rules, rules_for
from cnnlint.diagnostic import Diagnostic, Edit, Fix, Severity, Span
from cnnlint.files import STANDARD_INPUT, FilePath, collect, is_forced_out
from cnnlint.fixes.suppression import Ignores, Places, Use, places, silence, skips, unused
from cnnlint.graph import Trace
from cnnlint.job import Job, Reads, Traced, called_name
from cnnlint.plugin import Rule
from cnnlint.result import FileResult, Result, TracedFile
from cnnlint.source.file import SourceFile
from cnnlint.source.reading import Reading, read, read_bytes
from cnnlint.traces import FileTrace, Problem

if TYPE_CHECKING:
    from concurrent.futures import Future

    from cnnlint.workers import Workers

Tracer = Callable[[Iterable[Job]], Iterator[Traced]]
"""Gives the traces of jobs in their order, as `Workers.trace` does."""

MOST_UNDER_WAY = 32
"""Files that are read ahead for each that is traced at once."""


class Listener:
    """Hears of a run while it goes on. This one does nothing."""

    def began(self, files: int) -> None:
        """So many files are looked at."""

    def judged(self) -> None:
        """One more file is done."""

    def told(self, file: FileResult) -> None:
        """What is found in a file is final; files come in their order."""


def check(
    paths: Sequence[str],
    configuration: Settings | Configuration,
    texts: Mapping[str, bytes] = MappingProxyType({}),
    workers: Workers | None = None,
    listener: Listener | None = None,
) -> Result:
    """Lints files and folders; `texts` are the contents of files that are not to be read again. Without
    `workers` it starts and ends some of its own, if a file needs them.

    Raises:
        UsageError: a path does not exist, or the configuration says what there is not.
        PluginError: a rule package cannot be loaded.
        WorkersUnavailable: nothing can be traced.
    """
    listener = listener or Listener()
    files = collect(paths, configuration)
    listener.began(len(files))

    def load_rules() -> None:
        for path in (*paths, *(file.shown for file in files)):
            rules_for(path, configuration.at(path))

    if any(configuration.at(path).names_rules for path in (*paths, *(file.shown for file in files))):
        load_rules()  # what is wrong there is told before anything is started
    told = []
    with closing(_trace(files, paths, configuration, texts, workers, load_rules)) as traced:
        for file in without_repeats(with_unused_comments(_judged(traced, configuration, listener))):
            listener.told(file)
            told.append(file)
    looked_at = [path for path in paths if not is_forced_out(path, configuration)]
    return Result(
        tuple(told), tuple(looked_at), configuration.run.advice, partial=not configuration.run.shard.whole
    )


def _judged(
    files: Iterable[TracedFile], configuration: Settings | Configuration, listener: Listener
) -> Iterator[FileResult]:
    for file in files:
        settings = configuration.at(file.source.filename)
        yield judge(file, rules_for(file.source.filename, settings), settings)
        listener.judged()


# -- from paths to traces


def trace_paths(paths: Sequence[str], configuration: Settings | Configuration) -> Iterator[TracedFile]:
    """Reads and traces files and folders, in order. No worker is started where no file holds a model.

    Raises:
        UsageError: a path does not exist, the configuration says what there is not, or it or `--model`
            names no model of these files.
    """
    return _trace(collect(paths, configuration), paths, configuration)


def _trace(
    files: Sequence[FilePath],
    paths: Sequence[str],
    configuration: Settings | Configuration,
    texts: Mapping[str, bytes] = MappingProxyType({}),
    workers: Workers | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Generator[TracedFile]:
    """The files in their order, each as soon as it and those before it are traced. `meanwhile` is called
    once, while the first of them may be under way."""
    run = configuration.run
    cache = Cache(run.cache) if run.cache else None
    wanted = {called_name(call): call for call in run.models}
    waiting: deque[tuple[_Opened, Future[Traced] | None]] = deque()
    under_way: set[Future[Traced]] = set()
    with ExitStack() as stack:

        def start() -> Workers:
            nonlocal workers
            if workers is None:
                from cnnlint.workers import Workers

                workers = stack.enter_context(Workers(run.jobs))
            workers.start()
            return workers

        def settled(opened: _Opened, future: Future[Traced] | None) -> TracedFile:
            if future is None:
                assert opened.traced is not None
                return _traced(opened, opened.traced)
            traced = future.result()
            if cache and opened.job and traced.reads:
                cache.keep(opened.job, traced.trace, traced.reads, opened.began)
            return _traced(opened, traced)

        try:
            for file in files:
                settings = configuration.at(file.shown)
                opened = _open(file, settings, cache, texts, start)
                if opened.models:
                    require_models(opened.source.filename, settings, opened.models)
                for name in opened.models & set(wanted):
                    del wanted[name]
                future = start().submit(opened.job) if opened.job else None
                waiting.append((opened, future))
                if future:
                    under_way.add(future)
                    future.add_done_callback(under_way.discard)
                if meanwhile:
                    meanwhile()
                    meanwhile = None
                while waiting and (
                    waiting[0][1] is None
                    or waiting[0][1].done()
                    or (workers and len(under_way) >= workers.limit * MOST_UNDER_WAY)
                ):
                    yield settled(*waiting.popleft())
            for name, call in wanted.items() if run.shard.whole else ():
                raise UsageError(f"--model {call}: no model {name} in {', '.join(paths)}")
            while waiting:
                yield settled(*waiting.popleft())
        finally:
            for _, future in waiting:
                if future:
                    future.cancel()
    if cache:
        cache.trim()


def trace_texts(
    texts: Mapping[str, bytes], configuration: Settings | Configuration, trace: Tracer
) -> list[TracedFile]:
    """Traces files of these names as if they held these bytes."""
    opened = [
        _prepared(read_bytes(data, name), False, configuration.at(name)) for name, data in texts.items()
    ]
    traces = trace(item.job for item in opened if item.job)
    return [_traced(item, item.traced or next(traces)) for item in opened]


_LOOKS_LIKE_A_MODEL = re.compile(
    r"\bclass\s+\w+\s*\([^)]*Module\b|\bSequential\(|\bmodels\.\w+\(|\bcreate_model\("
)
"""The survey decides; this says only whether it is worth starting a process before."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file whose text was read: with what was `traced` where that is known already, else with the `job` of
    tracing it, which began at `began` (seconds since the epoch). `models` are the names in it."""

    source: SourceFile
    named: bool
    models: frozenset[str] = frozenset()
    traced: Traced | None = None
    job: Job | None = None
    began: float = 0.0
    skipped: bool = False


def _open(
    file: FilePath,
    settings: Settings,
    cache: Cache | None,
    texts: Mapping[str, bytes],
    start: Callable[[], object],
) -> _Opened:
    name = settings.stdin_filename if file.shown == STANDARD_INPUT else file.shown
    if name in texts:
        reading = read_bytes(texts[name], name)
    elif file.shown == STANDARD_INPUT:
        reading = read_bytes(standard_input(), name)
    else:
        reading = read(name)
    return _prepared(reading, file.named, settings, cache, start)


def standard_input() -> bytes:
    """What standard input holds.

    Raises:
        UsageError: it is closed.
    """
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    return sys.stdin.buffer.read()


def _prepared(
    reading: Reading,
    named: bool,
    settings: Settings,
    cache: Cache | None = None,
    start: Callable[[], object] | None = None,
) -> _Opened:
    """A file that was read. `start` is called once it looks as if it must be traced, so that torch is
    imported while its text is looked at."""
    began = time.time()
    source, problem = reading
    if skips(source):
        return _Opened(source, named, traced=Traced(FileTrace(source.filename)), skipped=True)
    if problem:
        return _Opened(source, named, traced=Traced(FileTrace(source.filename, problems=(problem,))))
    job = _job(source, settings)
    if cache and (traced := cache.find(job)):
        models = [item.name for item in traced.trace.models]
        models += [item.model for item in traced.trace.problems if item.model]
        return _Opened(source, named, frozenset(models), traced)
    if start and _LOOKS_LIKE_A_MODEL.search(source.text):
        start()
    # A file that the cache knows needs none of this.
    from cnnlint.source.packages import packages_needed
    from cnnlint.source.survey import survey

    found = survey(source, job.asked_for())
    if not found.targets:
        return _Opened(source, named, traced=Traced(FileTrace(source.filename, problems=found.problems)))
    job = replace(job, imports=packages_needed(source, found.targets, job.path))
    return _Opened(source, named, frozenset(item.name for item in found.targets), None, job, began)


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
        configured=configured(source.filename, settings),
        verify=settings.verify,
        timeout=settings.timeout,
        allow_effects=settings.allow_effects,
        sizes=settings.sizes,
    )


def _traced(opened: _Opened, traced: Traced) -> TracedFile:
    """With the remark that a file which the user named holds no model."""
    trace = traced.trace
    if opened.named and not (trace.models or trace.problems or opened.skipped):
        remark = Problem(
            "no-model",
            "no whole model in this file",
            Span(trace.filename, 1, 1, 1, 1),
            help="a model derives from nn.Module, is an nn.Sequential, or is what a function returns; parts "
            "are linted in the models that are built of them",
        )
        trace = replace(trace, problems=(remark,))
    return TracedFile(opened.source, trace, skipped=opened.skipped, reads=traced.reads or Reads())


# -- from traces to findings


def judge(file: TracedFile, rules: Iterable[Rule], settings: Settings | None = None) -> FileResult:
    """Runs rules on the trace of a file. A rule that raises becomes a finding; the others go on."""
    settings = settings or Settings()
    traces = [Trace(model, run, file.source) for model in file.trace.models for run in model.passes]
    found: list[Places] = []
    crashes = [file.trace.crash] if file.trace.crash else []
    for rule in rules:
        place = Span(file.source.filename, 1, 1, 1, 1)
        try:
            found += [places(finding) for finding in _checked(rule.check_file(file.trace))]
            for trace in traces:
                place = trace.model.span
                judged = _causes(_checked(rule.check(trace)), trace)
                found += [places(finding, trace) for finding in judged]
        except Exception as error:
            found.append(places(_crash(rule, error, place)))
            crashes.append(traceback.format_exc())
    findings, used = silence(found, lambda name: _comments(name, file.source, settings))
    return FileResult(
        file.source,
        file.trace,
        _in_order(merge(findings), file.source),
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
