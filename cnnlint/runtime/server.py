"""The fork server: imports torch or what stands for it once, then forks a child for each file.

It never runs an operator itself: after one, forked children hang in torch's thread pools. A file
that imports further packages is forked from a server of its own that has imported them already.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Any

from cnnlint.job import Job, Outcome, how_it_ended
from cnnlint.runtime.child import prepare, trace
from cnnlint.traces import FileTrace

LONGEST_IMPORT = 60.0
"""Seconds for the imports that files share; when they are over, each file runs its own."""

MOST_SERVERS = 8
"""Servers of further imports that are kept; an editor's session meets many in a day."""

GRACE = 1.0
"""Seconds for a process that is done to end by itself."""


@dataclass
class Child:
    """A process that traces one file, and may write into its scratch folder and into caches only. Each model
    of the file has `seconds` of its own."""

    number: int
    pid: int
    seconds: float
    deadline: float
    scratch: str
    partial: FileTrace | None = None

    def end(self, grace: float = 0.0) -> int | None:
        """End it, as `_end` does, and remove its folder."""
        try:
            return _end(self.pid, grace)
        finally:
            shutil.rmtree(self.scratch, ignore_errors=True)


@dataclass
class ImportServer:
    """A server of further imports; it has a deadline until they are done."""

    imports: tuple[str, ...]
    pid: int
    connection: Connection
    deadline: float


class Server:
    """Takes jobs from `parent`, gives each to a child, and sends the outcomes back. A number without a job
    cancels the one that it had.

    Args:
        limit: children at once; 0 for a server of further imports, whose jobs are already counted.
        scratch: the folder in which each child has its own.
    """

    def __init__(self, parent: Connection, limit: int, scratch: str):
        self.parent = parent
        self.limit = limit
        self.scratch = scratch
        self.waiting: deque[tuple[int, Job]] = deque()
        self.children: dict[Connection, Child] = {}
        self.done: list[Child] = []
        self.servers: dict[Connection, ImportServer] = {}
        self.delegated: dict[int, Job] = {}

    def serve(self) -> None:
        """Until the parent closes its end, however it ended; then every child is killed."""
        try:
            while self._step():
                pass
        finally:
            for child in (*self.children.values(), *self.done):
                _end(child.pid)
            for server in self.servers.values():
                server.connection.close()
            for server in self.servers.values():
                _end(server.pid, 0 if server.deadline < math.inf else GRACE)

    def _step(self) -> bool:
        started: list[Child | ImportServer] = [*self.children.values(), *self.servers.values()]
        deadline = min((item.deadline for item in started), default=math.inf)
        timeout = max(0.0, deadline - time.monotonic()) if deadline < math.inf else None
        for ready in wait([self.parent, *self.children, *self.servers], timeout):
            assert isinstance(ready, Connection)
            if ready is self.parent:
                try:
                    number, job = ready.recv()
                except EOFError:
                    return False
                if job is None:
                    self._cancel(number)
                else:
                    self.waiting.append((number, job))
            elif ready in self.children:
                self._finished(ready)
            elif ready in self.servers:
                self._relay(self.servers[ready])
        self._expire()
        while self.waiting and (not self.limit or len(self.children) + len(self.delegated) < self.limit):
            self._start(*self.waiting.popleft())
        while self.done:  # only now, since to take a process down takes a while
            self.done.pop().end()
        return True

    def _start(self, number: int, job: Job) -> None:
        if self.limit and job.imports:
            self._delegate(number, job)
            return
        reader, writer = _pipe()
        scratch = os.path.join(self.scratch, str(number))
        pid = os.fork()
        if pid == 0:
            reader.close()
            self._forget()
            trace(job, scratch, writer)
        writer.close()
        self.children[reader] = Child(number, pid, job.timeout, time.monotonic() + job.timeout, scratch)

    def _cancel(self, number: int) -> None:
        """Give up a job, unless it is answered already."""
        job = self.delegated.get(number)
        for server in self.servers.values():
            if job is not None and server.imports == job.imports:
                with contextlib.suppress(OSError):
                    server.connection.send((number, None))
        for connection, child in list(self.children.items()):
            if child.number == number:
                child.end()
                self._answer(connection, Outcome())
        for entry in [entry for entry in self.waiting if entry[0] == number]:
            self.waiting.remove(entry)
            self.parent.send((number, Outcome()))

    def _delegate(self, number: int, job: Job) -> None:
        """Hand a job to the server that has its imports, starting one if there is none."""
        server = next((item for item in self.servers.values() if item.imports == job.imports), None)
        if server is None:
            self._make_room()
            server = self._import_server(job.imports)
        self.servers[server.connection] = self.servers.pop(server.connection)  # the last one used is last
        self.delegated[number] = job
        with contextlib.suppress(OSError):  # a server that has died is noticed in _relay
            server.connection.send((number, job))

    def _make_room(self) -> None:
        """End the server that was not used for longest, where there are many; never one that is at work."""
        busy = {job.imports for job in self.delegated.values()}
        idle = [server for server in self.servers.values() if server.imports not in busy]
        if len(self.servers) >= MOST_SERVERS and idle:
            self._without(idle[0])

    def _import_server(self, imports: tuple[str, ...]) -> ImportServer:
        ours, theirs = _socket_pair()
        pid = os.fork()
        if pid == 0:
            try:
                ours.close()
                self._forget()
                os.setpgid(0, 0)
                _import_all(imports)
                theirs.send(None)
                Server(theirs, 0, self.scratch).serve()
            finally:
                os._exit(0)
        theirs.close()
        self.servers[ours] = ImportServer(imports, pid, ours, time.monotonic() + LONGEST_IMPORT)
        return self.servers[ours]

    def _forget(self) -> None:
        """In a forked child: close what belongs to the server, whose children are not ours."""
        for connection in (*self.children, *self.servers, self.parent):
            connection.close()
        self.children.clear()
        self.servers.clear()

    def _finished(self, connection: Connection) -> None:
        """Take what a child sent: a trace so far, or its outcome, or nothing more."""
        child = self.children[connection]
        try:
            outcome = connection.recv()
        except Exception:  # its end, or what the file's code has written there
            outcome = Outcome(child.partial, died=_how_it_ended(child.end(GRACE)))
            self._answer(connection, outcome)
            return
        if isinstance(outcome, FileTrace):
            child.partial = outcome
            child.deadline = time.monotonic() + child.seconds
            return
        self.done.append(child)
        self._answer(connection, outcome)

    def _answer(self, connection: Connection, outcome: Outcome) -> None:
        """Send what became of a child."""
        child = self.children.pop(connection)
        connection.close()
        if outcome.trace is None:
            outcome = replace(outcome, trace=child.partial)
        self.parent.send((child.number, outcome))

    def _relay(self, server: ImportServer) -> None:
        try:
            message = server.connection.recv()
        except (EOFError, OSError):
            self._without(server)
            return
        if message is None:
            server.deadline = math.inf
            return
        del self.delegated[message[0]]
        self.parent.send(message)

    def _without(self, server: ImportServer) -> None:
        """An import ended the process, or goes on and on: its files are traced without importing ahead,
        so that only those that really run the import fail."""
        _end(server.pid)
        del self.servers[server.connection]
        server.connection.close()
        for number, job in list(self.delegated.items()):
            if job.imports == server.imports:
                del self.delegated[number]
                self.waiting.append((number, replace(job, imports=())))

    def _expire(self) -> None:
        now = time.monotonic()
        for connection, child in list(self.children.items()):
            if now >= child.deadline:
                child.end()
                self._answer(connection, Outcome(timed_out=True))
        for server in list(self.servers.values()):
            if now >= server.deadline:
                self._without(server)


def _import_all(names: tuple[str, ...]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)
    for name in names:
        with contextlib.suppress(BaseException):
            importlib.import_module(name)
    from cnnlint.runtime.reads import module_files

    module_files()


def _pipe() -> tuple[Connection, Connection]:
    reader, writer = os.pipe()
    return Connection(reader, writable=False), Connection(writer, readable=False)


def _socket_pair() -> tuple[Connection, Connection]:
    import socket

    one, two = socket.socketpair()
    return Connection(one.detach()), Connection(two.detach())


def _end(pid: int, grace: float = 0.0) -> int | None:
    """End a process and what it has started. Its wait status where it ended by itself within the `grace`
    seconds that it is given, else None."""
    status = None
    deadline = time.monotonic() + grace
    while grace and status is None and time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if not ended:
            status = None
            time.sleep(0.005)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    if status is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return status


def _how_it_ended(status: int | None) -> str:
    """What became of a child that sent nothing, by its wait status."""
    if status is None:
        return "the process closed its connection to cnnlint"
    return how_it_ended(os.waitstatus_to_exitcode(status))


def main() -> Any:
    """`python -m cnnlint.runtime.server DESCRIPTOR LIMIT ENGINE`: serve on an inherited socket."""
    connection = Connection(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    prepare(sys.argv[3])
    from cnnlint.runtime.guard import lend_caches

    gc.collect()
    gc.freeze()
    # From here on there are children to end and a folder to remove: the parent's end is what ends us.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with tempfile.TemporaryDirectory(prefix="cnnlint-", ignore_cleanup_errors=True) as scratch:
        lend_caches(scratch)
        Server(connection, int(sys.argv[2]), scratch).serve()
    os._exit(0)  # taking torch down in order would keep the command waiting


if __name__ == "__main__":
    main()
