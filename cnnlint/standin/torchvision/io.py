"""The module `torchvision.io`: no file is read."""

from __future__ import annotations

from typing import Any

from cnnlint.standin.needs import NeedsTorch


class Unknown:
    """A function or class that may be named and handed on, but not used."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, name: str) -> Unknown:
        if name.startswith("__"):
            raise AttributeError(name)
        return Unknown(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NeedsTorch(self._name)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return Unknown(f"torchvision.io.{name}")
