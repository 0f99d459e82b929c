"""Elements that are moved along axes, turned, mirrored and repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.dimensions import axes_of, axis_of, repeated_dim, wrong_dim
from cnnlint.operators.factory import sizes_of
from cnnlint.operators.indexing import axes_count
from cnnlint.operators.layout import channels_last, preserved, strides_of, suggests_channels_last
from cnnlint.operators.pointwise import method_and_function


class Roll(Operator):
    """roll: shifts along axes; without them, of the flattened tensor."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        shifts, dims = self._listed(bound["shifts"]), self._listed(bound["dims"])
        data = bound["input"]
        if not shifts or (len(shifts) != len(dims) and (dims or len(shifts) != 1)):
            return Refusal(
                "argument",
                f"roll needs a shift for each axis, but there are {len(shifts)} shifts and {len(dims)} axes",
                "shifts",
                operand=None,
            )
        if dims and not data.rank:
            return Refusal(
                "rank", "roll over an axis, but the tensor has none", "dims", exception="IndexError"
            )
        return wrong_dim(self.name, dims, data.rank, "dims")

    @staticmethod
    def _listed(value: Any) -> Sequence[int]:
        if value is None:
            return ()
        return value if isinstance(value, (tuple, list)) else (value,)

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        if 0 in data.shape:
            return TensorSpec(data.shape, data.dtype, preserved(data))
        moved = zip(self._listed(bound["shifts"]), self._listed(bound["dims"]), strict=False)
        # It joins two parts; where one is empty, the memory order is lost.
        parts = bool(self._listed(bound["dims"])) and all(shift % data.shape[dim] for shift, dim in moved)
        strides = channels_last(data.shape) if parts and suggests_channels_last(data) else None
        return TensorSpec(data.shape, data.dtype, strides)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return TensorSpec(bound["input"].shape, bound["input"].dtype)


class Flip(Operator):
    """flip, fliplr (axis 1) and flipud (axis 0)."""

    kind = "index"

    def __init__(self, name: str, names: Sequence[str], signature: str, axis: int | None = None):
        super().__init__(name, names, signature)
        self.axis = axis

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        bound = super().bind(args, kwargs)
        if self.axis is None and not isinstance(bound["dims"], (tuple, list)):
            raise TypeError("flip takes a tuple of axes")
        return bound

    def refuse(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        if self.axis is None:
            dims = bound["dims"]
            return wrong_dim(self.name, dims, data.rank, "dims") or repeated_dim(self.name, dims, data.rank)
        if data.rank > self.axis:
            return None
        return Refusal(
            "rank",
            f"{self.name} flips axis {self.axis}, but the tensor has {axes_count(data.rank)}",
            expected=self.axis + 1,
            actual=data.rank,
        )

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        return TensorSpec(data.shape, data.dtype, preserved(data))

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return self.output(bound)


class Rot90(Operator):
    """rot90: quarter turns in the plane of two axes."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, dims = bound["input"], bound["dims"]
        if not isinstance(dims, (tuple, list)) or len(dims) != 2:
            return Refusal(
                "argument", f"rot90 turns in the plane of two axes, not {dims}", "dims", operand=None
            )
        if data.rank < 2:
            return Refusal(
                "rank", f"rot90 takes at least 2 axes, but the tensor has {axes_count(data.rank)}", expected=2
            )
        return wrong_dim(self.name, dims, data.rank, "dims") or repeated_dim(self.name, dims, data.rank)

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        turns = bound["k"] % 4
        if turns == 0:
            return TensorSpec(data.shape, data.dtype)
        if turns == 2:
            return TensorSpec(data.shape, data.dtype, preserved(data))
        strides = strides_of(TensorSpec(data.shape, data.dtype, preserved(data)))
        order = self._order(bound)
        return TensorSpec(
            tuple(data.shape[axis] for axis in order), data.dtype, tuple(strides[axis] for axis in order)
        )

    def _order(self, bound: Bound) -> list[int]:
        """Which axis of the input is which of the output's."""
        order = list(range(bound["input"].rank))
        if bound["k"] % 2:
            first, second = axes_of(bound["dims"], len(order))
            order[first], order[second] = second, first
        return order

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        order = self._order(bound)
        return (frozenset(at for at, axis in enumerate(order) if axis in bound["input"].uncertain),)


class Repeat(Operator):
    """repeat (a number for each axis, new ones in front) and tile (1 for axes that are not said)."""

    kind = "index"

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        """Raises TypeError also for repeats that are no whole numbers."""
        bound = super().bind(args, kwargs)
        if not any(isinstance(count, TensorSpec) for count in self._counts(bound)):
            sizes_of(self._counts(bound))
        return bound

    @staticmethod
    def _counts(bound: Bound) -> Sequence[Any]:
        return bound["repeats"] if "repeats" in bound else bound["dims"]

    def refuse(self, bound: Bound) -> Refusal | None:
        data, repeats = bound["input"], self._counts(bound)
        if self.name == "repeat" and len(repeats) < data.rank:
            return Refusal(
                "rank",
                f"repeat needs a number for each of the {data.rank} axes, but has {len(repeats)}",
                "repeats",
                expected=data.rank,
                actual=len(repeats),
            )
        for count in repeats:
            if isinstance(count, int) and count < 0:
                return Refusal(
                    "argument",
                    f"{self.name} takes no negative numbers: {tuple(repeats)}",
                    "repeats" if self.name == "repeat" else "dims",
                    actual=count,
                    operand=None,
                )
        return None

    def output(self, bound: Bound) -> Output:
        data, repeats = bound["input"], sizes_of(self._counts(bound))
        rank = max(data.rank, len(repeats))
        sizes = (1,) * (rank - data.rank) + data.shape
        counts = (1,) * (rank - len(repeats)) + repeats
        return TensorSpec(tuple(size * count for size, count in zip(sizes, counts, strict=True)), data.dtype)


class RepeatInterleave(Operator):
    """repeat_interleave: each element several times; without `dim`, of the flattened tensor."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, repeats, dim = bound["input"], bound["repeats"], bound["dim"]
        if isinstance(repeats, int) and repeats < 0:
            return Refusal(
                "argument",
                f"repeat_interleave takes no negative number, but {repeats}",
                "repeats",
                operand=None,
            )
        if dim is None:
            return None
        if not data.rank:
            return Refusal(
                "rank",
                "repeat_interleave along an axis, but the tensor has none",
                "dim",
                exception="IndexError",
            )
        return wrong_dim(self.name, dim, data.rank)

    def output(self, bound: Bound) -> Output:
        data, repeats, dim = bound["input"], bound["repeats"], bound["dim"]
        shape = data.shape if dim is not None else (prod(data.shape),)
        axis = axis_of(dim or 0, len(shape))
        size = bound["output_size"]
        if size is None:
            if isinstance(repeats, TensorSpec):
                raise NotImplementedError("the size depends on values")
            size = shape[axis] * repeats
        return TensorSpec((*shape[:axis], size, *shape[axis + 1 :]), data.dtype)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        unsure = bound["input"].uncertain
        if bound["dim"] is None:
            return (frozenset({0}) if unsure else frozenset(),)
        return (unsure,)


OPERATORS: list[Operator] = [
    Roll("roll", method_and_function("roll"), "input, shifts, dims=None"),
    Flip("flip", ("torch.flip",), "input, dims"),
    Flip("flip", ("torch.Tensor.flip",), "input, *dims"),
    Flip("fliplr", method_and_function("fliplr"), "input", 1),
    Flip("flipud", method_and_function("flipud"), "input", 0),
    Rot90("rot90", method_and_function("rot90"), "input, k=1, dims=(0, 1)"),
    Repeat("repeat", ("torch.Tensor.repeat",), "input, *repeats"),
    Repeat("tile", method_and_function("tile"), "input, *dims"),
    RepeatInterleave(
        "repeat_interleave",
        method_and_function("repeat_interleave"),
        "input, repeats, dim=None, output_size=None",
    ),
]
