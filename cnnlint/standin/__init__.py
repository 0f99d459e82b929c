"""The torch package as far as sizes go, in plain Python, over the descriptions in `operators`.

`install` gives it the name `torch` in a process, in which the real one can then no longer be imported. It is
exact or it says so: what it has not, it asks the real torch for (`NeedsTorch`), and whoever runs it then
takes that. Its modules, classes and functions have torch's names and stand in files of the same names, below
`torch/`.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from typing import Any

from cnnlint.standin.needs import NeedsTorch, wanted

__all__ = ["NeedsTorch", "install", "installed", "wanted"]

REPLACED = {
    "torchvision.extension": "extension",
    "torchvision._meta_registrations": "registrations",
    "torchvision._autograd_registrations": "registrations",
    "torchvision.ops._register_onnx_ops": "registrations",
    "torchvision.io": "io",
    "torchvision.io.image": "io",
    "torchvision.io.video": "io",
    "torchvision.io._video_deprecation_warning": "io",
}
"""Modules of torchvision, and what stands for them: they need torch's compiled part."""

FOLDER = os.path.join(os.path.dirname(__file__), "torch")


class _Loader(importlib.machinery.SourceFileLoader):
    """Has each module look as if there were more below it, so that the finder is asked for that."""

    def exec_module(self, module: Any) -> None:
        super().exec_module(module)
        vars(module).setdefault("__path__", [])


class _Finder(importlib.abc.MetaPathFinder):
    """Finds `torch` in this package, and for its submodules that are not here says that they are needed."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname == "torch":
            return importlib.util.spec_from_file_location(
                "torch", os.path.join(FOLDER, "__init__.py"), submodule_search_locations=[FOLDER]
            )
        if fullname in REPLACED:
            path = os.path.join(os.path.dirname(__file__), "torchvision", f"{REPLACED[fullname]}.py")
            return importlib.util.spec_from_file_location(fullname, path, submodule_search_locations=[])
        if not fullname.startswith("torch."):
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path)
        if found is None:
            from cnnlint.standin.names import is_module

            if is_module(fullname):
                raise NeedsTorch(fullname)
        elif found.origin is not None:
            found.loader = _Loader(fullname, found.origin)
        return found


def install() -> None:
    """Have this process take the stand-in for torch, before anything imports torch.

    Raises:
        RuntimeError: the real torch is there already.
    """
    if installed():
        return
    if "torch" in sys.modules:
        raise RuntimeError("torch was imported before")
    sys.meta_path.insert(0, _Finder())


def installed() -> bool:
    """Whether the stand-in goes by torch's name in this process."""
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)
