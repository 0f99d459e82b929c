"""How other files of the project construct a model: for arguments that its own file does not supply."""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cnnlint.runtime.loader import SlicedModule, package_of, project_root
from cnnlint.source.constructions import constructions_elsewhere
from cnnlint.source.facts import Construction
from cnnlint.source.reading import read_path

MOST_FILES = 300
"""Files of the project that are looked through."""

LARGEST = 1 << 20
"""Bytes up to which a file is looked through."""


def constructions_in_project(
    path: str, name: str, display: Callable[[str], str]
) -> Iterator[tuple[Construction, Callable[[], Any]]]:
    """The calls of `name`, which the file at `path` defines, in the files beside it, above it and in its
    project's root; each with a function that evaluates it there."""
    module, _ = package_of(path)
    for sibling in _files(path):
        try:
            if name.encode() not in sibling.read_bytes():
                continue
            file = read_path(sibling, display(str(sibling)))
            found = constructions_elsewhere(file, module, name)
        except (OSError, SyntaxError):
            continue
        for construction in found:
            yield construction, _evaluation(str(sibling), construction)


def is_part_elsewhere(path: str, name: str) -> bool:
    """Whether another file of the project imports a class from this one: then it is a part of a model
    there."""
    module = package_of(path)[0].rpartition(".")[2]
    word, home, own = (
        re.compile(pattern.encode(), re.MULTILINE)
        for pattern in (
            rf"\b{re.escape(name)}\b",
            rf"\b{re.escape(module)}\b",
            rf"^class {re.escape(name)}\b",
        )
    )
    for sibling in _files(path):
        with contextlib.suppress(OSError):
            text = sibling.read_bytes()
            if word.search(text) and home.search(text) and not own.search(text):
                return True
    return False


def _files(path: str) -> Iterator[Path]:
    """Python files near a file, nearest first."""
    own = Path(path)
    root = Path(project_root(path))
    folders = dict.fromkeys([own.parent, own.parent.parent, root])
    seen = 0
    for folder in folders:
        if not folder.is_relative_to(root):
            continue
        for candidate in sorted(folder.glob("*.py")):
            if candidate == own or not candidate.is_file() or candidate.stat().st_size > LARGEST:
                continue
            seen += 1
            if seen > MOST_FILES:
                return
            yield candidate


def _evaluation(path: str, construction: Construction) -> Callable[[], Any]:
    def evaluate() -> Any:
        module = importlib.import_module(package_of(path)[0])
        sliced = getattr(module, "__cnnlint__", None)
        if not isinstance(sliced, SlicedModule):
            raise ImportError(f"{path} is not a module of the project")
        return sliced.evaluate(construction.expression)

    return evaluate
