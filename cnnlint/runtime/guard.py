"""A guard against accidents: the file's own code may not write, delete, connect or start processes
while it is linted. It is no sandbox: code that wants to get around it can.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from typing import Any

import torch

from cnnlint.runtime.frames import UserFiles
from cnnlint.trace import Problem

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

NETWORK = frozenset(
    {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind"}
)
PROCESSES = frozenset(
    {
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.fork",
        "os.forkpty",
        "pty.spawn",
    }
)
PATHS = frozenset(
    [
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.mkdir",
        "os.truncate",
        "os.chmod",
        "os.chown",
        "os.link",
        "os.symlink",
        "shutil.rmtree",
        "shutil.move",
        "shutil.copyfile",
    ]
)

MEMORY = 6 << 30
"""Bytes that a file's code may allocate above what the worker has when it starts."""


class Guard:
    """Refuses effects in this process from `install` on, and notes what the user's own code tried.

    `effects` are the Problems of those tries, each place once.
    """

    def __init__(self, files: UserFiles):
        self.files = files
        self.effects: list[Problem] = []
        self._scratch = os.path.realpath(tempfile.mkdtemp(prefix="cnnlint-"))
        self._inside = False

    def install(self) -> None:
        """For the rest of the process's life: audit hooks cannot be removed."""
        sys.dont_write_bytecode = True
        os.environ["TMPDIR"] = tempfile.tempdir = self._scratch
        torch.save = self._refuse_save  # type: ignore[assignment]
        sys.addaudithook(self._audit)

    def remove_scratch(self) -> None:
        """Delete what was written into the scratch folder."""
        self._inside = True
        import shutil

        shutil.rmtree(self._scratch, ignore_errors=True)

    def _refuse_save(self, obj: Any, f: Any, *args: Any, **kwargs: Any) -> None:
        if isinstance(f, (str, os.PathLike)):
            self._refuse(f"writing {os.fspath(f)!r}")

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if self._inside:
            return
        if event == "open":
            path, _, flags = args
            if isinstance(flags, int) and flags & WRITING and not self._allowed(path):
                self._refuse(f"writing {_shown(path)}")
        elif event in NETWORK:
            self._refuse("using the network")
        elif event in PROCESSES:
            self._refuse("starting a process")
        elif event in PATHS:
            paths = [item for item in args if isinstance(item, (str, bytes, os.PathLike))]
            if not all(self._allowed(path) for path in paths):
                verb = "deleting" if event in ("os.remove", "os.rmdir", "shutil.rmtree") else "changing"
                self._refuse(f"{verb} {_shown(paths[0])}")
        elif event == "os.kill" and args[0] != os.getpid():
            self._refuse("sending a signal to another process")

    def _allowed(self, path: Any) -> bool:
        if isinstance(path, int):
            return True
        real = os.path.realpath(os.fsdecode(path))
        return real == os.devnull or real.startswith((self._scratch + os.sep, "/dev/shm/", "/proc/self/"))

    def _refuse(self, what: str) -> None:
        self._inside = True
        try:
            calls = self.files.calls(self.files.stack(sys._getframe(2)))
            if calls:
                problem = Problem(
                    "blocked-effect",
                    f"{what} is refused while a file is linted",
                    calls[0],
                    help="move it out of the code that the model needs, or lint with --allow-effects",
                )
                if problem not in self.effects:
                    self.effects.append(problem)
        finally:
            self._inside = False
        raise PermissionError(f"cnnlint refuses {what} while a file is linted")


def _shown(path: Any) -> str:
    return repr(os.fsdecode(path)) if not isinstance(path, int) else f"descriptor {path}"


def limit_memory() -> None:
    """Let allocations beyond MEMORY fail with an error that can be caught."""
    used = _data_size()
    if used is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, resource.RLIM_INFINITY))


def _data_size() -> int | None:
    """Bytes of data that the process has now; None where the system does not say."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmData:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return None
    return None
