"""Which files a run looks at: the paths that were named, and what lies below the folders among them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cnnlint.config import Configuration, Settings, UsageError

SUFFIXES = (".py", ".ipynb")

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


def collect(paths: Iterable[str], configuration: Settings | Configuration) -> list[FilePath]:
    """The files to look at, each once: in the order of the paths, sorted within a folder.

    What is excluded or ignored by git is left out of folders; what is named is looked at all the same,
    unless it is excluded and the settings say `force_exclude`. Of a shard only its files are left.

    Raises:
        UsageError: a path does not exist, or its configuration cannot be read.
    """
    found: dict[str, FilePath] = {}
    for path in paths:
        if path != STANDARD_INPUT and not os.path.lexists(path):  # what a link leads to is read later
            raise UsageError(f"{path or repr(path)}: no such file or folder")
        if is_forced_out(path, configuration):
            continue
        for file in _below(path, configuration):
            key = file.shown if file.shown == STANDARD_INPUT else os.path.realpath(file.shown)
            if key not in found or file.named:
                found[key] = file
    shard = configuration.run.shard
    return [file for file in found.values() if shard.holds(file.shown)]


def is_forced_out(path: str, configuration: Settings | Configuration) -> bool:
    """Whether a path that was named is left out all the same."""
    settings = configuration.at(path)
    file = os.path.abspath(settings.stdin_filename if path == STANDARD_INPUT else path)
    return settings.force_exclude and any(
        pattern.matches(file, folder=os.path.isdir(file)) for pattern in settings.exclude
    )


def _below(path: str, configuration: Settings | Configuration) -> Iterator[FilePath]:
    if not os.path.isdir(path):
        shown = path if path == STANDARD_INPUT else os.path.normpath(path)
        yield FilePath(shown, named=True)
        return
    from cnnlint.gitignore import GitIgnore

    top = os.path.abspath(path)
    git = GitIgnore(top)

    def is_left_out(entry: str, *, folder: bool = False) -> bool:
        entry = os.path.abspath(entry)
        # a pattern that excludes the folder which the user named does not count within it
        return git.ignores(entry, folder=folder) or any(
            pattern.matches(entry, folder=folder) and not pattern.matches(top, folder=True)
            for pattern in configuration.below(os.path.dirname(entry)).exclude
        )

    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(
            name for name in subfolders if not is_left_out(os.path.join(folder, name), folder=True)
        )
        for name in sorted(names):
            file = os.path.normpath(os.path.join(folder, name))
            if name.endswith(SUFFIXES) and os.path.isfile(file) and not is_left_out(file):
                yield FilePath(file, named=False)
