"""Patterns for files, written as in .gitignore."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

DEFAULT_EXCLUDE = (
    ".*",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)
"""What is not the user's own text: ruff's list, whose hidden folders are all in `.*`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern below a folder.

    `nets/*.py` is relative to that folder; a name without a slash (`build`) fits at any depth; what lies
    in a folder that fits, fits too. A path outside of the folder is judged by its last part alone.

    Attributes:
        text: as it is written; a leading `!` means every file that it does not fit.
        root: the absolute path of the folder.
    """

    text: str
    root: str

    def matches(self, path: str, *, folder: bool = False) -> bool:
        """Whether an absolute path fits; `folder` says that it is one."""
        inside = relative(path, self.root)
        if inside == ".":
            return False
        text = self.text.removeprefix("!")
        if os.path.isabs(text):
            text = f"/{relative(os.path.normpath(text), self.root) or text.lstrip('/')}"
        found = spec((text.removeprefix("./"),)).match_file((inside or os.path.basename(path)) + "/" * folder)
        return found != self.text.startswith("!")


def relative(path: str, folder: str) -> str | None:
    """A path relative to a folder, "." for the folder itself; None where it lies outside."""
    if path == folder:
        return "."
    inside = folder if folder.endswith(os.sep) else folder + os.sep
    return path[len(inside) :] if path.startswith(inside) else None


@cache
def spec(lines: tuple[str, ...]) -> Any:
    """The compiled lines of a .gitignore."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines)
