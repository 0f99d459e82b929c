"""A process a file, started afresh: for systems without fork. Each imports torch anew, since what a file does
to an interpreter cannot be undone."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from cnnlint.job import Job, Outcome, Traced, how_it_ended
from cnnlint.processes import settle
from cnnlint.traces import FileTrace

LONGEST_IMPORT = 60.0
"""Seconds for a process to import torch."""

GRACE = 1.0
"""Seconds for a process that is done to end by itself."""


class SpawnedProcesses:
    """Processes that each trace one file; the first imports torch from now on.

    Attributes:
        ended: whether they are no more.
    """

    def __init__(self, limit: int, engine: str):
        self.ended = False
        self._engine = engine
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(limit, "spawned process")
        self._scratch = tempfile.mkdtemp(prefix="cnnlint-")
        self._processes: list[subprocess.Popen[bytes]] = []
        self._idle = [self._started()]

    def submit(self, job: Job) -> Future[Traced]:
        """See `Workers.submit`."""
        future: Future[Traced] = Future()
        self._threads.submit(self._trace, job, future)
        return future

    def end(self) -> None:
        """Kills them all."""
        with self._lock:
            self.ended = True
            for process in self._processes:
                process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._idle:
            process.communicate()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _trace(self, job: Job, future: Future[Traced]) -> None:
        """In a thread: one file from its job to its trace."""
        with self._lock:
            if self.ended or future.cancelled():
                return
            process = self._idle.pop() if self._idle else self._started()
        future.add_done_callback(lambda done: process.kill() if done.cancelled() else None)
        outcome = _outcome(process, self._scratch, job)
        with self._lock:
            self._processes.remove(process)
        settle(future, job, outcome)

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cnnlint.runtime.spawned", self._engine],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._processes.append(process)
        return process


def _outcome(process: subprocess.Popen[bytes], scratch: str, job: Job) -> Outcome:
    """Has a process trace a file, and sees to its end."""
    limit = TimeLimit(process)
    with process:  # which closes the pipes in the end
        try:
            return _traced(process, limit, scratch, job)
        finally:
            limit.cancel()
            process.kill()


def _traced(process: subprocess.Popen[bytes], limit: TimeLimit, scratch: str, job: Job) -> Outcome:
    assert process.stdin and process.stdout and process.stderr
    partial: FileTrace | None = None
    try:
        limit.set(LONGEST_IMPORT)
        pickle.load(process.stdout)  # it is ready
    except EOFError:
        said = process.stderr.read().decode(errors="replace").strip()
        last = said.splitlines()[-1] if said else how_it_ended(process.wait())
        return Outcome(refused=f"the worker process ended: {last}")
    try:
        limit.set(job.timeout)
        process.stdin.write(pickle.dumps((scratch, job)))
        process.stdin.flush()
        while isinstance(message := pickle.load(process.stdout), FileTrace):
            partial = message
            limit.set(job.timeout)
        assert isinstance(message, Outcome)
        return message if message.trace else replace(message, trace=partial)
    except Exception:  # its end, or what the file's code has written there
        if limit.expired:
            return Outcome(partial, timed_out=True)
        return Outcome(partial, died=_end(process))


class TimeLimit:
    """Kills a process when its time is over.

    Attributes:
        expired: whether it was.
    """

    def __init__(self, process: subprocess.Popen[bytes]):
        self.expired = False
        self._process = process
        self._timer: threading.Timer | None = None

    def set(self, seconds: float) -> None:
        """So many seconds from now, whatever was left."""
        self.cancel()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.start()

    def cancel(self) -> None:
        """No limit from now on."""
        if self._timer:
            self._timer.cancel()

    def _end(self) -> None:
        self.expired = True
        self._process.kill()


def _end(process: subprocess.Popen[bytes]) -> str:
    """How a process ended that sends nothing more."""
    try:
        return how_it_ended(process.wait(GRACE))
    except subprocess.TimeoutExpired:
        return "the process closed its connection to cnnlint"
