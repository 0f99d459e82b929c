"""Which files of the user's a trace rests on: what was opened, listed and imported while it was made."""

from __future__ import annotations

import itertools
import os
import site
import sys
import sysconfig
import types
from collections.abc import Callable
from functools import cache
from typing import Any

import cnnlint
from cnnlint.job import Reads
from cnnlint.runtime import guard


class Recorder:
    """Notes what this process reads from `start` on, for the rest of its life.

    Args:
        path: the linted file, whose text the job has.
        scratch: the folder that it may write into. What it reads there, or in caches, is its own.
    """

    def __init__(self, path: str, scratch: str):
        self._path = os.path.realpath(path)
        self._lent = (os.path.realpath(scratch) + os.sep, *guard.caches)
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def start(self) -> None:
        """From here on, by an audit hook, which sees all reading that goes through Python."""
        sys.addaudithook(self._audit)

    def reads(self) -> Reads:
        """What was read up to now, without what is installed; with modules that were imported before the
        start, and with the folders in which a module or a neighbour may appear."""
        files = _own(self._files, os.path.isfile) | module_files()
        files = {path for path in files if path != self._path and not path.startswith(self._lent)}
        beside = {os.path.dirname(path) for path in (self._path, *files)}
        folders = {
            folder
            for folder in _own(self._folders | beside | set(sys.path), os.path.isdir)
            if not f"{folder}{os.sep}".startswith(self._lent)
        }
        return Reads(tuple(sorted(files)), tuple(sorted(folders)))

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            if isinstance(path, (str, bytes)) and not (isinstance(flags, int) and flags & guard.WRITING):
                self._files.add(os.path.abspath(os.fsdecode(path)))
        elif event in ("os.listdir", "os.scandir") and isinstance(args[0], (str, bytes)):
            self._folders.add(os.path.abspath(os.fsdecode(args[0])))


_module_files: set[str] = set()
"""What `module_files` has found."""

_LOOKED_AT = "__cnnlint_looked_at__"
"""The name in `sys.modules` behind which stands what was imported since `module_files` looked."""


def module_files() -> set[str]:
    """The user's own files among those that this process has imported. A server asks before it forks: to
    look at all that torch imports takes longer than most traces."""
    names = list(itertools.takewhile(lambda name: name != _LOOKED_AT, reversed(sys.modules)))
    origins = {getattr(sys.modules[name], "__file__", None) for name in names}
    _module_files.update(_own({origin for origin in origins if isinstance(origin, str)}, os.path.isfile))
    sys.modules.pop(_LOOKED_AT, None)
    sys.modules[_LOOKED_AT] = types.ModuleType(_LOOKED_AT)
    return set(_module_files)


def _own(paths: set[str], exists: Callable[[str], bool]) -> set[str]:
    """The real paths that are neither installed nor the system's."""
    return {real for path in paths if path and (real := _own_path(path)) and exists(real)}


@cache
def _own_path(path: str) -> str | None:
    real = os.path.realpath(path)
    return None if f"{real}/".startswith(_FOREIGN) else real


def _foreign() -> tuple[str, ...]:
    """Folders whose contents the versions of what is installed tell, or that are no files of anybody."""
    named = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    named |= {*site.getsitepackages(), site.getusersitepackages(), os.path.dirname(cnnlint.__file__)}
    return (*(os.path.realpath(path) + "/" for path in named), "/dev/", "/proc/", "/sys/")


_FOREIGN = _foreign()
