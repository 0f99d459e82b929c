"""Axis provenance: what each axis of each tensor descends from.

An axis is a row-major sequence of `Factor`s. `[B, 64, 7, 7]` after a convolution has the axes
`(batch B) (features 64) (0: 7) (1: 7)`; `flatten(1)` makes them `(batch B) (features 64, 0: 7, 1: 7)`,
and a `view` that cuts through a factor mixes the roles of all that it cuts through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from cnnlint.graph import Trace, once, product
from cnnlint.traces import Operation, Shape, Tensor

BATCH = "batch"
CHANNELS = "channels"  # of the model's input
FEATURES = "features"  # made by a layer: its out_channels, out_features

Role = str | int
"""BATCH, CHANNELS, FEATURES, or the number of a spatial axis (0 is the first one behind the channels)."""


@dataclass(frozen=True, slots=True)
class Factor:
    """`size` positions of an axis that descend from `roles`: one role, several where a reshape cut
    through axes, none where nothing is known (new and repeated axes)."""

    size: int
    roles: frozenset[Role] = frozenset()


Axis = tuple[Factor, ...]
Axes = tuple[Axis, ...]

_RESHAPES = frozenset({"reshape", "squeeze", "unsqueeze", "flatten"})
_SLICES = frozenset({"index", "split", "slice", "select", "chunk", "unbind"})
_WINDOWED = frozenset({"conv", "conv_transpose", "pool", "adaptive_pool", "interpolate"})


def roles(axis: Axis) -> frozenset[Role]:
    """All roles in an axis; axes and factors of size 1 hold nothing."""
    return frozenset().union(*(factor.roles for factor in axis if factor.size != 1))


@once
def axis_provenance(trace: Trace) -> dict[int, Axes]:
    """The axes of every tensor of a pass, by tensor id."""
    return _Provenance(trace).table


def spatial_rank(trace: Trace) -> int:
    """How many spatial axes the model's inputs have (2 for images)."""
    return max((len(_input_roles(trace.tensor(id))) - 2 for id in trace.run.inputs), default=0)


def reshape_axes(axes: Axes, shape: Shape) -> Axes:
    """The axes after a row-major reshape to `shape`, whose product is that of `axes`."""
    source = [factor for axis in axes for factor in axis if factor.size != 1]
    result: list[list[Factor]] = [[] for _ in shape]
    left = list(shape)  # what of each new axis is still to be filled
    target = 0
    index = 0
    while index < len(source):
        factor = source[index]
        while target < len(shape) and left[target] == 1:
            target += 1
        if target == len(shape) or factor.size == 0 or 0 in shape:
            break
        if left[target] % factor.size == 0:
            result[target].append(factor)
            left[target] //= factor.size
            index += 1
        elif factor.size % left[target] == 0:
            result[target].append(Factor(left[target], factor.roles))
            source[index] = Factor(factor.size // left[target], factor.roles)
            left[target] = 1
        else:
            # The boundaries do not meet: everything up to the next common one is mixed.
            end, stop = _common_boundary(source, index, left, target)
            mixed = frozenset().union(*(item.roles for item in source[index:end]))
            for position in range(target, stop):
                if left[position] != 1:
                    result[position].append(Factor(left[position], mixed))
                    left[position] = 1
            index = end
    return tuple(tuple(axis) or (Factor(size),) for axis, size in zip(result, shape, strict=True))


def _common_boundary(
    source: Sequence[Factor], index: int, left: Sequence[int], target: int
) -> tuple[int, int]:
    """Ends (exclusive) of the shortest runs of factors and new axes with the same product."""
    have, want = source[index].size, left[target]
    index, target = index + 1, target + 1
    while have != want:
        if have < want and index < len(source):
            have *= source[index].size
            index += 1
        elif target < len(left):
            want *= left[target]
            target += 1
        else:
            return len(source), len(left)
    return index, target


def _plain(shape: Shape, names: Sequence[Role | None]) -> Axes:
    """Axes of one factor each."""
    return tuple(
        (Factor(size, frozenset() if name is None else frozenset({name})),)
        for size, name in zip(shape, names, strict=True)
    )


@cache
def _names(rank: int, integers: bool) -> tuple[Role | None, ...]:
    if integers:  # indices: words of a text, classes; what they index is added by the embedding
        return (BATCH, *range(rank - 1))[:rank]
    return (BATCH, CHANNELS, *range(rank - 2))[:rank]


def _input_roles(tensor: Tensor) -> tuple[Role | None, ...]:
    return _names(len(tensor.shape), "int" in tensor.dtype and len(tensor.shape) < 4)


class _Provenance:
    """Walks a pass once, in order; `table` is complete afterwards."""

    def __init__(self, trace: Trace):
        self.trace = trace
        self.table: dict[int, Axes] = {}
        for tensor in trace.run.tensors:
            if tensor.origin == "input":
                self.table[tensor.id] = _plain(tensor.shape, _input_roles(tensor))
            elif tensor.origin != "operation":
                self.table[tensor.id] = _plain(tensor.shape, (None,) * len(tensor.shape))
        for operation in trace.run.operations:
            for output in operation.outputs:
                tensor = trace.tensor(output)
                axes = self._derive(operation, tensor)
                if tuple(product([factor.size for factor in axis]) for axis in axes) != tensor.shape:
                    axes = self._by_position(operation, tensor)
                self.table[output] = axes

    def _derive(self, operation: Operation, output: Tensor) -> Axes:
        trace, kind = self.trace, operation.kind
        source = trace.main_input(operation)
        if source is None:
            return self._by_batch(output)
        axes = self.table.get(source.id, ())
        if len(axes) != len(source.shape):  # made by a module whose own code raised
            return self._by_batch(output)
        if kind in _RESHAPES:
            return reshape_axes(axes, output.shape)
        if kind == "permute":
            return self._permuted(source, axes, output)
        if kind in _WINDOWED:
            return self._windowed(operation, source, axes, output)
        if kind in ("linear", "bilinear", "embedding", "recurrent", "attention"):
            kept = axes[: len(output.shape) - 1]
            if kind == "attention" and (query := trace.operand(operation, "query")):
                kept = self.table.get(query.id, ())[: len(output.shape) - 1]
            if len(kept) == len(output.shape) - 1:
                last = axes[-1] if kind == "attention" else self._features(output.shape[-1])
                return (*kept, last)
        if kind == "matmul":
            return self._matmul(operation, output)
        if kind == "einsum" and isinstance(operation.attributes.get("equation"), str):
            return self._einsum(operation, operation.attributes["equation"], output)
        if kind == "reduction":
            return self._reduced(operation, axes, output)
        if kind == "cat":
            return self._joined(operation, output)
        if kind == "stack":
            dim = operation.attributes.get("dim", 0)
            dim = dim % len(output.shape) if isinstance(dim, int) else 0
            return (*axes[:dim], (Factor(output.shape[dim]),), *axes[dim:])
        if kind in _SLICES and len(output.shape) < len(source.shape):
            return self._selected(source, axes, output)
        return self._by_position(operation, output)

    @staticmethod
    def _features(size: int) -> Axis:
        return (Factor(size, frozenset({FEATURES})),)

    def _permuted(self, source: Tensor, axes: Axes, output: Tensor) -> Axes:
        """A permutation keeps each axis' stride, which tells the axes apart."""
        free = list(range(len(axes)))
        result: list[Axis] = []
        for size, stride in zip(output.shape, output.strides, strict=False):
            match = next(
                (at for at in free if (source.shape[at], source.strides[at]) == (size, stride)), None
            )
            if match is None:
                match = next((at for at in free if source.shape[at] == size), None)
            if match is None:
                return self._by_batch(output)
            free.remove(match)
            result.append(axes[match])
        return tuple(result)

    def _windowed(self, operation: Operation, source: Tensor, axes: Axes, output: Tensor) -> Axes:
        """Convolution, pooling, resizing: the last axes are space by definition."""
        rank = len(output.shape)
        space = len(operation.windows) or max(rank - 2, 1)
        if rank != len(source.shape) or rank <= space:
            return self._by_batch(output)
        spatial: list[Role] = [next(iter(roles(axis)), -1) for axis in axes[rank - space :]]
        if any(not isinstance(role, int) or role < 0 for role in spatial) or len(set(spatial)) < space:
            spatial = list(range(space))
        result = list(axes[: rank - space])
        if operation.kind in ("conv", "conv_transpose"):
            result[-1] = self._features(output.shape[rank - space - 1])
        for role, size in zip(spatial, output.shape[rank - space :], strict=True):
            result.append((Factor(size, frozenset({role})),))
        return tuple(result)

    def _matmul(self, operation: Operation, output: Tensor) -> Axes:
        left, right = (self.table.get(tensor, ()) for tensor in ((*operation.inputs(), -1, -1))[:2])
        result = list(self._by_position(operation, output))
        if len(left) >= 2 and len(right) >= 2 and len(result) >= 2:
            result[-2], result[-1] = left[-2], right[-1]
            if not roles(right[-1]):
                result[-1] = self._features(output.shape[-1])
        return tuple(result)

    def _einsum(self, operation: Operation, equation: str, output: Tensor) -> Axes:
        sides = equation.replace(" ", "").split("->")
        if len(sides) != 2 or "." in equation or len(sides[1]) != len(output.shape):
            return self._by_batch(output)
        found: dict[str, Axis] = {}
        for letters, id in zip(sides[0].split(","), operation.inputs(), strict=False):
            for letter, axis in zip(letters, self.table.get(id, ()), strict=False):
                if roles(axis) or letter not in found:
                    found[letter] = axis
        return tuple(
            found[letter] if roles(found.get(letter, ())) else self._features(size)
            for letter, size in zip(sides[1], output.shape, strict=True)
        )

    def _reduced(self, operation: Operation, axes: Axes, output: Tensor) -> Axes:
        dims = reduced_axes(operation, len(axes))
        if len(output.shape) == len(axes):
            return tuple(
                (Factor(1),) if at in dims and output.shape[at] == 1 else axis for at, axis in enumerate(axes)
            )
        return tuple(axis for at, axis in enumerate(axes) if at not in dims)

    def _joined(self, operation: Operation, output: Tensor) -> Axes:
        """A concatenation: the joined axis has the roles of all parts."""
        parts = [self.table.get(id, ()) for id in operation.inputs()]
        parts = [part for part in parts if len(part) == len(output.shape)]
        result: list[Axis] = []
        for at, size in enumerate(output.shape):
            here = [part[at] for part in parts]
            same = next((axis for axis in here if product([item.size for item in axis]) == size), None)
            joined = frozenset().union(*(roles(axis) for axis in here)) if here else frozenset()
            if CHANNELS in joined and FEATURES in joined:
                joined -= {CHANNELS}
            result.append(same or (Factor(size, joined),))
        return tuple(result)

    def _selected(self, source: Tensor, axes: Axes, output: Tensor) -> Axes:
        """An index that drops axes: those that are left are told by their strides, in order."""
        result: list[Axis] = []
        at = 0
        for size, stride in zip(output.shape, output.strides, strict=False):
            while at < len(axes) and (source.shape[at], source.strides[at]) != (size, stride):
                at += 1
            if at == len(axes):
                return self._by_batch(output)
            result.append(axes[at])
            at += 1
        return tuple(result)

    def _by_position(self, operation: Operation, output: Tensor) -> Axes:
        """Elementwise and whatever keeps its axes: matched from the right, as in broadcasting."""
        result = list(self._by_batch(output))
        for id in reversed(operation.inputs()):
            axes = self.table.get(id, ())
            if self.trace.tensor(id).origin in ("parameter", "buffer") or len(axes) > len(result):
                continue
            shift = len(result) - len(axes)
            for at, axis in enumerate(axes):
                size = output.shape[at + shift]
                if product([factor.size for factor in axis]) == size:
                    if roles(axis) or not roles(result[at + shift]):
                        result[at + shift] = axis
                elif len(axis) == 1 and axis[0].size > 1 and len(axes) == len(result):
                    result[at + shift] = (Factor(size, axis[0].roles),)  # a slice or a pad of it
        return tuple(result)

    def _by_batch(self, output: Tensor) -> Axes:
        """Nothing is known but the batch's unusual size."""
        batch = self.trace.run.batch
        return tuple(
            (Factor(batch, frozenset({BATCH})), Factor(size // batch))
            if batch > 1000 and size >= batch and size % batch == 0
            else (Factor(size),)
            for size in output.shape
        )


def reduced_axes(operation: Operation, rank: int) -> frozenset[int]:
    """The axes that a reduction (mean, sum, amax, softmax) runs over, from 0; all where none is named."""
    dims = operation.attributes.get("dim")
    if dims is None or dims == ():
        return frozenset(range(rank))
    listed = dims if isinstance(dims, tuple) else (dims,)
    return frozenset(dim % rank for dim in listed if isinstance(dim, int) and rank)
