"""Which positions of a feature map any consumer ever reads, exactly.

A convolution or pooling reads along each axis the positions o·stride − padding + t·dilation for its
outputs o and taps t. Positions between the windows (stride > kernel) and rows that are cut off at the
end (7 rows, pooled by 2) are read by nobody, unless another consumer reads them: a position of the map
is read when some consumer reads its row and its column. A norm or an activation between them reads a
position when what it gives there is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from operator import and_

from cnnlint.graph import Trace, product
from cnnlint.traces import Operation, Tensor, Window

WINDOWED = frozenset({"conv", "pool"})

POSITIONWISE = frozenset({"norm", "activation", "dropout"})
"""Operators that give each position from the same one (a norm's statistics aside)."""


def positions(window: Window, size: int, outputs: int) -> frozenset[int]:
    """The positions of an axis of `size` that a window reads for `outputs` results."""
    taps = [tap * window.dilation - window.padding for tap in range(window.kernel_size)]
    return frozenset(
        at
        for output in range(outputs)
        for at in (output * window.stride + tap for tap in taps)
        if 0 <= at < size
    )


def read_positions(trace: Trace, use: Operation, tensor: Tensor) -> tuple[frozenset[int], ...] | None:
    """Per spatial axis the positions of `tensor` that one consumer reads; None for all of them."""
    if use.kind not in WINDOWED or not use.windows or use.fault or not use.outputs:
        return None
    main = trace.operand(use)
    if main is None or main.id != tensor.id:
        return None
    space = len(use.windows)
    result = trace.tensor(use.outputs[0]).shape[-space:]
    return tuple(
        positions(window, size, outputs)
        for window, size, outputs in zip(use.windows, tensor.shape[-space:], result, strict=True)
    )


def readers(trace: Trace, tensor: Tensor) -> list[Operation]:
    """The operations that read a map, directly or behind position-wise operators."""
    found: list[Operation] = []
    for use in trace.consumers(tensor):
        found += readers(trace, trace.tensor(use.outputs[0])) if _hands_on(trace, use, tensor) else [use]
    return found


def unread_share(trace: Trace, tensor: Tensor) -> Fraction:
    """The share of a map's positions that no consumer reads; 0 where one reads all or it is returned."""
    per_use = _all_read_positions(trace, tensor)
    if not per_use or len({len(axes) for axes in per_use}) != 1:
        return Fraction(0)
    return 1 - _read_share(per_use, tensor.shape[-len(per_use[0]) :])


def _all_read_positions(trace: Trace, tensor: Tensor) -> list[tuple[frozenset[int], ...]] | None:
    """What each reader reads of a map; None where all of it is read, or returned."""
    if tensor.id in trace.run.outputs:
        return None
    found: list[tuple[frozenset[int], ...]] = []
    for use in trace.consumers(tensor):
        if _hands_on(trace, use, tensor):
            behind = _all_read_positions(trace, trace.tensor(use.outputs[0]))
            if behind is None:
                return None
            found += behind
            continue
        axes = read_positions(trace, use, tensor)
        if axes is None:
            return None
        found.append(axes)
    return found


def _hands_on(trace: Trace, use: Operation, tensor: Tensor) -> bool:
    """Whether an operation gives each position of a map from the same one of the tensor."""
    return (
        use.kind in POSITIONWISE
        and not use.fault
        and bool(use.outputs)
        and trace.operand(use) == tensor
        and trace.tensor(use.outputs[0]).shape == tensor.shape
    )


def _read_share(per_use: Sequence[tuple[frozenset[int], ...]], sizes: Sequence[int]) -> Fraction:
    """The share of positions that at least one of the consumers reads.

    Along each axis the positions fall into classes by the set of consumers that read them (a bit mask);
    a position of the map is read when the masks of its axes have a bit in common.
    """
    masks = [
        Counter(
            sum(1 << number for number, axes in enumerate(per_use) if at in axes[axis]) for at in range(size)
        )
        for axis, size in enumerate(sizes)
    ]
    combined = reduce(_joined, masks)
    read = sum(count for mask, count in combined.items() if mask)
    return Fraction(read, product(sizes))


def _joined(first: Counter[int], second: Counter[int]) -> Counter[int]:
    result: Counter[int] = Counter()
    for one, count in first.items():
        for other, times in second.items():
            result[and_(one, other)] += count * times
    return result
