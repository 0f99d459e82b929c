"""One document from its text to findings, in a thread of its own, which can be told to stop."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

from cnnlint.config import Configuration
from cnnlint.config.selection import rules_for
from cnnlint.fixes.fixing import repaired
from cnnlint.job import Job, Reads, Traced, WorkersUnavailable
from cnnlint.judging import judge, with_unused_comments
from cnnlint.result import FileResult
from cnnlint.server.shown import Shown
from cnnlint.tracing import trace_texts
from cnnlint.workers import Workers


@dataclass(frozen=True)
class Checked:
    """What a check found: the judged file, the models that were traced as editors show them, and which files
    that rests on."""

    result: FileResult
    models: tuple[Shown, ...]
    reads: Reads


class Check:
    """A check under way.

    Its methods raise CancelledError once `cancel` was called, UsageError for a wrong configuration,
    PluginError for a rule package that cannot be loaded, and WorkersUnavailable where nothing can be traced.
    """

    def __init__(self, workers: Workers):
        self._workers = workers
        self._lock = threading.Lock()
        self._cancelled = False
        self._waiting: Future[Traced] | None = None
        self._reads = Reads()

    def cancel(self) -> None:
        """Ends it from another thread, with the process that traces for it."""
        with self._lock:
            self._cancelled = True
            waiting = self._waiting
        if waiting is not None:
            waiting.cancel()

    def run(self, name: str, data: bytes, configuration: Configuration) -> Checked:
        """Lints a file of this name as if it held these bytes."""
        settings = configuration.at(name)
        rules = rules_for(name, settings)
        (file,) = trace_texts({name: data}, configuration, self._trace)
        self._go_on()
        (result,) = with_unused_comments([judge(file, rules, settings)])
        self._go_on()
        models = tuple(Shown(result.source, model) for model in result.trace.models if model.passes)
        return Checked(result, models, self._reads)

    def fix(self, file: FileResult, data: bytes, configuration: Configuration) -> bytes:
        """A judged file with its safe fixes that linting again confirms."""
        return repaired(file, data, configuration, self._trace)

    def _trace(self, jobs: Iterable[Job]) -> Iterator[Traced]:
        for job in jobs:
            try:
                traced = self._wait_for(job)
            except WorkersUnavailable:  # a server that has died is replaced
                traced = self._wait_for(job)
            self._reads = traced.reads or Reads()
            yield traced

    def _wait_for(self, job: Job) -> Traced:
        with self._lock:
            self._go_on()
            self._waiting = self._workers.submit(job)
        return self._waiting.result()

    def _go_on(self) -> None:
        if self._cancelled:
            raise CancelledError
