"""The worker processes as the parent sees them: jobs in, traces out. torch is never imported here."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Protocol

from cnnlint.job import Job, Traced


class Processes(Protocol):
    """Processes of one kind, which import torch from when they are made on.

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
        self._processes: Processes | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()

    def start(self) -> Processes:
        """Has the processes import torch now, so that it is there when the first job comes."""
        with self._lock:
            if self._processes is None or self._processes.ended:
                self._processes = _processes(self.limit)
            return self._processes

    def submit(self, job: Job) -> Future[Traced]:
        """The trace of a job, in the future; to cancel it ends its process. It never raises for what a file
        does, but WorkersUnavailable where torch cannot be imported, the device is not there, or the worker
        process dies."""
        return self.start().submit(job)

    def trace(self, jobs: Iterable[Job]) -> Iterator[Traced]:
        """The traces of the jobs, in their order. Raises WorkersUnavailable as `submit` does."""
        futures = [self.submit(job) for job in jobs]
        for future in futures:
            yield future.result()

    def end(self) -> None:
        """Stops the processes that run, whatever they are doing."""
        with self._lock:
            if self._processes is not None:
                self._processes.end()
                self._processes = None


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processes(limit: int) -> Processes:
    if hasattr(os, "fork"):
        from cnnlint.processes.forking import ForkServer

        return ForkServer(limit)
    from cnnlint.processes.spawning import SpawnedProcesses

    return SpawnedProcesses(limit)
