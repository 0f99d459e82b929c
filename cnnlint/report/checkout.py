"""Paths as a hoster shows them: from the top of the repository's checkout."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

VARIABLES = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Where GitHub and GitLab say that they have checked out the repository."""


def root() -> Path:
    """The top of the checkout in a CI job that runs within it, else the working folder."""
    here = Path.cwd()
    for variable in VARIABLES:
        top = os.environ.get(variable)
        if top and here.is_relative_to(os.path.realpath(top)):
            return Path(os.path.realpath(top))
    return here


def from_checkout(filename: str) -> str:
    """`nets/mnist.py`; a file outside the checkout keeps its absolute path. What has no path
    (`<stdin>`) keeps its name."""
    if filename.startswith("<"):
        return filename
    path = Path(os.path.abspath(filename))
    top = root()
    return str(PurePath(path.relative_to(top) if path.is_relative_to(top) else path).as_posix())
