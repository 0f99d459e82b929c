"""The module `torch.distributed` of a process that is alone."""

from __future__ import annotations

from typing import Any

from . import _missing


def is_available() -> bool:
    return True


def is_initialized() -> bool:
    return False


class ReduceOp:
    SUM, AVG, PRODUCT, MIN, MAX = range(5)


class ProcessGroup:
    """None is made here."""


class group:
    WORLD: Any = None


__getattr__ = _missing.attribute_of(__name__)
