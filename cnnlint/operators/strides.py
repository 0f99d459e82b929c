"""Memory layouts as strides: contiguous, channels-last, and what results inherit from them."""

from __future__ import annotations

from collections.abc import Sequence

from cnnlint.operators.base import TensorSpec
from cnnlint.trace import Shape


def contiguous(shape: Sequence[int]) -> Shape:
    """The strides of a contiguous tensor."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * max(shape[axis + 1], 1)
    return tuple(strides)


def channels_last(shape: Sequence[int]) -> Shape:
    """The strides of a tensor [N, C, ...] whose channels lie closest together in memory."""
    strides = [1] * len(shape)
    step = max(shape[1], 1)
    for axis in range(len(shape) - 1, 1, -1):
        strides[axis] = step
        step *= max(shape[axis], 1)
    strides[0] = step
    return tuple(strides)


def is_channels_last(spec: TensorSpec) -> bool:
    """Whether torch takes a tensor [N, C, H, W] or [N, C, D, H, W] for channels-last.

    It follows torch's own test, which decides for contiguous where sizes of 1 leave it open.
    """
    strides = spec.strides
    if strides is None or spec.rank not in (4, 5) or strides[1] == 0:
        return False
    least = 0
    for axis in (1, *range(spec.rank - 1, 1, -1), 0):
        size = spec.shape[axis]
        if size == 0 or strides[axis] < least:
            return False
        if axis == 0 and least == strides[1]:
            return False
        least = strides[axis] * (size if size > 1 else 1)
    return True


def spatial_result(shape: Shape, dtype: str, *sources: TensorSpec) -> TensorSpec:
    """The result of a spatial operator: channels-last if one of its sources is, else contiguous."""
    for source in sources:
        if source.strides is not None and source.rank == len(shape) and is_channels_last(source):
            return TensorSpec(shape, dtype, channels_last(shape))
    return TensorSpec(shape, dtype)
