"""Joining tensors: `cat` along an axis that they have, `stack` along a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import Disagreement, merge_refusal
from cnnlint.operators.dimensions import axis_of, wrong_dim
from cnnlint.operators.layout import channels_last, contiguous_strides, strides_of, suggests_channels_last
from cnnlint.operators.promotion import result_type
from cnnlint.traces import Shape

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def _which(index: int) -> str:
    """`in the second tensor`."""
    return f"in the {_ORDINALS[index]} tensor" if index < len(_ORDINALS) else f"in tensor {index}"


class Cat(Operator):
    """`cat` and what is defined by it. Operands are `tensors`; the attribute `dim` counts from 0."""

    kind = "cat"

    def __init__(self, name: str, names: Sequence[str], signature: str = "tensors, dim|axis=0, ~out"):
        super().__init__(name, names, signature)

    # -- what the parts look like, and where they are joined

    def parts(self, bound: Bound) -> list[TensorSpec]:
        """The tensors as they are joined."""
        return list(bound["tensors"])

    def dim(self, bound: Bound) -> int:
        """The joined axis, as it was given."""
        return bound["dim"]

    def axis(self, bound: Bound) -> int:
        """The joined axis, from 0."""
        return axis_of(self.dim(bound), _widest(self.parts(bound)).rank)

    # -- what it takes

    def refuse(self, bound: Bound) -> Refusal | None:
        refusal = not_tensors(self.name, bound["tensors"])
        if refusal is not None:
            return refusal
        parts = self.parts(bound)
        if all(_skipped(part) for part in parts):
            return None
        widest = _widest(parts)
        dim = self.dim(bound)
        if not widest.rank:
            return Refusal(
                "rank",
                f"{self.name} joins along an axis, but the tensors have none: use stack",
                operand="tensors",
            )
        refusal = wrong_dim(self.name, dim, widest.rank, operand="tensors")
        if refusal is not None:
            return refusal
        return self._disagreement(parts, axis_of(dim, widest.rank))

    def _disagreement(self, parts: Sequence[TensorSpec], axis: int) -> Refusal | None:
        first = next(index for index, part in enumerate(parts) if not _skipped(part))
        shape = parts[first].shape
        for index, part in enumerate(parts):
            if part.shape == shape or _skipped(part):
                continue
            if part.rank != len(shape):
                return Refusal(
                    "merge",
                    f"{self.name} needs tensors with equal numbers of axes, but there are {len(shape)} "
                    f"{_which(first)} and {part.rank} {_which(index)}",
                    expected=len(shape),
                    actual=part.rank,
                    operand="tensors",
                )
            found = [
                Disagreement(f"tensors.{first}", at, shape[at], f"tensors.{index}", at, size)
                for at, size in enumerate(part.shape)
                if at != axis and size != shape[at]
            ]
            if found:
                needs = f"along axis {axis} needs equal sizes elsewhere"
                refusal = merge_refusal(self.name, found, _which(first), _which(index), needs)
                return replace(refusal, operand="tensors")
        return None

    # -- what comes out

    def output(self, bound: Bound) -> Output:
        parts = self.parts(bound)
        real = [part for part in parts if not _skipped(part)]
        if not real:
            return TensorSpec((0,), result_type(parts))
        shape = self._joined(parts, self.axis(bound))
        strides = channels_last(shape) if all(suggests_channels_last(part) for part in real) else None
        return TensorSpec(shape, result_type(parts), strides)

    @staticmethod
    def _joined(parts: Sequence[TensorSpec], axis: int) -> Shape:
        first = _widest(parts).shape
        total = sum(part.shape[axis] for part in parts if part.rank == len(first) and not _skipped(part))
        return tuple(total if at == axis else size for at, size in enumerate(first))

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        parts = (
            [part for part in self.parts(bound) if isinstance(part, TensorSpec)]
            if refusal.reason == "merge"
            else []
        )
        if not parts:
            return super().recovered(bound, refusal)
        axis = self.axis(bound)
        first = _widest(parts)
        shape = self._joined(parts, axis)
        unsure = {
            at
            for part in parts
            if part.rank == first.rank
            for at in range(first.rank)
            if part.shape[at] != first.shape[at]
        }
        unsure -= {axis}
        if any(part.rank != first.rank for part in parts):
            unsure |= set(range(1, first.rank))
        return TensorSpec(shape, first.dtype, None, frozenset(unsure))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        parts = self.parts(bound)
        rank = outputs[0].rank
        return (frozenset(axis for part in parts if part.rank == rank for axis in part.uncertain),)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        parts = [part for part in bound["tensors"] if isinstance(part, TensorSpec)]
        return {"dim": self.axis({**bound, "tensors": parts}) if parts else None}


def _skipped(part: TensorSpec) -> bool:
    """torch lets an empty tensor with one axis join whatever there is."""
    return part.shape == (0,)


def _widest(parts: Sequence[TensorSpec]) -> TensorSpec:
    """The first tensor that is not skipped."""
    return next((part for part in parts if not _skipped(part)), parts[0])


def not_tensors(name: str, values: Any) -> Refusal | None:
    """The refusal of something else than a filled list of tensors."""
    if not isinstance(values, (tuple, list)):
        given = "a tensor" if isinstance(values, TensorSpec) else type(values).__name__
        return Refusal(
            "argument",
            f"{name} takes a list of tensors, not {given}",
            "tensors",
            operand=None,
            exception="TypeError",
        )
    if not values:
        return Refusal("argument", f"{name} takes at least one tensor", "tensors", operand=None)
    for index, value in enumerate(values):
        if not isinstance(value, TensorSpec):
            return Refusal(
                "argument",
                f"{name} takes tensors, but entry {index} is {type(value).__name__}",
                "tensors",
                operand=None,
                exception="TypeError",
            )
    return None


class PaddedCat(Cat):
    """`hstack`, `vstack`, `dstack`, `column_stack`: `cat` of tensors that first get more axes."""

    def __init__(self, name: str, names: Sequence[str], rank: int):
        super().__init__(name, names, "tensors, ~out")
        self.rank = rank

    def parts(self, bound: Bound) -> list[TensorSpec]:
        return [self._padded(part) for part in bound["tensors"]]

    def _padded(self, part: TensorSpec) -> TensorSpec:
        """`atleast_1d`, `atleast_2d`, `atleast_3d`; columns for `column_stack`."""
        shape = part.shape
        if part.rank >= self.rank:
            return part
        padded: Shape
        if self.name == "column_stack":
            padded = (shape[0] if shape else 1, 1)
        elif self.rank == 3:
            padded = {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}[part.rank]
        else:
            padded = (*(1,) * (self.rank - part.rank), *shape)
        return TensorSpec(padded, part.dtype)

    def dim(self, bound: Bound) -> int:
        if self.name == "hstack":
            return 0 if self.parts(bound)[0].rank == 1 else 1
        return {"vstack": 0, "dstack": 2}.get(self.name, 1)


class Stack(Operator):
    """`stack`: tensors of one shape along a new axis. The attribute `dim` counts from 0."""

    kind = "stack"

    def refuse(self, bound: Bound) -> Refusal | None:
        tensors, dim = bound["tensors"], bound["dim"]
        refusal = not_tensors("stack", tensors)
        if refusal is not None:
            return refusal
        first = tensors[0]
        refusal = wrong_dim("stack", dim, first.rank + 1, operand="tensors")
        if refusal is not None:
            return refusal
        for index, part in enumerate(tensors):
            if part.rank != first.rank:
                return Refusal(
                    "merge",
                    f"stack needs tensors with equal numbers of axes, but there are {first.rank} "
                    f"{_which(0)} and {part.rank} {_which(index)}",
                    expected=first.rank,
                    actual=part.rank,
                    operand="tensors",
                )
            found = [
                Disagreement("tensors.0", axis, first.shape[axis], f"tensors.{index}", axis, size)
                for axis, size in enumerate(part.shape)
                if size != first.shape[axis]
            ]
            if found:
                refusal = merge_refusal("stack", found, _which(0), _which(index))
                return replace(refusal, operand="tensors")
        return None

    def output(self, bound: Bound) -> Output:
        tensors = bound["tensors"]
        shape, dtype = self._shape(bound), result_type(tensors)
        axis = axis_of(bound["dim"], len(shape))
        if axis == len(shape) - 1:
            last = [TensorSpec((*part.shape, 1), dtype, (*strides_of(part), 1)) for part in tensors]
            kept = all(suggests_channels_last(part) for part in last)
            return TensorSpec(shape, dtype, channels_last(shape) if kept else None)
        if not all(suggests_channels_last(part) for part in tensors):
            return TensorSpec(shape, dtype)
        # As if concatenated along the axis, which is then cut in two.
        joined = (*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :])
        strides = channels_last(joined) or contiguous_strides(joined)
        step = strides[axis] * shape[axis + 1]
        return TensorSpec(shape, dtype, (*strides[:axis], step, *strides[axis:]))

    @staticmethod
    def _shape(bound: Bound) -> Shape:
        tensors = bound["tensors"]
        axis = axis_of(bound["dim"], tensors[0].rank + 1)
        shape = tensors[0].shape
        return (*shape[:axis], len(tensors), *shape[axis:])

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        if refusal.reason != "merge":
            return super().recovered(bound, refusal)
        first = bound["tensors"][0]
        axis = axis_of(bound["dim"], first.rank + 1)
        unsure = frozenset(at for name, at in refusal.axes if name == "tensors.0") or frozenset(
            range(1, first.rank)
        )
        return TensorSpec(
            self._shape(bound), first.dtype, None, frozenset(at + (at >= axis) for at in unsure)
        )

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        axis = axis_of(bound["dim"], outputs[0].rank)
        unsure = {at for part in bound["tensors"] for at in part.uncertain}
        return (frozenset(at + (at >= axis) for at in unsure),)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        first = next(self.tensors(bound), None)
        return {"dim": axis_of(bound["dim"], first.rank + 1) if first else None}


OPERATORS: list[Operator] = [
    Cat("cat", ("torch.cat", "torch.concat", "torch.concatenate")),
    PaddedCat("hstack", ("torch.hstack",), 1),
    PaddedCat("vstack", ("torch.vstack", "torch.row_stack"), 2),
    PaddedCat("dstack", ("torch.dstack",), 3),
    PaddedCat("column_stack", ("torch.column_stack",), 2),
    Stack("stack", ("torch.stack",), "tensors, dim=0, ~out"),
]
