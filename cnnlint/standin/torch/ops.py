"""The module `torch.ops`: its operators may be named, and ask for torch when they are called."""

from __future__ import annotations

from typing import Any

from cnnlint.standin.needs import NeedsTorch


class Named:
    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, name: str) -> Named:
        if name.startswith("__"):
            raise AttributeError(name)
        return Named(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NeedsTorch(self._name)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return Named(f"torch.ops.{name}")
