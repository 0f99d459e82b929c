"""Reading and writing elements by their place: gather, scatter, index_select, masks, diagonals."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast, broadcast_uncertain, disagreements, merge_refusal
from cnnlint.operators.dimensions import axes_of, axis_of, repeated_dim, wrong_dim
from cnnlint.operators.layout import preserved, view_strides
from cnnlint.operators.pointwise import InPlace, method_and_function
from cnnlint.traces import Shape

_INDICES = ("int64", "int32")


def wrong_index(
    name: str, spec: TensorSpec, operand: str = "index", allowed: Sequence[str] = _INDICES
) -> Refusal | None:
    """The refusal of indices that are no integers (of the widths allowed)."""
    if spec.dtype in allowed:
        return None
    return Refusal(
        "dtype",
        f"{name} takes indices in {' or '.join(allowed)}, but the {operand} is {spec.dtype}: "
        "convert with .long()",
        operand,
        expected=allowed[0],
        actual=spec.dtype,
        operand=operand,
    )


def axes_count(rank: int) -> str:
    return "1 axis" if rank == 1 else f"{rank} axes"


def _vector(name: str, spec: TensorSpec, operand: str = "index") -> Refusal | None:
    """The refusal of an index with more than one axis."""
    if spec.rank < 2:
        return None
    return Refusal(
        "rank",
        f"{name} takes an index with 1 axis, but it has {spec.rank}",
        operand,
        expected=1,
        actual=spec.rank,
        operand=operand,
        exception="IndexError",
    )


def _unlike_ranks(name: str, operand: str, data: TensorSpec, index: TensorSpec) -> Refusal | None:
    if max(data.rank, 1) == max(index.rank, 1):
        return None
    return Refusal(
        "rank",
        f"{name} takes an {operand} with as many axes as the input, {data.rank}, but it has {index.rank}",
        operand,
        expected=data.rank,
        actual=index.rank,
        operand=operand,
    )


class Gather(Operator):
    """gather: one element for each index; other axes than `dim` are cut to the index's."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, index = bound["input"], bound["index"]
        refusal = wrong_dim(self.name, bound["dim"], data.rank)
        if refusal or 0 in index.shape:
            return refusal
        return (
            wrong_index(self.name, index)
            or _unlike_ranks(self.name, "index", data, index)
            or _too_long(self.name, index.shape, data.shape, axis_of(bound["dim"], data.rank))
        )

    def output(self, bound: Bound) -> Output:
        return TensorSpec(bound["index"].shape, bound["input"].dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        index = bound["index"]
        return TensorSpec(index.shape, bound["input"].dtype, None, frozenset(range(1, index.rank)))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (bound["index"].uncertain,)


def _too_long(
    name: str, index: Shape, shape: Shape, dim: int | None, operand: str = "input"
) -> Refusal | None:
    """The refusal of an index that reaches beyond a tensor along another axis than `dim`."""
    for axis, (wanted, there) in enumerate(zip(index, shape, strict=False)):
        if axis != dim and wanted > there:
            return Refusal(
                "merge",
                f"{name} takes an index no longer than the {operand}, "
                f"but axis {axis} is {wanted} in the index and {there} in the {operand}",
                "index",
                expected=there,
                actual=wanted,
                operand="index",
                axes=(("index", axis), (operand, axis)),
            )
    return None


class TakeAlongDim(Operator):
    """take_along_dim: gather whose operands broadcast; without `dim` of the flattened tensor."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, index, dim = bound["input"], bound["indices"], bound["dim"]
        refusal = wrong_index(self.name, index, "indices", ("int64",))
        if refusal:
            return refusal
        if dim is None:
            return self._not_flat("input", data) or self._not_flat("indices", index)
        if data.rank != index.rank:
            return _unlike_ranks(self.name, "indices", data, index) or Refusal(
                "rank",
                f"{self.name} takes indices with as many axes as the input",
                "indices",
                operand="indices",
            )
        if not data.rank:
            return Refusal(
                "rank", f"{self.name} along an axis, but the tensor has none", "dim", exception="IndexError"
            )
        refusal = wrong_dim(self.name, dim, data.rank)
        if refusal or self._shape(bound) is not None:
            return refusal
        axis = axis_of(dim, data.rank)
        shapes = [("input", self._without(data.shape, axis)), ("indices", self._without(index.shape, axis))]
        return merge_refusal(self.name, disagreements(shapes), "in the input", "in the indices")

    def _not_flat(self, name: str, spec: TensorSpec) -> Refusal | None:
        if view_strides(spec, (prod(spec.shape),)) is not None:
            return None
        return Refusal(
            "reshape",
            f"{self.name} without dim flattens by .view, but the {name} is not contiguous: "
            "call .contiguous() on it first",
            operand=name,
        )

    @staticmethod
    def _without(shape: Shape, axis: int) -> Shape:
        return (*shape[:axis], 1, *shape[axis + 1 :])

    def _shape(self, bound: Bound) -> Shape | None:
        data, index = bound["input"].shape, bound["indices"].shape
        if bound["dim"] is None:
            return (prod(index),)
        axis = axis_of(bound["dim"], len(data))
        wide = broadcast([self._without(data, axis), self._without(index, axis)])
        return None if wide is None else (*wide[:axis], index[axis], *wide[axis + 1 :])

    def output(self, bound: Bound) -> Output:
        shape = self._shape(bound)
        assert shape is not None, "refused before"
        return TensorSpec(shape, bound["input"].dtype)


class Take(Operator):
    """take: elements of the flattened tensor."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        return wrong_index(self.name, bound["index"], "index", ("int64",))

    def output(self, bound: Bound) -> Output:
        return TensorSpec(bound["index"].shape, bound["input"].dtype)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (bound["index"].uncertain,)


class IndexSelect(Operator):
    """index_select: whole slices along one axis."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, index = bound["input"], bound["index"]
        refusal = (
            wrong_dim(self.name, bound["dim"], data.rank)
            or _vector(self.name, index)
            or wrong_index(self.name, index)
        )
        if refusal or data.rank or prod(index.shape) == 1:
            return refusal
        return Refusal(
            "rank",
            f"{self.name} of a tensor without axes takes 1 index, not {prod(index.shape)}",
            "index",
            operand="index",
        )

    def output(self, bound: Bound) -> Output:
        data, axis = bound["input"], axis_of(bound["dim"], bound["input"].rank)
        if not data.rank:
            return TensorSpec((), data.dtype)
        return TensorSpec(
            (*data.shape[:axis], prod(bound["index"].shape), *data.shape[axis + 1 :]), data.dtype
        )

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        axis = axis_of(bound["dim"], bound["input"].rank)
        chosen = frozenset({axis}) if bound["index"].uncertain else frozenset()
        return ((bound["input"].uncertain - {axis}) | chosen,)


class Scatter(Operator):
    """scatter, scatter_add and scatter_reduce: the input with elements written at the indices."""

    kind = "index"
    reductions: ClassVar[dict[str, tuple[str | None, ...]]] = {
        "scatter": (None, "add", "multiply"),
        "scatter_add": (None,),
        "scatter_reduce": ("sum", "prod", "mean", "amax", "amin", "max", "min"),
    }

    def refuse(self, bound: Bound) -> Refusal | None:
        data, index, source = bound["input"], bound["index"], bound["src"]
        allowed = self.reductions[self.name]
        if bound.get("reduce") not in allowed:
            return Refusal(
                "argument",
                f"{self.name}'s reduce is one of {', '.join(repr(one) for one in allowed if one)}, "
                f"not {bound['reduce']!r}",
                "reduce",
                operand=None,
            )
        refusal = wrong_dim(self.name, bound["dim"], data.rank) or wrong_index(self.name, index)
        if refusal:
            return refusal
        axis = axis_of(bound["dim"], data.rank)
        if isinstance(source, TensorSpec) and source.dtype != data.dtype:
            return Refusal(
                "dtype",
                f"{self.name} needs one dtype, but the input is {data.dtype} and src {source.dtype}",
                "src",
                expected=data.dtype,
                actual=source.dtype,
                operand="src",
            )
        if 0 in index.shape:
            return None
        refusal = _unlike_ranks(self.name, "index", data, index) or _too_long(
            self.name, index.shape, data.shape, axis
        )
        if refusal or not isinstance(source, TensorSpec):
            return refusal
        return _unlike_ranks(self.name, "index", source, index) or _too_long(
            self.name, index.shape, source.shape, None, "src"
        )

    def output(self, bound: Bound) -> Output:
        return TensorSpec(bound["input"].shape, bound["input"].dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return TensorSpec(bound["input"].shape, bound["input"].dtype)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (bound["input"].uncertain,)


class IndexWrite(Operator):
    """index_add, index_copy and index_fill: the input with whole slices written along one axis."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, index = bound["input"], bound["index"]
        refusal = (
            wrong_dim(self.name, bound["dim"], data.rank)
            or _vector(self.name, index)
            or wrong_index(self.name, index, "index", _INDICES if self.name == "index_add" else ("int64",))
        )
        if refusal:
            return refusal
        if self.name == "index_fill":
            value = bound["value"]
            if isinstance(value, TensorSpec) and value.rank:
                return Refusal(
                    "rank",
                    f"index_fill takes a number or a tensor without axes, "
                    f"but the value has {axes_count(value.rank)}",
                    "value",
                    operand="value",
                )
            return None
        return self._wrong_source(bound)

    def _wrong_source(self, bound: Bound) -> Refusal | None:
        data, index, source = bound["input"], bound["index"], bound["source"]
        if source.dtype != data.dtype:
            return Refusal(
                "dtype",
                f"{self.name} needs one dtype, but the input is {data.dtype} and the source {source.dtype}",
                "source",
                expected=data.dtype,
                actual=source.dtype,
                operand="source",
            )
        if not data.rank or not source.rank:
            count = prod(index.shape)
            if data.rank == source.rank or count == 1:
                return None
            return Refusal(
                "rank",
                f"{self.name} of a source without axes takes 1 index, not {count}",
                "source",
                expected=1,
                actual=count,
                operand="source",
                exception="IndexError",
            )
        axis = axis_of(bound["dim"], data.rank)
        expected = (*data.shape[:axis], prod(index.shape), *data.shape[axis + 1 :])
        if source.shape == expected:
            return None
        wrong = tuple(
            at for at in range(source.rank) if source.rank == data.rank and source.shape[at] != expected[at]
        )
        return Refusal(
            "merge",
            f"{self.name} along axis {axis} needs a source of {list(expected)}, "
            f"but it is {list(source.shape)}",
            "source",
            expected=expected,
            actual=source.shape,
            operand="source",
            axes=tuple(
                pair
                for at in wrong
                for pair in (("source", at), ("index", 0) if at == axis else ("input", at))
            ),
            exception="IndexError",
        )

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        return TensorSpec(data.shape, data.dtype, preserved(data) if self.name == "index_fill" else None)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return TensorSpec(bound["input"].shape, bound["input"].dtype)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (bound["input"].uncertain,)


class Masked(Operator):
    """masked_fill and masked_scatter: input and mask broadcast."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, mask = bound["input"], bound["mask"]
        if mask.dtype != "bool":
            return Refusal(
                "dtype",
                f"{self.name} takes a mask of bools, not {mask.dtype}: convert with .bool()",
                "mask",
                expected="bool",
                actual=mask.dtype,
                operand="mask",
            )
        value, source = bound.get("value"), bound.get("source")
        if isinstance(value, TensorSpec) and value.rank:
            return Refusal(
                "rank",
                f"{self.name} takes a number or a tensor without axes, "
                f"but the value has {axes_count(value.rank)}",
                "value",
                operand="value",
            )
        if isinstance(source, TensorSpec) and source.dtype != data.dtype:
            return Refusal(
                "dtype",
                f"{self.name} needs one dtype, but the input is {data.dtype} and the source {source.dtype}",
                "source",
                operand="source",
            )
        if broadcast([data.shape, mask.shape]) is None:
            found = disagreements([("input", data.shape), ("mask", mask.shape)])
            return merge_refusal(self.name, found, "in the input", "in the mask")
        return None

    def output(self, bound: Bound) -> Output:
        shape = broadcast([bound["input"].shape, bound["mask"].shape])
        assert shape is not None, "refused before"
        return TensorSpec(shape, bound["input"].dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return TensorSpec(bound["input"].shape, bound["input"].dtype)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (broadcast_uncertain([bound["input"], bound["mask"]], outputs[0].rank),)


class Diag(Operator):
    """diag: a vector as a square matrix with that diagonal, or a matrix's diagonal."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        if data.rank in (1, 2):
            return None
        return Refusal(
            "rank",
            f"diag takes a vector or a matrix, but the input has {axes_count(data.rank)}",
            actual=data.rank,
        )

    def output(self, bound: Bound) -> Output:
        data, offset = bound["input"], bound["diagonal"]
        if data.rank == 1:
            size = data.shape[0] + abs(offset)
            return TensorSpec((size, size), data.dtype)
        rows, columns = data.shape
        length = min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns)
        return TensorSpec((max(length, 0),), data.dtype)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (frozenset(range(outputs[0].rank)) if bound["input"].uncertain else frozenset(),)


class DiagEmbed(Operator):
    """diag_embed: the last axis as the diagonal of matrices over `dim1` and `dim2`."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        rank = bound["input"].rank + 1
        return (
            wrong_dim(self.name, bound["dim1"], rank, "dim1")
            or wrong_dim(self.name, bound["dim2"], rank, "dim2")
            or repeated_dim(self.name, (bound["dim1"], bound["dim2"]), rank)
        )

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        size = data.shape[-1] + abs(bound["offset"])
        first, second = self._axes(bound)
        rest = iter(data.shape[:-1])
        shape = [size if axis in (first, second) else next(rest) for axis in range(data.rank + 1)]
        return TensorSpec(tuple(shape), data.dtype)

    def _axes(self, bound: Bound) -> tuple[int, ...]:
        return axes_of((bound["dim1"], bound["dim2"]), bound["input"].rank + 1)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        data, both = bound["input"], self._axes(bound)
        places = [axis for axis in range(data.rank + 1) if axis not in both]
        axes = {places[axis] for axis in data.uncertain if axis < data.rank - 1}
        return (frozenset(axes | (set(both) if data.rank - 1 in data.uncertain else set())),)


_WRITES: list[Operator] = [
    Scatter("scatter", method_and_function("scatter"), "input, dim, index, src|value, reduce=None, ~out"),
    Scatter("scatter_add", method_and_function("scatter_add"), "input, dim, index, src, ~out"),
    Scatter(
        "scatter_reduce",
        method_and_function("scatter_reduce"),
        "input, dim, index, src, reduce, include_self=True, ~out",
    ),
    IndexWrite("index_add", method_and_function("index_add"), "input, dim, index, source, alpha=1, ~out"),
    IndexWrite("index_copy", method_and_function("index_copy"), "input, dim, index, source, ~out"),
    IndexWrite("index_fill", method_and_function("index_fill"), "input, dim, index, value"),
    Masked("masked_fill", method_and_function("masked_fill"), "input, mask, value"),
    Masked("masked_scatter", method_and_function("masked_scatter"), "input, mask, source"),
]


OPERATORS: list[Operator] = [
    Gather("gather", method_and_function("gather"), "input, dim, index, sparse_grad=False, ~out"),
    TakeAlongDim("take_along_dim", method_and_function("take_along_dim"), "input, indices, dim=None, ~out"),
    Take("take", method_and_function("take"), "input, index, ~out"),
    IndexSelect("index_select", method_and_function("index_select"), "input, dim, index, ~out"),
    *_WRITES,
    *(InPlace(one, (f"torch.Tensor.{one.name}_",)) for one in _WRITES),
    Diag("diag", method_and_function("diag"), "input, diagonal=0, ~out"),
    DiagEmbed("diag_embed", method_and_function("diag_embed"), "input, offset=0, dim1=-2, dim2=-1"),
]
