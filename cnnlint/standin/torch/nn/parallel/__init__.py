"""Replicated models are their module."""

from __future__ import annotations

from typing import Any

from ... import _missing
from ..modules.module import Module


class DataParallel(Module):
    def __new__(cls, module: Any, *args: Any, **kwargs: Any) -> Any:
        return module


class DistributedDataParallel(Module):
    def __init__(self, module: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)


__getattr__ = _missing.attribute_of(__name__)
