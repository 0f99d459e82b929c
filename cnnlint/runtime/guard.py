"""A guard against accidents: the file's own code may not write, delete, connect or start processes
while it is linted. It is no sandbox: code that wants to get around it can.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import types
from collections.abc import Callable
from typing import Any

import torch

from cnnlint.runtime.errors import OWN_CODE, Refused
from cnnlint.runtime.frames import UserFiles
from cnnlint.runtime.weights import without
from cnnlint.traces import Problem

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

NETWORK = frozenset(
    {
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "socket.sendto",
        "socket.sendmsg",
        "socket.bind",
    }
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
CHANGES: dict[str, tuple[str, dict[int, int | None]]] = {
    "os.remove": ("deleting", {0: 1}),
    "os.rmdir": ("deleting", {0: 1}),
    "os.rename": ("renaming", {0: 2, 1: 3}),
    "os.mkdir": ("creating", {0: 2}),
    "os.truncate": ("writing", {0: None}),
    "os.chmod": ("changing the mode of", {0: 2}),
    "os.chown": ("changing the owner of", {0: 3}),
    "os.utime": ("changing the times of", {0: 3}),
    "os.chflags": ("changing the flags of", {0: None}),
    "os.setxattr": ("changing the attributes of", {0: None}),
    "os.removexattr": ("changing the attributes of", {0: None}),
    "os.link": ("creating", {1: 3}),
    "os.symlink": ("creating", {1: 2}),
    "shutil.rmtree": ("deleting", {0: 1}),
    "shutil.move": ("moving", {0: None, 1: None}),
    "shutil.copyfile": ("writing", {1: None}),
    "shutil.copytree": ("writing", {1: None}),
    "shutil.unpack_archive": ("writing", {1: None}),
    "sqlite3.connect": ("writing", {0: None}),
}
"""Events that change files: what they do, and which of their arguments are the paths, each with the
argument that holds the descriptor of the folder it is relative to."""

CACHE_SETTINGS = ("MPLCONFIGDIR", "NUMBA_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
"""Variables that say where packages keep what they compute. Without such a folder numba raises when a package
that uses it is imported (librosa), and torch makes one when it first needs a kernel that is not described."""

caches: list[str] = []
"""The beginnings of the paths in the folders that were lent for that."""

MEMORY = 6 << 30
"""Bytes that a file's code may allocate above what the worker has when it starts."""


class Guard:
    """Refuses effects in this process from `install` on, and notes what the user's own code tried.

    Args:
        scratch: a folder that may be written into; it is made.

    Attributes:
        model: the name of the model that is being built or traced.
        effects: the Problems of what the user's code tried, each place once.
    """

    def __init__(self, files: UserFiles, scratch: str):
        self.files = files
        self.model: str | None = None
        self.effects: list[Problem] = []
        self._scratch = os.path.realpath(scratch)
        self._inside = False
        os.makedirs(self._scratch, mode=0o700, exist_ok=True)

    def install(self) -> None:
        """For the rest of the process's life: audit hooks cannot be removed."""
        sys.dont_write_bytecode = True
        os.environ["TMPDIR"] = tempfile.tempdir = self._scratch
        self._replace_what_is_not_audited()
        sys.addaudithook(self._audit)

    def _replace_what_is_not_audited(self) -> None:
        """Functions of C and C++ that write without telling an audit hook."""
        for place, name in ((torch, "save"), (torch.jit, "save")):
            setattr(place, name, self._skip_save)
        for place, name in ((os, "mkfifo"), (os, "mknod")):
            if hasattr(place, name):
                setattr(place, name, self._asking(getattr(place, name)))

    def _skip_save(self, obj: Any, f: Any, *args: Any, **kwargs: Any) -> None:
        """Saves nothing: what follows rarely needs the file."""
        if isinstance(f, (str, os.PathLike)) and not self._allowed(f):
            self._note(f"writing {_shown(f)}")

    def _asking(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def asking(path: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._allowed(path):
                self._refuse(f"creating {_shown(path)}")
            return function(path, *args, **kwargs)

        return asking

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
        elif event in CHANGES:
            verb, places = CHANGES[event]
            for path, folder in places.items():
                if len(args) > path and not self._allowed(args[path], _at(args, folder)):
                    self._refuse(f"{verb} {_shown(args[path])}")
        elif event in ("os.kill", "os.killpg") and args[0] not in (os.getpid(), 0):
            self._refuse("sending a signal to another process")

    def _allowed(self, path: Any, folder: int = -1) -> bool:
        if isinstance(path, int) or not isinstance(path, (str, bytes, os.PathLike)):
            return True
        name = os.fsdecode(path)
        if name in (":memory:", ""):  # a data base without a file
            return True
        if folder >= 0:
            name = os.path.join(f"/proc/self/fd/{folder}", name)
        real = os.path.realpath(name)
        return real in (os.devnull, self._scratch) or real.startswith(
            (self._scratch + os.sep, "/dev/shm/", "/proc/self/", *caches)
        )

    def _refuse(self, what: str) -> None:
        if not self._by_operator(sys._getframe(2)):
            self._note(what)
            raise Refused(what)

    def _by_operator(self, frame: types.FrameType | None) -> bool:
        """Whether torch does it on its own account while it runs an operator of the user's: its first meta
        kernel in a process imports hundreds of modules, some of which look for compilers."""
        while frame is not None and frame.f_code.co_filename not in self.files:
            if frame.f_code.co_name == "__torch_function__" and frame.f_code.co_filename.startswith(OWN_CODE):
                return True
            frame = frame.f_back
        return False

    def _note(self, what: str) -> None:
        """Note an effect at the user's line; what a package does on its own account is not told, nor what the
        code does to get weights."""
        if without.depth:
            return
        self._inside = True
        try:
            frame = sys._getframe(2)
            calls = self.files.calls(self.files.stack(frame))
            if calls and not self._by_import(frame):
                problem = Problem(
                    "blocked-effect",
                    f"{what} is refused while a file is linted",
                    calls[0],
                    help="move it out of the code that the model needs, or lint with --allow-effects",
                    model=self.model,
                )
                if problem not in self.effects:
                    self.effects.append(problem)
        finally:
            self._inside = False

    def _by_import(self, frame: types.FrameType | None) -> bool:
        """Whether a package does it while the user's code imports it (`requests` looks for IPv6)."""
        while frame is not None and frame.f_code.co_filename not in self.files:
            if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
                return True
            frame = frame.f_back
        return False


def lend_caches(scratch: str) -> None:
    """Has packages that are imported from now on keep their caches below a folder that is ours, which the
    files that are linted share."""
    folder = os.path.join(os.path.realpath(scratch), "caches", "")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    os.environ.update({name: os.path.join(folder, name.lower()) for name in CACHE_SETTINGS})
    caches.append(folder)


def _at(args: tuple[Any, ...], index: int | None) -> int:
    """The descriptor of a folder among an event's arguments; -1 where there is none."""
    value = args[index] if index is not None and index < len(args) else None
    return value if isinstance(value, int) else -1


def _shown(path: Any) -> str:
    return repr(os.fsdecode(path)) if not isinstance(path, int) else f"descriptor {path}"


def limit_memory() -> None:
    """Let allocations beyond MEMORY fail with an error that can be caught, and crashes leave no core; where
    the system knows such limits."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
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
