"""The modules of a project's other files, loaded for the expressions in them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnnlint.runtime.frames import UserFiles
from cnnlint.runtime.loader import SlicedModule
from cnnlint.source.expressions import Expression
from cnnlint.source.file import SourceFile
from cnnlint.source.folders import package_of
from cnnlint.source.reading import read_path


class OtherModules:
    """Evaluates expressions in the namespaces of other files than the linted one.

    Args:
        display: how the path of a file is shown.
    """

    def __init__(self, display: Callable[[str], str], files: UserFiles):
        self._display = display
        self._files = files
        self._modules: dict[Path, SlicedModule] = {}

    def evaluate(self, path: Path, block: SourceFile | None, expression: Expression) -> Any:
        """The value of an expression of the file at `path`, or of a `block` of code in a README."""
        if path not in self._modules:
            self._modules[path] = self._loaded(path, block)
        return self._modules[path].evaluate(expression)

    def _loaded(self, path: Path, block: SourceFile | None) -> SlicedModule:
        name = package_of(str(path))[0]
        if block is not None:
            return SlicedModule(replace(block, beside=True), str(path), f"__{name}__", self._files)
        try:
            sliced = getattr(importlib.import_module(name), "__cnnlint__", None)
        except ImportError:
            sliced = None
        if isinstance(sliced, SlicedModule) and sliced.path == str(path):
            return sliced
        return SlicedModule(read_path(path, self._display(str(path))), str(path), name, self._files)
