"""Other values for what nobody stated: what is not there with them, or has other numbers, rests on a guess.

Sizes that are only assumed are changed to others that the model accepts; arguments that nothing supplies are
doubled.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace

from cnnlint.traces import Degree, Input, Operation, Pass, Shape, Variant

STEPS: tuple[Callable[[int, int], int], ...] = (
    lambda size, end: size + (96, 64, 32)[min(end, 3) - 1],
    lambda size, end: size - (32, 64, 32)[min(end, 3) - 1],
    lambda size, end: 2 * size,
    lambda size, end: size + 32,
    lambda size, end: size + 1,
    lambda size, end: size // 2,
)
"""Other sizes of an axis that is the `end`-th from the last: such that height and width differ, such that a
total stride of 32 divides them, all twice as large, odd ones."""

MOST_STEPS = 2
"""Other sizes with which a model is traced again, and as often with other numbers of channels."""

MOST_OPERATIONS = 5000
"""Operations above which a model is not traced again: it loops over what it is given."""

LARGE = 200
"""Operations above which one other size has to do."""


Retrace = Callable[[Sequence[Input], Pass], Pass | None]
"""Traces the model with these inputs as a pass was traced, going on after faults; None where that cannot be
done."""


def of_sizes(inputs: Sequence[Input], passes: Sequence[Pass], retrace: Retrace) -> Iterator[Variant]:
    """The model with other sizes along the axes whose size is only assumed, as far as it accepts them as well
    as the first ones: no more goes wrong. Axes of one size, at the same place from the end, keep one size."""
    if not passes or len(passes[0].operations) > MOST_OPERATIONS:
        return
    first, *rest = passes
    tried = {tuple(item.shape for item in inputs)}
    for with_channels in (False, True):
        found = 0
        for step in STEPS:
            if found == (MOST_STEPS if len(first.operations) < LARGE else 1):
                break
            changed = tuple(replace(item, shape=_stepped(item, step, with_channels)) for item in inputs)
            shapes = tuple(item.shape for item in changed)
            if shapes in tried or any(size < 1 for shape in shapes for size in shape):
                continue
            tried.add(shapes)
            run = retrace(changed, first)
            if run is None or wrong(run) > wrong(first):
                continue
            others = [retrace(changed, other) for other in rest]
            yield Variant(_changed_axes(inputs), changed, (run, *(other for other in others if other)))
            found += 1


def wrong(run: Pass) -> int:
    """How much goes wrong in a pass: its faults, and outputs that are longer than the batch."""
    return sum(operation.fault is not None for operation in run.operations) + lost_batches(run)


def lost_batches(run: Pass) -> int:
    """Outputs whose first axis is longer than the batch: `view(-1, N)` runs at a wrong size too."""
    sizes = {tensor.id: tensor.shape for tensor in run.tensors}
    firsts = [sizes[id][0] for id in run.outputs if sizes[id]]
    return sum(first > run.batch for first in firsts)


def _changed_axes(inputs: Sequence[Input]) -> tuple[str, ...]:
    """The facts that are changed, in words: `the height and width of x`."""
    return tuple(
        f"the {_axis_words(item)} of {item.name}"
        for item in inputs
        if any(item.axis(axis) is Degree.ASSUMED for axis in range(len(item.shape)))
    )


def _stepped(item: Input, step: Callable[[int, int], int], with_channels: bool) -> Shape:
    """The shape with other sizes for what is only assumed; of a shape that rests on nothing, the first axis
    may be the channels, of which layers take but one number."""
    rank = len(item.shape)
    return tuple(
        step(size, rank - axis)
        if item.axis(axis) is Degree.ASSUMED and (axis > 0 or rank == 1 or with_channels)
        else size
        for axis, size in enumerate(item.shape)
    )


def _axis_words(item: Input) -> str:
    rank = len(item.shape)
    if item.degree is Degree.ASSUMED:
        return "shape"
    if rank == 3 and item.axis(1) is Degree.ASSUMED:
        return "height and width"
    return "length" if rank <= 2 else "size"


def hanging(run: Pass, doubled: Pass) -> list[Operation]:
    """The faults of a pass that the pass with doubled arguments has not. What lies behind the end of that one
    says nothing."""
    if run.complete and not doubled.complete:
        return []
    reached = {(operation.layer, operation.calls) for operation in doubled.operations}
    return [
        operation
        for operation in run.operations
        if operation.fault
        and (operation.layer, operation.calls) in reached
        and not any(_alike(operation, other) for other in doubled.operations)
    ]


def _alike(one: Operation, other: Operation) -> bool:
    """Whether two faults are the same one; sizes that are both made of the arguments grow together."""
    if one.fault is None or other.fault is None or (one.layer, one.calls) != (other.layer, other.calls):
        return False
    if (one.fault.reason, one.fault.argument) != (other.fault.reason, other.fault.argument):
        return False
    numbers = (one.fault.expected, one.fault.actual), (other.fault.expected, other.fault.actual)
    (wanted, had), (wanted_then, had_then) = numbers
    if all(type(number) is int for pair in numbers for number in pair):
        return bool(wanted * had_then == wanted_then * had)
    return numbers[0] == numbers[1]


def without_faults(run: Pass, indices: Container[int]) -> Pass:
    """A pass in which these operations are not at fault; it ends where one was an exception."""
    operations = []
    for operation in run.operations:
        if operation.index in indices:
            if operation.kind == "raise":
                break
            operation = replace(operation, fault=None)
        operations.append(operation)
    whole = tuple(operations) == run.operations
    return run if whole else replace(run, operations=tuple(operations), complete=False)
