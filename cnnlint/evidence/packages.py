"""Which packages a file's models need beside torch, so that files with the same ones share a process."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from pathlib import Path

from cnnlint.evidence.facts import Target
from cnnlint.source.file import SourceFile
from cnnlint.source.slice import ModuleSlice


def packages_needed(file: SourceFile, targets: Iterable[Target], path: str) -> tuple[str, ...]:
    """The top-level packages that the slice of the targets imports, sorted: without torch, the standard
    library and modules that stand beside the file."""
    names: set[str] = set()
    for target in targets:
        names.add(target.name.partition(".")[0])
        if target.definition is not None:
            names |= target.definition.names
        for construction in target.constructions[:1]:
            names |= construction.expression.names
    found: set[str] = set()
    for statement in ModuleSlice(file).closure(names):
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    folder = Path(path).parent
    if "site-packages" in folder.parts:
        inside = folder.parts[folder.parts.index("site-packages") + 1 :]
        found.update(inside[:1])
    return tuple(
        sorted(
            name
            for name in found - {"torch", "cnnlint"} - sys.stdlib_module_names
            if not (folder / name).exists() and not (folder / f"{name}.py").exists()
        )
    )
