"""The wall: only `cnnlint/runtime` imports torch, or what has its name, and nothing in it knows a rule."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "cnnlint").rglob("*.py"), *(ROOT / "rules").rglob("*.py")])

LIVE = {"cnnlint.runtime", "cnnlint.runtime.live"}
"""The Python interface is given models of a process that has imported torch itself."""


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[1] if path.is_relative_to(ROOT / "cnnlint") else "rules"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_rooms_keep_to_themselves(path: Path) -> None:
    modules = set(imported(path))
    if room(path) != "runtime":
        assert not {name for name in modules if name.partition(".")[0] in ("torch", "numpy")}
        inside = {name for name in modules if name.startswith("cnnlint.runtime")}
        assert inside == (LIVE if path.name == "api.py" else set())
    if room(path) == "standin":
        ours = {name for name in modules if name.startswith("cnnlint")}
        assert all(name.startswith(("cnnlint.operators", "cnnlint.standin")) for name in ours)
    if room(path) in ("runtime", "source", "evidence", "operators", "standin"):
        forbidden = ("cnnlint.plugin", "cnnlint.report", "cnnlint.engine", "cnnlint.cli", "cnnlint_rules")
        assert not {name for name in modules if name.startswith(forbidden)}
    if room(path) in ("source", "operators"):
        assert not {name for name in modules if name.startswith("cnnlint.evidence")}
        assert not {name for name in modules if name.startswith(("cnnlint.graph", "cnnlint.workers"))}
