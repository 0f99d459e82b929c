"""How the processes that trace files are had: forked from one that has torch, or spawned."""

from __future__ import annotations

from concurrent.futures import Future

from cnnlint.job import Job, Outcome, Traced, WorkersUnavailable, traced


def settle(future: Future[Traced], job: Job, outcome: Outcome) -> None:
    """Gives what became of a job to the one who waits for it, if anybody still does."""
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(traced(job, outcome))
        except WorkersUnavailable as error:
            future.set_exception(error)
