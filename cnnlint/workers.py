"""The worker processes as the parent sees them: jobs in, traces out. torch is never imported here.

Processes of two kinds trace: those that have the stand-in, which try every file, and those that have torch,
which are started when a file needs it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Protocol

from cnnlint.engines import has_torch, needs_torch
from cnnlint.job import STAND_IN, TORCH, Job, Traced, WorkersUnavailable


class Processes(Protocol):
    """Processes of one kind, which import their engine from when they are made on.

    Attributes:
        ended: whether they are no more, so that others are needed.
    """

    ended: bool

    def submit(self, job: Job) -> Future[Traced]: ...

    def end(self) -> None:
        """Stops them, whatever they are doing."""


class Workers:
    """Worker processes, started with the first job or by `start`, and again where they have died; a context
    manager that ends them. It serves several threads.

    Args:
        limit: files that are traced at once, by default as many as there are processors.
    """

    def __init__(self, limit: int | None = None):
        self.limit = limit or processors()
        self._lock = threading.Lock()
        self._processes: dict[str, Processes] = {}
        self._ending = False

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()

    def start(self, engine: str = STAND_IN) -> Processes:
        """Has processes import an engine now, so that it is there when the first job comes."""
        with self._lock:
            if self._ending:
                raise WorkersUnavailable("the worker processes are being stopped")
            processes = self._processes.get(engine)
            if processes is None or processes.ended:
                processes = self._processes[engine] = _processes(self.limit, engine)
            return processes

    def submit(self, job: Job) -> Future[Traced]:
        """The trace of a job, in the future; to cancel it ends its process. It never raises for what a file
        does, but WorkersUnavailable where torch is needed and cannot be imported, the device is not there, or
        the worker process dies."""
        needed = needs_torch(job)
        if needed is not None and has_torch():
            return self._by_torch(job, needed)
        if job.device != "meta" or job.verify:
            refused: Future[Traced] = Future()
            refused.set_exception(WorkersUnavailable(f"{needed} needs torch, which is not installed"))
            return refused
        tried = self.start().submit(replace(job, alone=not has_torch()))
        if not has_torch():
            return tried
        return _Chained(tried, partial(self._by_torch, job)).future

    def _by_torch(self, job: Job, needed: str) -> Future[Traced]:
        return self.start(TORCH).submit(replace(job, needed=needed))

    def trace(self, jobs: Iterable[Job]) -> Iterator[Traced]:
        """The traces of the jobs, in their order. Raises WorkersUnavailable as `submit` does."""
        futures = [self.submit(job) for job in jobs]
        for future in futures:
            yield future.result()

    def end(self) -> None:
        """Stops the processes that run, whatever they are doing."""
        with self._lock:
            running = list(self._processes.values())
            self._processes.clear()
            self._ending = True
        try:
            for processes in running:  # whose threads may be about to start others
                processes.end()
        finally:
            with self._lock:
                self._ending = False


class _Chained:
    """The trace by the stand-in, and where that needs torch, the one by torch."""

    def __init__(self, tried: Future[Traced], by_torch: Callable[[str], Future[Traced]]):
        self.future: Future[Traced] = Future()
        self._by_torch = by_torch
        self._current = tried
        self.future.add_done_callback(lambda done: self._current.cancel() if done.cancelled() else None)
        tried.add_done_callback(self._tried)

    def _tried(self, tried: Future[Traced]) -> None:
        if tried.cancelled() or tried.exception() is not None:
            self._settle(tried)
            return
        needs = tried.result().needs
        if needs is None or self.future.cancelled():
            self._settle(tried)
            return
        try:
            self._current = self._by_torch(needs)
        except (WorkersUnavailable, OSError) as error:
            if self.future.set_running_or_notify_cancel():
                self.future.set_exception(error)
            return
        self._current.add_done_callback(self._settle)

    def _settle(self, done: Future[Traced]) -> None:
        """Hands on what became of a trace."""
        if done.cancelled():
            self.future.cancel()
        elif self.future.set_running_or_notify_cancel():
            error = done.exception()
            if error is not None:
                self.future.set_exception(error)
            else:
                self.future.set_result(done.result())


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processes(limit: int, engine: str) -> Processes:
    if hasattr(os, "fork"):
        from cnnlint.processes.forking import ForkServer

        return ForkServer(limit, engine)
    from cnnlint.processes.spawning import SpawnedProcesses

    return SpawnedProcesses(limit, engine)
