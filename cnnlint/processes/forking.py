"""The fork server (`cnnlint.runtime.server`) as the parent sees it."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future
from multiprocessing.connection import Connection

from cnnlint.job import Job, Outcome, Traced, WorkersUnavailable
from cnnlint.processes import settle


class ForkServer:
    """One fork server, and who waits for its answers. A thread reads them as they come, so that the server
    never waits for us while we wait for it to take a job.

    Attributes:
        ended: whether it is no more.
    """

    def __init__(self, limit: int, engine: str):
        self.ended = False
        self._socket, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cnnlint.runtime.server", str(theirs.fileno()), str(limit), engine],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        theirs.close()
        self._connection = Connection(os.dup(self._socket.fileno()))
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, tuple[Job, Future[Traced]]] = {}
        self._reader = threading.Thread(target=self._read, name="fork server's answers", daemon=True)
        self._reader.start()

    def submit(self, job: Job) -> Future[Traced]:
        """See `Workers.submit`."""
        future: Future[Traced] = Future()
        number = next(self._numbers)
        with self._lock:
            if self.ended:
                future.set_exception(WorkersUnavailable(self._last_words))
                return future
            self._waiting[number] = job, future
        self._send(number, job)
        future.add_done_callback(lambda done: self._send(number, None) if done.cancelled() else None)
        return future

    def end(self) -> None:
        """The server kills its children and ends when it sees our end closed. One that is still importing
        torch does not look yet, but it does not ignore the signal yet either."""
        self._socket.shutdown(socket.SHUT_WR)
        self._process.terminate()
        self._reader.join()
        self._connection.close()
        self._socket.close()

    def _send(self, number: int, job: Job | None) -> None:
        """A number without a job cancels the one that it had."""
        with self._sending:
            try:
                self._connection.send((number, job))
            except OSError:
                return  # the reader learns that the server has ended

    def _read(self) -> None:
        """In the thread: gives each answer to the one who waits for it, until the server ends."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                number, outcome = self._connection.recv()
                with self._lock:
                    job, future = self._waiting.pop(number)
                settle(future, job, outcome)
        said = self._process.communicate()[1].decode(errors="replace").strip()
        with self._lock:
            self.ended = True
            last = said.splitlines()[-1] if said else f"exit status {self._process.returncode}"
            self._last_words = f"the worker process ended: {last}"
            left = list(self._waiting.values())
        for job, future in left:
            settle(future, job, Outcome(refused=self._last_words))
