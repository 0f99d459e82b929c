"""Files read, looked up in the cache or handed to the workers, and their traces as they come."""

from __future__ import annotations

import os
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnlint.cache import Cache
from cnnlint.config import Configuration, Settings, UsageError
from cnnlint.config.models import configured, require_models
from cnnlint.diagnostic import Span
from cnnlint.files import STANDARD_INPUT, FilePath, collect
from cnnlint.fixes.suppression import skips
from cnnlint.job import Job, Reads, Traced, called_name
from cnnlint.result import TracedFile
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


def trace_paths(paths: Sequence[str], configuration: Settings | Configuration) -> Iterator[TracedFile]:
    """Reads and traces files and folders, in order. No worker is started where no file holds a model.

    Raises:
        UsageError: a path does not exist, the configuration says what there is not, or it or `--model`
            names no model of these files.
    """
    return trace_files(collect(paths, configuration), paths, configuration)


def trace_files(
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
    from cnnlint.evidence.packages import packages_needed
    from cnnlint.evidence.survey import survey

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
