"""How a tensor lies in memory: strides of results, and which views they allow.

Strides are in elements, as torch has them; None stands for a contiguous tensor.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnnlint.operators.base import TensorSpec
from cnnlint.traces import Shape


def contiguous_strides(shape: Sequence[int]) -> Shape:
    """The strides of a contiguous tensor."""
    strides = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def strides_of(spec: TensorSpec) -> Shape:
    """The strides of a tensor, written out."""
    return contiguous_strides(spec.shape) if spec.strides is None else spec.strides


def is_contiguous(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether the elements lie in order without gaps; axes of size 1 do not matter."""
    step = 1
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size == 0:
            return True
        if size != 1:
            if stride != step:
                return False
            step *= size
    return True


def laid_out(shape: Sequence[int], memory_order: Sequence[int]) -> Shape | None:
    """The strides of a dense tensor whose axes lie in memory in the order given, outermost first."""
    strides = [1] * len(shape)
    step = 1
    for axis in reversed(memory_order):
        strides[axis] = step
        step *= max(shape[axis], 1)
    return None if is_contiguous(shape, strides) else tuple(strides)


def channels_last(shape: Sequence[int]) -> Shape | None:
    """The strides of a dense tensor that keeps its channels (axis 1) innermost."""
    return laid_out(shape, (0, *range(2, len(shape)), 1))


def suggests_channels_last(spec: TensorSpec) -> bool:
    """Whether torch takes a tensor of rank 4 or 5 for a channels-last one."""
    if spec.strides is None or spec.rank not in (4, 5):
        return False
    least = 0
    if spec.strides[1] == 0:
        return False
    for axis in (1, *range(spec.rank - 1, 1, -1), 0):
        size, stride = spec.shape[axis], spec.strides[axis]
        if size == 0 or stride < least or (axis == 0 and least == spec.strides[1]):
            return False
        least = stride * size if size > 1 else stride
    return True


def is_dense(spec: TensorSpec) -> bool:
    """Whether the tensor fills its memory without gaps or overlaps, in whatever order of axes."""
    if spec.strides is None:
        return True
    step = 1
    axes = sorted(range(spec.rank), key=lambda axis: (spec.shape[axis] < 2, spec.strides[axis]))  # type: ignore[index]
    for axis in axes:
        if spec.shape[axis] < 2:
            return True
        if spec.strides[axis] != step:
            return False
        step *= spec.shape[axis]
    return True


def preserved(spec: TensorSpec) -> Shape | None:
    """The strides of a fresh tensor that keeps the memory order of `spec` (`clone`, `empty_like`)."""
    if spec.strides is None or is_dense(spec):
        return spec.strides
    return elementwise_strides((spec,), spec.shape)


def elementwise_strides(operands: Sequence[TensorSpec], shape: Shape) -> Shape | None:
    """The strides of the result of an elementwise operator: the memory order of its operands, the
    first one's where they disagree. Follows TensorIterator, which does this in torch."""
    if all(operand.strides is None for operand in operands):
        return None
    if all(operand.shape == shape for operand in operands):
        layouts = {strides_of(operand) for operand in operands}
        if len(layouts) == 1 and is_dense(operands[0]):
            return operands[0].strides
        if all(_is_channels_last(operand) for operand in operands):
            return channels_last(shape)
    rank = len(shape)
    stretched = [_stretched(operand, shape) for operand in operands if operand.shape]
    order = list(range(rank - 1, -1, -1))
    for index in range(1, rank):
        moving = index
        for other in range(index - 1, -1, -1):
            comparison = _compare(stretched, shape, order[other], order[moving])
            if comparison > 0:
                order[other], order[moving] = order[moving], order[other]
                moving = other
            elif comparison < 0:
                break
    return laid_out(shape, order[::-1])


def _is_channels_last(spec: TensorSpec) -> bool:
    if spec.rank not in (4, 5):
        return False
    strides = strides_of(spec)
    axes = (0, *range(2, spec.rank), 1)
    return is_contiguous([spec.shape[axis] for axis in axes], [strides[axis] for axis in axes])


def _stretched(spec: TensorSpec, shape: Shape) -> list[int]:
    """The strides of an operand broadcast to `shape`: 0 along stretched axes."""
    missing = len(shape) - spec.rank
    strides = strides_of(spec)
    return [0] * missing + [
        0 if spec.shape[axis] == 1 and shape[missing + axis] != 1 else strides[axis]
        for axis in range(spec.rank)
    ]


def _compare(stretched: Sequence[Sequence[int]], shape: Shape, inner: int, outer: int) -> int:
    """1 if the axis `inner` should lie outside `outer`, −1 if it lies right, 0 if no operand tells."""
    for strides in stretched:
        if strides[inner] == 0 or strides[outer] == 0:
            continue
        if strides[inner] != strides[outer]:
            return 1 if strides[inner] > strides[outer] else -1
        if shape[inner] > shape[outer]:
            return 1
    return 0


def view_strides(spec: TensorSpec, shape: Shape) -> Shape | None:
    """The strides with which the same memory is seen as `shape` (of as many elements); None where
    that takes a copy."""
    if spec.strides is None or 0 in spec.shape:
        return contiguous_strides(shape)
    if not spec.shape:
        return (1,) * len(shape)
    found = [0] * len(shape)
    target = len(shape) - 1
    base = spec.strides[-1]
    have = want = 1
    for axis in range(spec.rank - 1, -1, -1):
        have *= spec.shape[axis]
        goes_on = axis > 0 and (spec.shape[axis - 1] == 1 or spec.strides[axis - 1] == have * base)
        if goes_on:
            continue
        while target >= 0 and (want < have or shape[target] == 1):
            found[target] = want * base
            want *= shape[target]
            target -= 1
        if want != have:
            return None
        if axis > 0:
            base = spec.strides[axis - 1]
            have = want = 1
    return tuple(found) if target == -1 else None
