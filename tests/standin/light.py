"""The stand-in beside torch in one process, under its own name, and tensors of the one as the other's."""

from __future__ import annotations

from typing import Any

import torch

import cnnlint.standin.torch as light
from cnnlint.standin import NeedsTorch
from cnnlint.standin.torch._dispatch import functions
from cnnlint.standin.torch._tensor import make
from cnnlint.standin.torch._types import CPU, META

__all__ = ["NeedsTorch", "alike", "functions", "light", "lightly"]


def lightly(value: Any) -> Any:
    """A value with torch's tensors, dtypes and layouts in it as the stand-in's."""
    if isinstance(value, torch.Tensor):
        made = make(
            tuple(value.shape),
            lightly(value.dtype),
            META if value.is_meta else CPU,
            None if value.is_contiguous() and _usual(value) else value.stride(),
        )
        made._requires_grad = value.requires_grad
        return made
    if isinstance(value, (torch.dtype, torch.memory_format)):
        return getattr(light, str(value).removeprefix("torch."))
    if isinstance(value, torch.Size):
        return light.Size(value)
    if isinstance(value, torch.device):
        return light.device(str(value))
    if isinstance(value, (tuple, list)):
        return type(value)(lightly(item) for item in value)
    return value


def _usual(tensor: torch.Tensor) -> bool:
    """Whether the strides of axes of one position are the usual ones too."""
    return tensor.stride() == torch.empty(tensor.shape, device="meta").stride()


def alike(ours: Any, theirs: torch.Tensor) -> tuple[Any, Any]:
    """What must be the same of a tensor here and in torch; strides of axes of one position mean nothing."""
    return (
        (tuple(ours.shape), repr(ours.dtype), _walked(ours)),
        (tuple(theirs.shape), str(theirs.dtype), _walked(theirs)),
    )


def _walked(tensor: Any) -> list[int]:
    if 0 in tensor.shape:
        return []
    return [step for size, step in zip(tensor.shape, tensor.stride(), strict=True) if size > 1]
