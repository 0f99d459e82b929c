"""Padding."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .module import Module
from .utils import constructor, layer, ntuple


class _PadNd(Module):
    """Base of padding."""


def _padding(kind: str, dims: int, mode: str) -> Any:
    name, spread = f"{kind}Pad{dims}d", ntuple(2 * dims)

    def construct(self: Any, padding: Any) -> None:
        Module.__init__(self)
        self.padding = spread(padding)

    return layer(
        name,
        lambda self, input: F.pad(input, self.padding, mode),
        __name__,
        _PadNd,
        __init__=constructor(name, construct),
    )


def _constant(dims: int) -> Any:
    name, spread = f"ConstantPad{dims}d", ntuple(2 * dims)

    def construct(self: Any, padding: Any, value: Any) -> None:
        Module.__init__(self)
        self.value = value
        self.padding = spread(padding)

    return layer(
        name,
        lambda self, input: F.pad(input, self.padding, "constant", self.value),
        __name__,
        _PadNd,
        __init__=constructor(name, construct),
    )


def _zero(dims: int, of: Any) -> Any:
    name = f"ZeroPad{dims}d"
    construct = constructor(name, lambda self, padding: of.__init__(self, padding, 0.0))
    return type(name, (of,), {"__init__": construct, "__module__": __name__})


CircularPad1d, CircularPad2d, CircularPad3d = (_padding("Circular", dims, "circular") for dims in (1, 2, 3))
ReflectionPad1d, ReflectionPad2d, ReflectionPad3d = (
    _padding("Reflection", dims, "reflect") for dims in (1, 2, 3)
)
ReplicationPad1d, ReplicationPad2d, ReplicationPad3d = (
    _padding("Replication", dims, "replicate") for dims in (1, 2, 3)
)
ConstantPad1d, ConstantPad2d, ConstantPad3d = map(_constant, (1, 2, 3))
ZeroPad1d, ZeroPad2d, ZeroPad3d = (
    _zero(dims, of) for dims, of in ((1, ConstantPad1d), (2, ConstantPad2d), (3, ConstantPad3d))
)
