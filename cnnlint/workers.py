"""The worker processes as the parent sees them: jobs in, traces out. torch is never imported here."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from cnnlint.diagnostic import Span
from cnnlint.job import Job, Outcome, Reads, own_fault
from cnnlint.trace import FileTrace, Problem

WINDOW = 8
"""Jobs under way for each child that runs at once."""


class WorkersUnavailable(Exception):
    """The worker processes could not be started; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Traced:
    """The trace of a job; `reads` is what it rests on, or None where another run may give another."""

    trace: FileTrace
    reads: Reads | None = None


class Workers:
    """A running fork server; a context manager that ends it and its children."""

    def __init__(self, limit: int | None = None):
        self.limit = limit or os.cpu_count() or 1

    def __enter__(self) -> Workers:
        ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cnnlint.runtime.server", str(theirs.fileno()), str(self.limit)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        theirs.close()
        self._connection = Connection(ours.detach())
        return self

    def __exit__(self, *exception: object) -> None:
        self._connection.close()
        if exception[0] is not None:
            self._process.terminate()
        self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()

    def trace(self, jobs: Iterable[Job]) -> Iterator[Traced]:
        """The traces of the jobs, in their order."""
        queue = enumerate(jobs)
        sent: dict[int, Job] = {}
        outcomes: dict[int, Outcome] = {}
        try:
            for number in itertools.count():
                # No more than a window is under way, so that neither side waits for the other to read.
                for ahead, job in itertools.islice(queue, self.limit * WINDOW - len(sent)):
                    sent[ahead] = job
                    self._connection.send((ahead, job))
                if number not in sent:
                    return
                while number not in outcomes:
                    answered, outcome = self._connection.recv()
                    outcomes[answered] = outcome
                yield _traced(sent.pop(number), outcomes.pop(number))
        except (EOFError, OSError) as error:
            raise WorkersUnavailable(self._last_words()) from error

    def _last_words(self) -> str:
        self._process.wait()
        text = self._process.stderr.read().decode(errors="replace").strip() if self._process.stderr else ""
        last = text.splitlines()[-1] if text else f"exit status {self._process.returncode}"
        return f"the worker process ended: {last}"


def trace_files(jobs: Iterable[Job]) -> Iterator[Traced]:
    """The traces of the jobs, in their order. Never raises for what a file does.

    Raises:
        WorkersUnavailable: torch cannot be imported, or the device is not there.
    """
    with Workers() as workers:
        yield from workers.trace(jobs)


def _traced(job: Job, outcome: Outcome) -> Traced:
    if outcome.refused is not None:
        raise WorkersUnavailable(outcome.refused)
    if outcome.trace is not None and not (outcome.timed_out or outcome.died or outcome.crash):
        return Traced(outcome.trace, outcome.reads)
    seen = outcome.trace or FileTrace(job.filename)
    start = Span(job.filename, 1, 1, 1, 1)
    if outcome.timed_out:
        problem = Problem(
            "trace-incomplete",
            f"the file could not be traced within {job.timeout:g} s",
            start,
            help="give it more time with --timeout",
        )
    elif outcome.died is not None:
        problem = Problem("trace-incomplete", f"the file could not be traced: {outcome.died}", start)
    else:
        problem = own_fault((outcome.crash or "").strip().rpartition("\n")[2], start)
    trace = FileTrace(job.filename, seen.models, (*seen.problems, problem), seen.crash or outcome.crash)
    return Traced(trace)
