"""Which files a run looks at: the paths that were named, and what lies below the folders among them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cnnlint.config import UsageError

SUFFIXES = (".py", ".ipynb")
SKIPPED_FOLDERS = frozenset({"venv", "__pycache__", "node_modules", "build", "dist", "site-packages"})
"""Folders that are not walked into, beside hidden ones; a folder that is named itself always is."""

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class FilePath:
    """A file to look at.

    Attributes:
        shown: as the user sees it, relative where the path was given so.
        named: it was named itself, not found in a folder.
    """

    shown: str
    named: bool


def collect(paths: Iterable[str]) -> list[FilePath]:
    """The files to look at, each once: in the order of the paths, sorted within a folder.

    Raises:
        UsageError: a path does not exist.
    """
    found: dict[str, FilePath] = {}
    for path in paths:
        for file in _below(path):
            key = file.shown if file.shown == STANDARD_INPUT else os.path.realpath(file.shown)
            if key not in found or file.named:
                found[key] = file
    return list(found.values())


def _below(path: str) -> Iterator[FilePath]:
    if path == STANDARD_INPUT:
        yield FilePath(path, named=True)
        return
    if not os.path.isdir(path):
        if not os.path.exists(path):
            raise UsageError(f"{path or repr(path)}: no such file or folder")
        yield FilePath(os.path.normpath(path), named=True)
        return
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(name for name in subfolders if not _is_skipped(name))
        for name in sorted(names):
            file = os.path.normpath(os.path.join(folder, name))
            if name.endswith(SUFFIXES) and not name.startswith(".") and os.path.isfile(file):
                yield FilePath(file, named=False)


def _is_skipped(folder: str) -> bool:
    return folder.startswith(".") or folder in SKIPPED_FOLDERS
