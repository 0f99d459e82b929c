"""What becomes of a name that a module of the stand-in has not."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from cnnlint.standin.names import is_known
from cnnlint.standin.needs import NeedsTorch


def attribute_of(module: str, lazy: str = "") -> Callable[[str], Any]:
    """The `__getattr__` of a module: it imports the submodules `lazy`, which torch has imported always, when
    they are asked for."""
    submodules = frozenset(lazy.split())
    owner = module.removeprefix("cnnlint.standin.")

    def __getattr__(name: str) -> Any:
        if name in submodules:
            return importlib.import_module(f"{module}.{name}")
        if not (name.startswith("__") and name.endswith("__")) and is_known(owner, name):
            raise NeedsTorch(f"{owner}.{name}")
        raise AttributeError(f"module {owner!r} has no attribute {name!r}")

    return __getattr__
