"""What git leaves out: the .gitignore files of a repository, or of the folders that are walked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from cnnlint.config.patterns import relative, spec


class GitIgnore:
    """The .gitignore files that concern what lies below a folder (an absolute path).

    Those above the folder count up to the top of its repository, unless they ignore the folder itself:
    then the user has named it in spite of them.
    """

    def __init__(self, folder: str):
        self._read: dict[str, tuple[str, ...]] = {}
        self._top = folder
        repository = _repository(folder)
        if repository is not None:
            self._top = repository
            if self.ignores(folder, folder=True):
                self._top = folder

    def ignores(self, path: str, *, folder: bool = False) -> bool:
        """Whether a path below the folder is ignored. Its parents are not, or nobody would ask."""
        for where, compiled in self._specs(os.path.dirname(path)):
            inside = relative(path, where)
            if inside is None or inside == ".":
                continue
            found = compiled.check_file(inside + "/" * folder).include
            if found is not None:
                return bool(found)
        return False

    def _specs(self, folder: str) -> Iterator[tuple[str, Any]]:
        """The ignore files that concern what lies in a folder, the closest first."""
        while relative(folder, self._top) is not None:
            if lines := self._lines(os.path.join(folder, ".gitignore")):
                yield folder, spec(lines)
            folder = os.path.dirname(folder)
        if lines := self._lines(os.path.join(self._top, ".git", "info", "exclude")):
            yield self._top, spec(lines)

    def _lines(self, path: str) -> tuple[str, ...]:
        if path not in self._read:
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    self._read[path] = tuple(file.read().splitlines())
            except OSError:
                self._read[path] = ()
        return self._read[path]


def _repository(folder: str) -> str | None:
    """The top of the git repository that a folder lies in."""
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder
