"""The receptive field: how many positions of the input one position of a tensor can see.

Along each spatial axis of the input a tensor has the smallest and the largest field over all paths
that lead to it (a skip sees less than the branch that it goes round), and the jump: how many input
positions lie between two neighbours (Araujo, Norris & Sim 2019, "Computing Receptive Fields of
Convolutional Neural Networks"). Exact fractions, since resizing gives fractional jumps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from cnnlint.analyses.axes import Axes, axis_provenance, spatial_rank
from cnnlint.graph import Trace, once
from cnnlint.traces import Operation, Tensor

_GLOBAL = frozenset({"attention", "recurrent"})
_INTERPOLATED_NEIGHBOURS = {"linear": 2, "bilinear": 2, "trilinear": 2, "bicubic": 4}


@dataclass(frozen=True, slots=True)
class Field:
    """What a position of a tensor sees along one spatial axis of the input, in input positions."""

    smallest: Fraction = Fraction(1)
    largest: Fraction = Fraction(1)
    jump: Fraction = Fraction(1)

    def widened(self, taps: Fraction | int) -> Field:
        """After an operator that reads `taps` positions in a row."""
        wider = (taps - 1) * self.jump
        return Field(self.smallest + wider, self.largest + wider, self.jump)

    def scaled(self, stride: Fraction | int) -> Field:
        """With `stride` times the distance between neighbours."""
        return Field(self.smallest, self.largest, self.jump * stride)


Fields = tuple[Field, ...]


def receptive_field(trace: Trace) -> dict[int, tuple[int, ...]]:
    """Per tensor id the largest receptive field along each spatial axis of the input; tensors that
    do not depend on the input are missing."""
    return {
        tensor: tuple(math.ceil(field.largest) for field in fields)
        for tensor, fields in receptive_fields(trace).items()
    }


@once
def receptive_fields(trace: Trace) -> dict[int, Fields]:
    """Per tensor id the fields along each spatial axis of the input."""
    axes = axis_provenance(trace)
    count = spatial_rank(trace)
    table: dict[int, Fields] = {}
    if count < 1:
        return table
    for id in trace.run.inputs:
        table[id] = (Field(),) * count
    for operation in trace.run.operations:
        before = [table[id] for id in operation.inputs() if id in table]
        if before:
            fields = _through(trace, operation, _merged(before), axes)
            for output in operation.outputs:
                table[output] = fields
    return table


def useful_resolution(trace: Trace) -> tuple[int, ...]:
    """The smallest input, per spatial axis, of which every kernel wider than 1 can see something new on
    the shortest path to it: the largest of their smallest fields (rfa-toolbox: the minimum feasible
    resolution). () without such kernels."""
    fields = receptive_fields(trace)
    found = [
        [math.ceil(field.smallest) for field in fields[operation.outputs[0]]]
        for operation in trace.operations("conv")
        if operation.outputs
        and operation.outputs[0] in fields
        and any(window.extent > 1 for window in operation.windows)
    ]
    return tuple(max(axis) for axis in zip(*found, strict=True))


def _merged(paths: list[Fields]) -> Fields:
    """Where paths meet: the smallest and the largest over all of them. Their jumps agree, but for what
    was pooled and spread over the map again (gates, attention's keys), whose jump is larger."""
    return tuple(
        Field(
            min(field.smallest for field in same),
            max(field.largest for field in same),
            min(field.jump for field in same),
        )
        for same in zip(*paths, strict=True)
    )


def _through(trace: Trace, operation: Operation, fields: Fields, axes: dict[int, Axes]) -> Fields:
    """The fields behind an operator."""
    source = trace.main_input(operation)
    if source is None or not operation.outputs:
        return fields
    here = axes.get(source.id, ())
    output = trace.tensor(operation.outputs[0])
    if operation.windows or operation.kind in ("adaptive_pool", "interpolate"):
        return _over_windows(operation, fields, source, output, axes.get(output.id, ()))
    if operation.kind == "linear":
        return _contracted(fields, here[-1:])
    if operation.kind == "matmul":
        return _contracted(fields, here[-1:])
    if operation.kind == "reduction":
        after = axes.get(output.id, ())
        left = {role for axis in after for factor in axis for role in factor.roles if factor.size > 1}
        gone = tuple(
            tuple(factor for factor in axis if factor.size > 1 and not factor.roles & left) for axis in here
        )
        return _contracted(fields, gone)
    if operation.kind in _GLOBAL:
        return _contracted(fields, here[:-1])
    return fields


def _contracted(fields: Fields, read: Axes) -> Fields:
    """An operator that reads whole axes."""
    result = list(fields)
    for number in range(len(fields)):
        taps = 1
        for axis in read:
            for factor in axis:
                if number in factor.roles:
                    taps *= factor.size
        result[number] = fields[number].widened(taps)
    return tuple(result)


def _over_windows(
    operation: Operation, fields: Fields, source: Tensor, output: Tensor, after: Axes
) -> Fields:
    """An operator that slides a window along its last axes."""
    space = len(operation.windows) or len(output.shape) - 2
    first = len(output.shape) - space
    result = list(fields)
    for at in range(space):
        axis = after[first + at] if first + at < len(after) else ()
        number = next((role for factor in axis for role in factor.roles if isinstance(role, int)), at)
        if not 0 <= number < len(fields):
            continue
        field = fields[number]
        size, result_size = source.shape[first + at], max(output.shape[first + at], 1)
        if operation.kind == "adaptive_pool":
            bins = (
                -(-(cell + 1) * size // result_size) - cell * size // result_size
                for cell in range(result_size)
            )
            result[number] = field.widened(max(bins)).scaled(Fraction(size, result_size))
        elif operation.kind == "interpolate":
            taps = _INTERPOLATED_NEIGHBOURS.get(str(operation.attributes.get("mode")), 1)
            result[number] = field.widened(min(taps, size)).scaled(Fraction(size, result_size))
        elif operation.kind == "conv_transpose":
            window = operation.windows[at]
            taps = -(-window.extent // window.stride)
            result[number] = field.widened(taps).scaled(Fraction(1, window.stride))
        else:
            window = operation.windows[at]
            result[number] = field.widened(window.extent).scaled(window.stride)
    return tuple(result)
