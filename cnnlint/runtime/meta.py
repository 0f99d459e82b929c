"""Tensors without memory: described operators are answered by their formula, not by torch's kernels.

The first meta kernel of a process imports hundreds of modules and takes as long as `import torch`
itself, so an operator that is described never reaches one.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from cnnlint.operators.base import Bound, Operator, TensorSpec
from cnnlint.runtime.functions import DTYPES, DTYPES_BY_NAME, operators

_PAIRWISE = {
    torch.max: torch.maximum,
    torch.min: torch.minimum,
    torch.Tensor.max: torch.maximum,
    torch.Tensor.min: torch.minimum,
}


class MetaMode(TorchFunctionMode):
    """Base of the modes for building and tracing: sizes described operators on meta tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.operators = operators()

    def operator(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Operator | None:
        """The description of a call. `torch.max(a, b)` of two tensors is no reduction."""
        pairwise = _PAIRWISE.get(func)
        if pairwise is not None and (
            "other" in kwargs or any(isinstance(item, torch.Tensor) for item in args[1:])
        ):
            func = pairwise
        return self.operators.get(func)

    def spec(self, tensor: torch.Tensor) -> TensorSpec:
        """A tensor as the descriptions see it."""
        return TensorSpec(
            tuple(tensor.shape),
            DTYPES[tensor.dtype],
            None if tensor.layout is not torch.strided or tensor.is_contiguous() else tensor.stride(),
        )

    def specs(self, value: Any) -> Any:
        """Arguments with their tensors replaced by specs, lists opened. Raises TypeError for one without a
        size yet (of a lazy layer)."""
        if is_lazy(value):
            raise TypeError("not initialised yet")
        if isinstance(value, torch.Tensor):
            return self.spec(value)
        if isinstance(value, torch.dtype):
            return DTYPES[value]
        if type(value) in (list, tuple) or isinstance(value, torch.Size):
            return tuple(self.specs(item) for item in value)
        return value

    def bind(self, operator: Operator, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound | None:
        """The arguments by name; None where torch is to do it: it says why they do not fit, and writes into
        a tensor that was given as `out`."""
        if kwargs.get("out") is not None:
            return None
        try:
            return operator.bind(
                [self.specs(value) for value in args],
                {name: self.specs(value) for name, value in kwargs.items()},
            )
        except TypeError:
            return None


FACTORIES = frozenset("empty zeros ones full rand randn normal randint empty_strided".split())
"""Functions that allocate a tensor of a given shape."""

GPUS = frozenset({"cuda", "xpu", "hpu", "npu", "mps"})
"""Devices, and the methods of a tensor that take it there."""

TORCH_NN = os.path.dirname(nn.__file__) + os.sep

_DISPATCH = os.path.join(os.path.dirname(torch.__file__), "_dispatch.py")
"""Where the stand-in calls the mode from, which torch does outside of Python."""


def caller(depth: int) -> types.FrameType:
    """The frame that called the function of torch which the mode is asked for; `depth` as for
    `sys._getframe`."""
    frame = sys._getframe(depth + 1)
    while frame.f_code.co_filename == _DISPATCH and frame.f_back is not None:
        frame = frame.f_back
    return frame


def in_torch_nn(frame: types.FrameType) -> bool:
    """Whether a frame runs code of torch.nn itself: what it allocates are weights and states."""
    return frame.f_code.co_filename.startswith(TORCH_NN)


def factory_shape(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The shape that a call of one of FACTORIES asks for; None where it is none."""
    if "size" in kwargs:
        sizes = kwargs["size"]
    elif name in ("rand", "randn", "empty", "zeros", "ones"):
        sizes = args[0] if len(args) == 1 else args
    else:
        sizes = next((value for value in args if isinstance(value, (tuple, list))), ())
    if isinstance(sizes, Integral):
        sizes = (sizes,)
    if not isinstance(sizes, (tuple, list)) or not all(isinstance(size, Integral) for size in sizes):
        return None
    shape = tuple(map(int, sizes))
    return shape if min(shape, default=0) >= 0 else None


def factory_dtype(name: str, kwargs: Mapping[str, Any]) -> torch.dtype | None:
    """The dtype that a call of one of FACTORIES asks for; None for the default."""
    dtype: torch.dtype | None = kwargs.get("dtype")
    if dtype is None and name == "randint":
        return torch.int64
    return dtype


def make(spec: TensorSpec) -> torch.Tensor:
    """A meta tensor of the given shape, strides and dtype."""
    dtype = DTYPES_BY_NAME[spec.dtype]
    if spec.strides is None:
        return torch.empty(spec.shape, dtype=dtype, device="meta")
    return torch.empty_strided(spec.shape, spec.strides, dtype=dtype, device="meta")


MOST_OPERANDS = 64
"""A longer list that begins with a number is data (`torch.tensor(indices)`), and holds no tensor."""


def on_meta(value: Any) -> bool:
    """Whether any tensor in the arguments has no memory."""
    if isinstance(value, torch.Tensor):
        return value.is_meta
    if isinstance(value, (list, tuple)):
        if len(value) > MOST_OPERANDS and type(value[0]) in (int, float, bool):
            return False
        return any(on_meta(item) for item in value)
    if isinstance(value, dict):
        return any(on_meta(item) for item in value.values())
    return False


def to_meta(value: Any) -> Any:
    """Arguments with every tensor that has memory replaced by one that has none (0-dim ones stay)."""
    if isinstance(value, torch.Tensor):
        if value.is_meta or value.dim() == 0:
            return value
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device="meta")
    if type(value) in (list, tuple):
        return type(value)(to_meta(item) for item in value)
    if type(value) is dict:
        return {key: to_meta(item) for key, item in value.items()}
    return value


def wrap_outputs(operator: Operator, outputs: tuple[Any, ...]) -> Any:
    """Several results as torch returns them: in its named tuple where it has one (`x.max(dim=1)`)."""
    named = getattr(torch.return_types, operator.named, None) if operator.named else None
    return named(outputs) if named is not None else outputs
