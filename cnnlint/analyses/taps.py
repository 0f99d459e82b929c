"""Dead kernel taps: weights of a convolution that only ever meet zero padding.

On a map of n positions the tap t of a kernel meets the positions o·stride − padding + t·dilation, over
all outputs o. When none of them lies inside the map, the tap is multiplied by zeros in every forward
pass: its weights get no gradient and change nothing. The test is exact, per axis; a weight is alive when
it is alive along every axis, in at least one use.
"""

from __future__ import annotations

from fractions import Fraction

from cnnlint.graph import Trace, product
from cnnlint.traces import Operation, Window


def live_taps(window: Window, size: int, outputs: int) -> frozenset[int]:
    """The taps of a window that meet at least one of `size` positions."""
    alive = set()
    for tap in range(window.kernel_size):
        first = tap * window.dilation - window.padding
        # the smallest output whose position is at least 0
        output = max(-(first // window.stride), 0) if first < 0 else 0
        if output < outputs and first + output * window.stride < size:
            alive.add(tap)
    return frozenset(alive)


def live_positions(trace: Trace, operation: Operation) -> tuple[frozenset[int], ...]:
    """Per axis the live taps of a convolution."""
    space = len(operation.windows)
    source = trace.operand(operation)
    if source is None or not operation.outputs:
        return tuple(frozenset(range(window.kernel_size)) for window in operation.windows)
    result = trace.tensor(operation.outputs[0]).shape[-space:]
    return tuple(
        live_taps(window, size, outputs)
        for window, size, outputs in zip(operation.windows, source.shape[-space:], result, strict=True)
    )


def dead_share(trace: Trace, operations: list[Operation]) -> Fraction:
    """The share of dead taps in the kernel that these operations use (several where it is shared)."""
    kernel = [window.kernel_size for window in operations[0].windows]
    alive: set[tuple[int, ...]] = set()
    for operation in operations:
        axes = live_positions(trace, operation)
        taps: list[tuple[int, ...]] = [()]
        for axis in axes:
            taps = [(*tap, at) for tap in taps for at in axis]
        alive.update(taps)
    return 1 - Fraction(len(alive), product(kernel))


def dead_weights(trace: Trace) -> tuple[list[tuple[Fraction, Operation]], int]:
    """How many weights of each kernel are dead, with the kernel's first use, and how many weights all
    convolutions have together. Those whose input is not known for certain do not count."""
    kernels: dict[int, list[Operation]] = {}
    for operation in trace.operations("conv"):
        weight = trace.operand(operation, "weight")
        source = trace.operand(operation)
        if weight is not None and source is not None and not operation.fault and not source.uncertain:
            kernels.setdefault(weight.id, []).append(operation)
    total = 0
    dead: list[tuple[Fraction, Operation]] = []
    for id, operations in kernels.items():
        count = product(trace.tensor(id).shape)
        total += count
        share = dead_share(trace, operations)
        if share:
            dead.append((share * count, operations[0]))
    return dead, total
