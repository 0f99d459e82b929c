"""The worker processes as the parent sees them: jobs in, traces out. torch is never imported here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnnlint.job import Job
from cnnlint.trace import FileTrace


def trace_files(jobs: Iterable[Job]) -> Iterator[FileTrace]:
    """The traces of the jobs, in their order. Never raises for what a file does."""
    raise NotImplementedError
