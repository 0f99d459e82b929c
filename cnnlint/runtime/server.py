"""The fork server: imports torch once, then forks a child for each file.

It never runs an operator itself: after one, forked children hang in torch's thread pools. A file
that imports further packages is forked from a server of its own that has imported them already.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import sys
import time
import traceback
from collections import deque
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Any

from cnnlint.job import Job, Outcome
from cnnlint.trace import FileTrace


@dataclass
class Child:
    """A process that traces one file."""

    number: int
    pid: int
    deadline: float
    partial: FileTrace | None = None


class Server:
    """Takes jobs from `parent`, gives each to a child, and sends the outcomes back.

    Args:
        limit: children at once; 0 for a server of further imports, whose jobs are already counted.
    """

    def __init__(self, parent: Connection, limit: int):
        self.parent = parent
        self.limit = limit
        self.waiting: deque[tuple[int, Job]] = deque()
        self.children: dict[Connection, Child] = {}
        self.servers: dict[tuple[str, ...], Connection] = {}
        self.delegated: dict[int, Job] = {}

    def serve(self) -> None:
        """Until the parent closes its end; then every child is killed."""
        try:
            while self._step():
                pass
        finally:
            for child in self.children.values():
                _kill(child.pid)
            for server in self.servers.values():
                server.close()

    def _step(self) -> bool:
        timeout = None
        if self.children:
            timeout = max(0.0, min(child.deadline for child in self.children.values()) - time.monotonic())
        for ready in wait([self.parent, *self.children, *self.servers.values()], timeout):
            assert isinstance(ready, Connection)
            if ready is self.parent:
                try:
                    self.waiting.append(ready.recv())
                except EOFError:
                    return False
            elif ready in self.children:
                self._finished(ready)
            else:
                self._relay(ready)
        self._expire()
        while self.waiting and (not self.limit or len(self.children) + len(self.delegated) < self.limit):
            self._start(*self.waiting.popleft())
        return True

    def _start(self, number: int, job: Job) -> None:
        if self.limit and job.imports:
            self._delegate(number, job)
            return
        reader, writer = _pipe()
        pid = os.fork()
        if pid == 0:
            reader.close()
            self._forget()
            _trace(job, writer)
        writer.close()
        self.children[reader] = Child(number, pid, time.monotonic() + job.timeout)

    def _delegate(self, number: int, job: Job) -> None:
        """Hand a job to the server that has its imports, starting one if there is none."""
        server = self.servers.get(job.imports)
        if server is None:
            server, theirs = _socket_pair()
            if os.fork() == 0:
                server.close()
                self._forget()
                _import_all(job.imports)
                with contextlib.suppress(KeyboardInterrupt, OSError):
                    Server(theirs, 0).serve()
                os._exit(0)
            theirs.close()
            self.servers[job.imports] = server
        self.delegated[number] = job
        with contextlib.suppress(OSError):  # a server that has died is noticed in _relay
            server.send((number, job))

    def _forget(self) -> None:
        """In a forked child: close what belongs to the server."""
        for connection in (*self.children, *self.servers.values()):
            connection.close()
        self.parent.close()

    def _finished(self, connection: Connection) -> None:
        """Take what a child sent: a trace so far, or its outcome, or nothing more."""
        child = self.children[connection]
        try:
            outcome = connection.recv()
        except (EOFError, OSError):
            outcome = Outcome(child.partial, died=_how_it_ended(child.pid))
        else:
            if isinstance(outcome, FileTrace):
                child.partial = outcome
                return
            _reap(child.pid)
        del self.children[connection]
        connection.close()
        self.parent.send((child.number, outcome))

    def _relay(self, server: Connection) -> None:
        try:
            message = server.recv()
        except (EOFError, OSError):
            self._server_died(server)
            return
        del self.delegated[message[0]]
        self.parent.send(message)

    def _server_died(self, server: Connection) -> None:
        """An import ended the process: its files are traced without importing ahead, so that only those
        that really run the import fail."""
        imports = next(key for key, value in self.servers.items() if value is server)
        del self.servers[imports]
        server.close()
        for number, job in list(self.delegated.items()):
            if job.imports == imports:
                del self.delegated[number]
                self.waiting.append((number, replace(job, imports=())))

    def _expire(self) -> None:
        now = time.monotonic()
        for connection, child in list(self.children.items()):
            if now >= child.deadline:
                _kill(child.pid)
                del self.children[connection]
                connection.close()
                self.parent.send((child.number, Outcome(child.partial, timed_out=True)))


def _trace(job: Job, writer: Connection) -> None:
    """In the child: trace the file, send the outcome, end."""
    status = 0
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _quiet()
        import torch

        from cnnlint.runtime.guard import limit_memory
        from cnnlint.runtime.reads import Recorder
        from cnnlint.runtime.session import trace_file

        torch.set_num_threads(1)
        gc.disable()
        limit_memory()
        if job.device == "cuda" and not torch.cuda.is_available():
            outcome = Outcome(refused="--device cuda: torch finds no CUDA device here")
        else:
            recorder = Recorder(job.path)
            recorder.start()
            trace = trace_file(job, writer.send)
            outcome = Outcome(trace, reads=recorder.reads())
    except BaseException:
        outcome = Outcome(crash=traceback.format_exc())
        status = 1
    with contextlib.suppress(OSError):
        writer.send(outcome)
    os._exit(status)


def _quiet() -> None:
    """Nothing that the file prints reaches the user, and nothing waits for input."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _import_all(names: tuple[str, ...]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
    for name in names:
        with contextlib.suppress(BaseException):
            importlib.import_module(name)


def _pipe() -> tuple[Connection, Connection]:
    reader, writer = os.pipe()
    return Connection(reader, writable=False), Connection(writer, readable=False)


def _socket_pair() -> tuple[Connection, Connection]:
    import socket

    one, two = socket.socketpair()
    return Connection(one.detach()), Connection(two.detach())


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
    _reap(pid)


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _how_it_ended(pid: int) -> str:
    """What became of a child that sent nothing."""
    try:
        _, status = os.waitpid(pid, 0)
    except ChildProcessError:
        return "the process vanished"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"the process was ended by signal {number} ({signal.Signals(number).name})"
    return f"the process ended itself with status {os.WEXITSTATUS(status)}"


def _prepare() -> None:
    """Everything that children would otherwise import or compute again; no operator is run."""
    from cnnlint.runtime import functions, patches, session

    patches.install()
    functions.operators()
    functions.transparent()
    functions.data_dependent()
    session.prepare()


def main() -> Any:
    """`python -m cnnlint.runtime.server DESCRIPTOR LIMIT`: serve on an inherited socket."""
    connection = Connection(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the children are killed too
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    _prepare()
    gc.collect()
    gc.freeze()
    Server(connection, int(sys.argv[2])).serve()


if __name__ == "__main__":
    main()
