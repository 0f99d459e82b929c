"""What a file imports from the modules beside it, read off their text."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cnnlint.evidence.models import Models, Verdict
from cnnlint.source.names import Imports
from cnnlint.source.reading import read_path


class Neighbours:
    """The modules that a file reaches by relative imports.

    Args:
        filename: of the file, from the working directory.
    """

    def __init__(self, filename: str):
        self._folder = Path(filename).parent
        self.is_model = cache(self._is_model)

    def _is_model(self, name: str) -> bool:
        """Whether a name as the imports give it (`.resnet.ResNet`) is a class that derives from
        nn.Module there."""
        module, _, last = name.rpartition(".")
        dotted = module.lstrip(".")
        if not dotted or dotted == module:
            return False
        folder = self._folder
        for _ in range(len(module) - len(dotted) - 1):
            folder = folder.parent
        path = folder.joinpath(*dotted.split(".")).with_suffix(".py")
        try:
            tree = read_path(path, str(path)).tree
        except (OSError, SyntaxError):
            return False
        models = Models(tree, Imports(tree))
        return last in models.classes and models.verdict(last) is Verdict.MODEL
