"""Where a file stands among the folders of its project: its package, the project's root."""

from __future__ import annotations

import os


def package_of(path: str) -> tuple[str, str]:
    """The dotted module name of a file by the `__init__.py` files above it, and the folder that holds
    the outermost package."""
    folder = os.path.dirname(path)
    parts = [os.path.splitext(os.path.basename(path))[0]]
    while os.path.isfile(os.path.join(folder, "__init__.py")) and os.path.dirname(folder) != folder:
        parts.insert(0, os.path.basename(folder))
        folder = os.path.dirname(folder)
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts), folder


def project_root(path: str) -> str:
    """The closest folder above a file that looks like a project's root, else the file's own folder."""
    _, folder = package_of(path)
    current = folder
    while os.path.dirname(current) != current:
        if any(
            os.path.exists(os.path.join(current, mark))
            for mark in ("pyproject.toml", "setup.py", "setup.cfg", ".git")
        ):
            return current
        current = os.path.dirname(current)
    return folder
