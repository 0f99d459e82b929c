"""Reading, writing, sorting, repeating and moving elements by their place; embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, ClassVar

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast, broadcast_uncertain, disagreements, merge_refusal
from cnnlint.operators.dimensions import axes_of, axis_of, repeated_dim, wrong_dim
from cnnlint.operators.factory import sizes_of
from cnnlint.operators.layout import (
    channels_last,
    preserved,
    strides_of,
    suggests_channels_last,
    view_strides,
)
from cnnlint.operators.pointwise import InPlace, method_and_function
from cnnlint.operators.promotion import promote
from cnnlint.trace import Shape

_INDICES = ("int64", "int32")


def _wrong_index(
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


def _count(rank: int) -> str:
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


def _dropped(axes: frozenset[int], axis: int) -> frozenset[int]:
    """The axes as they are counted when one of them is taken out."""
    return frozenset(at - (at > axis) for at in axes if at != axis)


# -- embeddings


class Embedding(Operator):
    """embedding: a row of `weight` [num_embeddings, embedding_dim] for each index."""

    kind = "embedding"

    def refuse(self, bound: Bound) -> Refusal | None:
        weight, padding = bound["weight"], bound["padding_idx"]
        if weight.rank != 2:
            return Refusal(
                "rank",
                f"{self.name} takes a weight [num_embeddings, embedding_dim], "
                f"but it has {_count(weight.rank)}",
                "weight",
                expected=2,
                actual=weight.rank,
                operand="weight",
            )
        rows = weight.shape[0]
        if padding is not None and not -rows <= padding < rows:
            return Refusal(
                "argument",
                f"{self.layers[0]}'s padding_idx must be between {-rows} and {rows - 1}, not {padding}",
                "padding_idx",
                actual=padding,
                operand=None,
                exception="AssertionError",
            )
        return _wrong_index(self.layers[0], self.indices(bound), "input") or self.wrong(bound)

    def indices(self, bound: Bound) -> TensorSpec:
        """The indices in the dtype that is read."""
        return bound["input"]

    def wrong(self, bound: Bound) -> Refusal | None:
        """The refusal of what only some embeddings have."""
        return None

    def output(self, bound: Bound) -> Output:
        weight = bound["weight"]
        return TensorSpec((*bound["input"].shape, weight.shape[-1]), weight.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        result = self.output(bound) if bound["weight"].rank else bound["input"]
        assert isinstance(result, TensorSpec)
        return result

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (frozenset(axis for axis in bound["input"].uncertain if axis < outputs[0].rank - 1),)


class EmbeddingBag(Embedding):
    """embedding_bag: the sum, mean or maximum of the rows of each bag; bags are the rows of a 2-D
    input, or begin at `offsets` in a 1-D one."""

    def indices(self, bound: Bound) -> TensorSpec:
        """Indices and offsets are brought to one dtype."""
        data, offsets = bound["input"], bound["offsets"]
        return data if offsets is None else data.like(dtype=promote(data.dtype, offsets.dtype))

    def wrong(self, bound: Bound) -> Refusal | None:
        data, offsets, mode, samples = (
            bound[name] for name in ("input", "offsets", "mode", "per_sample_weights")
        )
        if data.rank not in (1, 2):
            return Refusal(
                "rank",
                f"EmbeddingBag takes [bags, indices] or [indices] with offsets, "
                f"but the input has {_count(data.rank)}",
                expected=2,
                actual=data.rank,
                exception="ValueError",
            )
        if (data.rank == 1) != (offsets is not None) or (offsets is not None and offsets.rank != 1):
            text = "needs offsets [bags]" if data.rank == 1 else "takes no offsets"
            return Refusal(
                "argument",
                f"EmbeddingBag {text} for an input with {_count(data.rank)}",
                "offsets",
                operand="offsets" if offsets is not None else "input",
                exception="ValueError",
            )
        if mode not in ("sum", "mean", "max"):
            return Refusal(
                "argument",
                f"EmbeddingBag's mode is 'sum', 'mean' or 'max', not {mode!r}",
                "mode",
                operand=None,
                exception="ValueError",
            )
        if mode == "max" and (bound["scale_grad_by_freq"] or bound["sparse"]):
            name = "scale_grad_by_freq" if bound["scale_grad_by_freq"] else "sparse"
            return Refusal(
                "argument", f"EmbeddingBag with mode='max' does not take {name}", name, operand=None
            )
        if samples is None:
            return None
        if mode != "sum":
            return Refusal(
                "argument", "EmbeddingBag takes per_sample_weights only with mode='sum'", "mode", operand=None
            )
        if samples.shape != data.shape:
            return Refusal(
                "merge",
                f"EmbeddingBag needs per_sample_weights of the input's shape {list(data.shape)}, "
                f"but they are {list(samples.shape)}",
                "per_sample_weights",
                operand="per_sample_weights",
                exception="ValueError",
            )
        if samples.dtype != bound["weight"].dtype:
            return Refusal(
                "dtype",
                f"EmbeddingBag has weights of {bound['weight'].dtype}, "
                f"but per_sample_weights are {samples.dtype}",
                "per_sample_weights",
                operand="per_sample_weights",
            )
        return None

    def output(self, bound: Bound) -> Output:
        data, weight, offsets = bound["input"], bound["weight"], bound["offsets"]
        bags = data.shape[0] if data.rank else 1
        if offsets is not None and offsets.rank == 1:
            bags = offsets.shape[0] - bool(bound["include_last_offset"])
        return TensorSpec((bags, weight.shape[-1]), weight.dtype)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        source = bound["input"] if bound["offsets"] is None else bound["offsets"]
        return (source.uncertain & {0},)


# -- reading by index


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
            _wrong_index(self.name, index)
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
        refusal = _wrong_index(self.name, index, "indices", ("int64",))
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
        return _wrong_index(self.name, bound["index"], "index", ("int64",))

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
            or _wrong_index(self.name, index)
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


# -- writing by index


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
        refusal = wrong_dim(self.name, bound["dim"], data.rank) or _wrong_index(self.name, index)
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
            or _wrong_index(self.name, index, "index", _INDICES if self.name == "index_add" else ("int64",))
        )
        if refusal:
            return refusal
        if self.name == "index_fill":
            value = bound["value"]
            if isinstance(value, TensorSpec) and value.rank:
                return Refusal(
                    "rank",
                    f"index_fill takes a number or a tensor without axes, "
                    f"but the value has {_count(value.rank)}",
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
                f"but the value has {_count(value.rank)}",
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


# -- order


class Sort(Operator):
    """sort: values and their places."""

    kind = "index"
    named: ClassVar[str | None] = "sort"

    def refuse(self, bound: Bound) -> Refusal | None:
        return wrong_dim(self.name, bound["dim"], bound["input"].rank)

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        strides = preserved(data)
        return TensorSpec(data.shape, data.dtype, strides), TensorSpec(data.shape, "int64", strides)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return self.output(bound)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (bound["input"].uncertain,) * len(outputs)


class ArgSort(Sort):
    """argsort: the places alone."""

    named = None

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        return TensorSpec(data.shape, "int64", preserved(data))


class SortRows(Sort):
    """msort: the values sorted along axis 0."""

    named = None

    def refuse(self, bound: Bound) -> Refusal | None:
        return None

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        return TensorSpec(data.shape, data.dtype, preserved(data))


class TopK(Operator):
    """topk: the k largest or smallest values along an axis, and their places."""

    kind = "index"
    named = "topk"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, k = bound["input"], bound["k"]
        refusal = wrong_dim(self.name, bound["dim"], data.rank)
        if refusal or isinstance(k, TensorSpec):
            return refusal
        axis = axis_of(bound["dim"], data.rank)
        there = data.shape[axis] if data.rank else 1
        if not self.least() <= k <= there:
            return Refusal(
                "merge",
                f"{self.name} takes k up to the {there} elements of axis {axis}, not {k}",
                "k",
                expected=there,
                actual=k,
                axes=(("input", axis),) if data.rank else (),
            )
        if data.dtype == "bool" and data.rank:
            return Refusal(
                "dtype", f"{self.name} does not take bools: convert with .int()", actual=data.dtype
            )
        return None

    @staticmethod
    def least() -> int:
        """The smallest k."""
        return 0

    def _shape(self, bound: Bound) -> Shape:
        shape, k = bound["input"].shape, bound["k"]
        if isinstance(k, TensorSpec):
            raise NotImplementedError("k is a tensor")
        axis = axis_of(bound["dim"], len(shape))
        return (*shape[:axis], max(k, 0), *shape[axis + 1 :]) if shape else ()

    def output(self, bound: Bound) -> Output:
        shape = self._shape(bound)
        return TensorSpec(shape, bound["input"].dtype), TensorSpec(shape, "int64")

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        if refusal.argument == "dim":
            shape = bound["input"].shape
            unsure = frozenset(range(1, len(shape)))
        else:
            shape, unsure = self._shape(bound), frozenset()
        return TensorSpec(shape, bound["input"].dtype, None, unsure), TensorSpec(shape, "int64", None, unsure)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        data = bound["input"]
        return (data.uncertain - {axis_of(bound["dim"], data.rank)},) * len(outputs)


class KthValue(TopK):
    """kthvalue: the k-th smallest value along an axis, and its place."""

    named = "kthvalue"

    @staticmethod
    def least() -> int:
        return 1

    def _shape(self, bound: Bound) -> Shape:
        shape = bound["input"].shape
        axis = axis_of(bound["dim"], len(shape))
        return (*shape[:axis], *((1,) if bound["keepdim"] else ()), *shape[axis + 1 :]) if shape else ()

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        if bound["keepdim"]:
            return super().uncertain(bound, outputs)
        data = bound["input"]
        return (_dropped(data.uncertain, axis_of(bound["dim"], data.rank)),) * len(outputs)


# -- moving and repeating


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
            f"{self.name} flips axis {self.axis}, but the tensor has {_count(data.rank)}",
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
                "rank", f"rot90 takes at least 2 axes, but the tensor has {_count(data.rank)}", expected=2
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


# -- diagonals


class Diag(Operator):
    """diag: a vector as a square matrix with that diagonal, or a matrix's diagonal."""

    kind = "index"

    def refuse(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        if data.rank in (1, 2):
            return None
        return Refusal(
            "rank",
            f"diag takes a vector or a matrix, but the input has {_count(data.rank)}",
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
    Embedding(
        "embedding",
        ("torch.nn.functional.embedding",),
        "input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
        "sparse=False",
        ("Embedding",),
    ),
    EmbeddingBag(
        "embedding_bag",
        ("torch.nn.functional.embedding_bag",),
        "input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode='mean', "
        "sparse=False, per_sample_weights=None, include_last_offset=False, padding_idx=None",
        ("EmbeddingBag",),
    ),
    Gather("gather", method_and_function("gather"), "input, dim, index, sparse_grad=False, ~out"),
    TakeAlongDim("take_along_dim", method_and_function("take_along_dim"), "input, indices, dim=None, ~out"),
    Take("take", method_and_function("take"), "input, index, ~out"),
    IndexSelect("index_select", method_and_function("index_select"), "input, dim, index, ~out"),
    *_WRITES,
    *(InPlace(one, (f"torch.Tensor.{one.name}_",)) for one in _WRITES),
    Sort("sort", method_and_function("sort"), "input, dim=-1, descending=False, stable=False, ~out"),
    ArgSort("argsort", method_and_function("argsort"), "input, dim=-1, descending=False, stable=False"),
    SortRows("msort", method_and_function("msort"), "input, ~out"),
    TopK("topk", method_and_function("topk"), "input, k, dim=-1, largest=True, sorted=True, ~out"),
    KthValue("kthvalue", method_and_function("kthvalue"), "input, k, dim=-1, keepdim=False, ~out"),
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
    Diag("diag", method_and_function("diag"), "input, diagonal=0, ~out"),
    DiagEmbed("diag_embed", method_and_function("diag_embed"), "input, offset=0, dim1=-2, dim2=-1"),
]
