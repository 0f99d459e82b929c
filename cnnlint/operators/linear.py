"""Products of features: linear layers and matrix multiplication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast, disagreements, merge_refusal
from cnnlint.operators.dimensions import axis_of, rank_text, wrong_dim
from cnnlint.operators.layout import elementwise_strides
from cnnlint.operators.merge import not_tensors
from cnnlint.operators.pointwise import method_and_function
from cnnlint.operators.promotion import promote, result_type
from cnnlint.traces import Shape


def show(shape: Sequence[int]) -> str:
    """`[2, 1568]`."""
    return f"[{', '.join(map(str, shape))}]"


def different_dtypes(name: str, *specs: TensorSpec | None) -> Refusal | None:
    """The refusal of operands that are not all of one dtype."""
    dtypes = dict.fromkeys(spec.dtype for spec in specs if spec is not None)
    if len(dtypes) < 2:
        return None
    return Refusal("dtype", f"{name} takes tensors of one dtype, not {' and '.join(dtypes)}")


def not_a_tensor(name: str, operands: dict[str, Any]) -> Refusal | None:
    """The refusal of an operand that is no tensor."""
    for operand, value in operands.items():
        if not isinstance(value, TensorSpec):
            return Refusal(
                "argument",
                f"{name} takes a tensor, but {operand} is {type(value).__name__}",
                operand=None,
                exception="TypeError",
            )
    return None


class Linear(Operator):
    """`linear`: [..., in_features] to [..., out_features]."""

    kind = "linear"

    def refuse(self, bound: Bound) -> Refusal | None:
        given, weight, bias = bound["input"], bound["weight"], bound["bias"]
        refusal = not_a_tensor("Linear", {"input": given, "weight": weight})
        if refusal is not None:
            return refusal
        if not given.rank:
            return Refusal("rank", "Linear needs an axis of features, but the input is a single number")
        if weight.rank not in (1, 2) or (weight.rank == 1 and bias is not None):
            return Refusal(
                "argument",
                f"linear takes a weight [out, in], not one with {rank_text(weight.rank)}",
                "weight",
                operand="weight",
            )
        if given.shape[-1] != weight.shape[-1]:
            return Refusal(
                "features",
                f"Linear expects {weight.shape[-1]} features, but the input has {given.shape[-1]}",
                "in_features",
                expected=weight.shape[-1],
                actual=given.shape[-1],
                axes=(("input", given.rank - 1),),
            )
        if bias is not None:
            shape = self._shape(bound)
            if broadcast((bias.shape, shape)) != shape:
                return Refusal(
                    "argument",
                    f"linear needs one bias for each of its {shape[-1]} features, not {show(bias.shape)}",
                    "bias",
                    expected=shape[-1],
                    operand="bias",
                )
        return different_dtypes("Linear", given, weight, bias)

    @staticmethod
    def _shape(bound: Bound) -> Shape:
        shape: Shape = (*bound["input"].shape[:-1], *bound["weight"].shape[:-1])
        return shape

    def output(self, bound: Bound) -> Output:
        return TensorSpec(self._shape(bound), bound["input"].dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        given, weight = bound["input"], bound["weight"]
        if not (isinstance(given, TensorSpec) and isinstance(weight, TensorSpec)):
            return super().recovered(bound, refusal)
        return TensorSpec(self._shape(bound), weight.dtype, None, self._unsure(given))

    @staticmethod
    def _unsure(given: TensorSpec) -> frozenset[int]:
        """The features are the weight's, whatever came."""
        return frozenset(axis for axis in given.uncertain if axis < given.rank - 1)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (self._unsure(bound["input"]),)

    def macs(self, bound: Bound) -> int:
        return prod(bound["input"].shape[:-1]) * prod(bound["weight"].shape)


class Matmul(Operator):
    """The matrix products. `matmul` broadcasts leading axes and takes vectors on either side; `mm`, `bmm`,
    `mv` and `dot` take what `ranks` says. The factors are `input` and `other`, in this order unless the
    operator is `swapped`."""

    kind = "matmul"

    def __init__(
        self, name: str, names: Sequence[str], ranks: tuple[int, int] | None = None, swapped: bool = False
    ):
        super().__init__(name, names, "input, other|mat2|vec2|vec|tensor, ~out, ~out_dtype")
        self.ranks = ranks
        self.swapped = swapped

    def sides(self, bound: Bound) -> tuple[TensorSpec, TensorSpec]:
        """The left and the right factor."""
        left, right = bound["input"], bound["other"]
        return (right, left) if self.swapped else (left, right)

    def refuse(self, bound: Bound) -> Refusal | None:
        refusal = not_a_tensor(self.name, {name: bound[name] for name in ("input", "other")})
        if refusal is not None:
            return refusal
        left, right = self.sides(bound)
        return (
            self._wrong_ranks(left, right)
            or self._disagreement(left, right)
            or different_dtypes(self.name, left, right)
        )

    def _wrong_ranks(self, left: TensorSpec, right: TensorSpec) -> Refusal | None:
        if self.ranks is None:
            if left.rank and right.rank:
                return None
            return Refusal("rank", f"{self.name} takes tensors with axes, not single numbers: write *")
        if (left.rank, right.rank) == self.ranks:
            return None
        return Refusal(
            "rank",
            f"{self.name} takes tensors with {self.ranks[0]} and {rank_text(self.ranks[1])}, "
            f"not {left.rank} and {right.rank}: matmul takes all",
            expected=self.ranks[0] if left.rank != self.ranks[0] else self.ranks[1],
            actual=left.rank if left.rank != self.ranks[0] else right.rank,
        )

    def _disagreement(self, left: TensorSpec, right: TensorSpec) -> Refusal | None:
        names = ("other", "input") if self.swapped else ("input", "other")
        rows = max(right.rank - 2, 0)
        if left.shape[-1] != right.shape[rows]:
            return Refusal(
                "merge",
                f"{self.name} sums over the last axis of the left, which is {left.shape[-1]}, "
                f"and axis {rows} of the right, which is {right.shape[rows]}",
                expected=left.shape[-1],
                actual=right.shape[rows],
                operand=names[1],
                axes=((names[0], left.rank - 1), (names[1], rows)),
            )
        leading = [(names[0], left.shape[:-2]), (names[1], right.shape[:-2])]
        if self.name == "bmm" and leading[0][1] != leading[1][1]:
            return Refusal(
                "merge",
                f"bmm multiplies pairs of matrices, but there are {left.shape[0]} on the left "
                f"and {right.shape[0]} on the right",
                expected=left.shape[0],
                actual=right.shape[0],
                operand=names[1],
                axes=((names[0], 0), (names[1], 0)),
            )
        found = disagreements(leading)
        return merge_refusal(self.name, found) if found else None

    def shape(self, left: TensorSpec, right: TensorSpec) -> Shape:
        """The product's shape; where the leading axes do not fit, the left's."""
        if right.rank == 1:
            return left.shape[:-1]
        if left.rank == 1:
            return (*right.shape[:-2], right.shape[-1])
        leading = broadcast((left.shape[:-2], right.shape[:-2]))
        return (*(left.shape[:-2] if leading is None else leading), left.shape[-2], right.shape[-1])

    def output(self, bound: Bound) -> Output:
        left, right = self.sides(bound)
        return TensorSpec(self.shape(left, right), left.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        if refusal.reason not in ("merge", "dtype"):
            return super().recovered(bound, refusal)
        left, right = self.sides(bound)
        shape = self.shape(left, right)
        inner = refusal.reason == "dtype" or refusal.axes[0][1] == left.rank - 1
        unsure = frozenset() if inner else frozenset(range(len(shape) - 2))
        return TensorSpec(shape, left.dtype, None, unsure)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        left, right = self.sides(bound)
        rank = outputs[0].rank
        # Counted from the end, in the output's axes: a vector's only axis is summed away.
        lost = 1 if right.rank == 1 else 0
        axes = {axis - left.rank + lost for axis in left.uncertain if axis != left.rank - 1}
        for axis in right.uncertain:
            from_end = axis - right.rank
            if right.rank > 1 and from_end != -2:
                axes.add(from_end + 1 if left.rank == 1 and from_end < -2 else from_end)
        return (frozenset(rank + axis for axis in axes if rank + axis >= 0),)

    def macs(self, bound: Bound) -> int:
        left, right = self.sides(bound)
        return prod(self.shape(left, right)) * left.shape[-1]


class AddedProduct(Operator):
    """`addmm`, `baddbmm`, `addmv`, `addbmm`, `addr`: `input` plus a product."""

    kind = "matmul"

    def __init__(self, name: str, product: Operator, first: str, second: str):
        super().__init__(
            name, method_and_function(name), f"input, {first}, {second}, beta=1, alpha=1, ~out, ~out_dtype"
        )
        self.product = product
        self.first, self.second = first, second

    def _factors(self, bound: Bound) -> Bound:
        return {"input": bound[self.first], "other": bound[self.second]}

    def _shape(self, bound: Bound) -> Shape:
        product = self.product.output(self._factors(bound))
        assert isinstance(product, TensorSpec)
        return product.shape[1:] if self.name == "addbmm" else product.shape

    def refuse(self, bound: Bound) -> Refusal | None:
        added = bound["input"]
        refusal = not_a_tensor(self.name, {"input": added}) or self.product.refuse(self._factors(bound))
        if refusal is not None:
            names = {"input": self.first, "other": self.second}
            return replace(
                refusal,
                operand=names.get(refusal.operand or ""),
                axes=tuple((names[name], axis) for name, axis in refusal.axes),
            )
        shape = self._shape(bound)
        if broadcast((added.shape, shape)) != shape:
            return Refusal(
                "merge",
                f"{self.name} adds {show(added.shape)} to a product of {show(shape)}",
                axes=tuple(("input", axis) for axis in range(added.rank)),
            )
        return None if self.name == "addr" else different_dtypes(self.name, added, bound[self.first])

    def output(self, bound: Bound) -> Output:
        added, first, second = (bound[name].dtype for name in ("input", self.first, self.second))
        return TensorSpec(self._shape(bound), promote(added, promote(first, second)) or added)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return self.product.recovered(self._factors(bound), refusal)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        if self.name == "addbmm":
            return super().uncertain(bound, outputs)
        return self.product.uncertain(self._factors(bound), outputs)

    def macs(self, bound: Bound) -> int:
        return self.product.macs(self._factors(bound))


class Bilinear(Operator):
    """`bilinear`: [..., in1] and [..., in2] to [..., out]; the weight is [out, in1, in2]."""

    kind = "bilinear"

    def refuse(self, bound: Bound) -> Refusal | None:
        weight, bias = bound["weight"], bound["bias"]
        for name, axis in (("input1", 1), ("input2", 2)):
            given = bound[name]
            if not given.rank:
                return Refusal(
                    "rank", f"Bilinear needs an axis of features, but {name} is a single number", operand=name
                )
            if given.shape[-1] != weight.shape[axis]:
                return Refusal(
                    "features",
                    f"Bilinear expects {weight.shape[axis]} features in {name}, but it has {given.shape[-1]}",
                    f"in{axis}_features",
                    expected=weight.shape[axis],
                    actual=given.shape[-1],
                    operand=name,
                    axes=((name, given.rank - 1),),
                )
        first, second = bound["input1"], bound["input2"]
        if first.shape[:-1] != second.shape[:-1]:
            return Refusal(
                "merge",
                f"Bilinear needs inputs that agree but in their features, not {show(first.shape)} and "
                f"{show(second.shape)}",
                operand="input2",
                axes=tuple(
                    (name, axis) for name in ("input1", "input2") for axis in range(bound[name].rank - 1)
                ),
            )
        return different_dtypes("Bilinear", first, second, weight, bias)

    def output(self, bound: Bound) -> Output:
        return TensorSpec((*bound["input1"].shape[:-1], bound["weight"].shape[0]), bound["input1"].dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return self.output(bound)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        last = outputs[0].rank - 1
        return (
            frozenset(axis for name in ("input1", "input2") for axis in bound[name].uncertain if axis < last),
        )

    def macs(self, bound: Bound) -> int:
        return prod(bound["input1"].shape[:-1]) * prod(bound["weight"].shape)


class Outer(Operator):
    """`outer`: two vectors to a matrix."""

    kind = "matmul"

    def refuse(self, bound: Bound) -> Refusal | None:
        for name in ("input", "other"):
            if bound[name].rank != 1:
                return Refusal(
                    "rank",
                    f"{self.name} takes two vectors, but {name} has {rank_text(bound[name].rank)}",
                    operand=name,
                )
        return None

    def output(self, bound: Bound) -> Output:
        vectors = bound["input"], bound["other"]
        return TensorSpec((vectors[0].shape[0], vectors[1].shape[0]), result_type(vectors))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (frozenset(axis for axis, name in enumerate(("input", "other")) if bound[name].uncertain),)

    def macs(self, bound: Bound) -> int:
        return bound["input"].shape[0] * bound["other"].shape[0]


class Tensordot(Operator):
    """`tensordot` and `inner`: sums over pairs of axes, one of each side."""

    kind = "matmul"

    def pairs(self, bound: Bound) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The axes that are summed, as they were given."""
        left, right = bound["input"], bound["other"]
        if self.name == "inner":
            return ((-1,), (-1,)) if left.rank and right.rank else ((), ())
        dims = bound["dims"]
        if isinstance(dims, int):
            return tuple(range(left.rank - dims, left.rank)), tuple(range(dims))
        first, second = (tuple(side) if isinstance(side, (tuple, list)) else (side,) for side in dims)
        return first, second

    def refuse(self, bound: Bound) -> Refusal | None:
        left, right = bound["input"], bound["other"]
        if isinstance(bound.get("dims"), TensorSpec):
            raise TypeError("dims as a tensor")
        if isinstance(bound.get("dims"), int) and not 0 <= bound["dims"] <= min(left.rank, right.rank):
            return Refusal(
                "argument",
                f"{self.name} over {bound['dims']} axes, but there are {left.rank} on the left "
                f"and {right.rank} on the right",
                "dims",
            )
        first, second = self.pairs(bound)
        if len(first) != len(second):
            return Refusal(
                "argument",
                f"{self.name} pairs axes, but names {len(first)} and {len(second)}",
                "dims",
                operand=None,
            )
        for name, axes in (("input", first), ("other", second)):
            rank = bound[name].rank
            if axes and not rank:
                return Refusal(
                    "rank",
                    f"{self.name} over axis {axes[0]}, but {name} is a single number",
                    "dims",
                    operand=name,
                )
            refusal = wrong_dim(self.name, axes, rank, "dims", name)
            if refusal is not None:
                return refusal
            if len({axis_of(axis, rank) for axis in axes}) < len(axes):
                return Refusal("argument", f"{self.name} names an axis twice in {axes}", "dims", operand=None)
        refusal = self._disagreement(left, right, first, second)
        if refusal is not None or (self.name == "inner" and not first):
            return refusal
        return different_dtypes(self.name, left, right)

    def _disagreement(
        self, left: TensorSpec, right: TensorSpec, first: Sequence[int], second: Sequence[int]
    ) -> Refusal | None:
        for one, other in zip(first, second, strict=True):
            sizes = left.shape[one], right.shape[other]
            if sizes[0] != sizes[1] and (self.name == "inner" or 1 not in sizes):
                return Refusal(
                    "merge",
                    f"{self.name} sums over axis {axis_of(one, left.rank)} of the left, which is {sizes[0]}, "
                    f"and axis {axis_of(other, right.rank)} of the right, which is {sizes[1]}",
                    expected=sizes[0],
                    actual=sizes[1],
                    operand="other",
                    axes=(("input", axis_of(one, left.rank)), ("other", axis_of(other, right.rank))),
                )
        return None

    def _free(self, bound: Bound) -> tuple[list[int], list[int]]:
        """The axes of each side that are left."""
        free = []
        for name, axes in zip(("input", "other"), self.pairs(bound), strict=True):
            rank = bound[name].rank
            summed = {axis_of(axis, rank) for axis in axes}
            free.append([axis for axis in range(rank) if axis not in summed])
        return free[0], free[1]

    def output(self, bound: Bound) -> Output:
        left, right = bound["input"], bound["other"]
        first, second = self._free(bound)
        shape = (*(left.shape[axis] for axis in first), *(right.shape[axis] for axis in second))
        scalar = self.name == "inner" and not (left.rank and right.rank)
        strides = elementwise_strides((left, right), shape) if scalar else None
        return TensorSpec(shape, result_type((left, right)), strides)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return self.output(bound) if refusal.reason == "merge" else super().recovered(bound, refusal)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        first, second = self._free(bound)
        unsure = [axis in bound["input"].uncertain for axis in first]
        unsure += [axis in bound["other"].uncertain for axis in second]
        return (frozenset(axis for axis, there in enumerate(unsure) if there),)

    def macs(self, bound: Bound) -> int:
        output = self.output(bound)
        assert isinstance(output, TensorSpec)
        return prod(output.shape) * prod(bound["input"].shape[axis] for axis in self.pairs(bound)[0])


class Chain(Operator):
    """`multi_dot` and `chain_matmul`: a product of many matrices; for `multi_dot` the ends may be vectors."""

    kind = "matmul"

    def refuse(self, bound: Bound) -> Refusal | None:
        tensors = bound["tensors"]
        refusal = not_tensors(self.name, tensors)
        if refusal is not None:
            return refusal
        ends = self.name == "multi_dot"
        if ends and len(tensors) < 2:
            return Refusal("argument", f"{self.name} takes at least two tensors", "tensors", operand=None)
        for index, tensor in enumerate(tensors):
            at_end = ends and index in (0, len(tensors) - 1)
            if tensor.rank != 2 and not (at_end and tensor.rank == 1):
                return Refusal(
                    "rank",
                    f"{self.name} takes matrices, but tensor {index} has {rank_text(tensor.rank)}",
                    operand="tensors",
                )
        for index in range(len(tensors) - 1):
            left, right = tensors[index], tensors[index + 1]
            if left.shape[-1] != right.shape[0]:
                return Refusal(
                    "merge",
                    f"{self.name}: tensor {index} has {left.shape[-1]} columns, but tensor {index + 1} "
                    f"{right.shape[0]} rows",
                    expected=left.shape[-1],
                    actual=right.shape[0],
                    operand="tensors",
                    axes=((f"tensors.{index}", left.rank - 1), (f"tensors.{index + 1}", 0)),
                )
        return different_dtypes(self.name, *tensors)

    def output(self, bound: Bound) -> Output:
        first, last = bound["tensors"][0], bound["tensors"][-1]
        if len(bound["tensors"]) == 1:
            raise NotImplementedError("the matrix itself")
        return TensorSpec((*first.shape[:-1], *last.shape[1:]), first.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return self.output(bound) if refusal.reason == "merge" else super().recovered(bound, refusal)


def _product(rank: int, other: int) -> Matmul:
    return Matmul({1: "mv", 2: "mm", 3: "bmm"}[other], (), (rank, other))


OPERATORS: list[Operator] = [
    Linear("linear", ("torch.nn.functional.linear",), "input, weight, bias=None", ("Linear",)),
    Bilinear(
        "bilinear",
        ("torch.nn.functional.bilinear", "torch.bilinear"),
        "input1, input2, weight, bias=None",
        ("Bilinear",),
    ),
    Matmul("matmul", (*method_and_function("matmul"), "torch.Tensor.__matmul__", "torch.linalg.matmul")),
    Matmul("matmul", ("torch.Tensor.__rmatmul__",), swapped=True),
    Matmul("mm", method_and_function("mm"), (2, 2)),
    Matmul("bmm", method_and_function("bmm"), (3, 3)),
    Matmul("mv", method_and_function("mv"), (2, 1)),
    Matmul("dot", method_and_function("dot", "vdot"), (1, 1)),
    AddedProduct("addmm", _product(2, 2), "mat1", "mat2"),
    AddedProduct("baddbmm", _product(3, 3), "batch1", "batch2"),
    AddedProduct("addbmm", _product(3, 3), "batch1", "batch2"),
    AddedProduct("addmv", _product(2, 1), "mat", "vec"),
    AddedProduct("addr", Outer("outer", (), "input, other"), "vec1", "vec2"),
    Outer("outer", method_and_function("outer", "ger"), "input, other|vec2, ~out"),
    Tensordot("inner", method_and_function("inner"), "input, other, ~out"),
    Tensordot(
        "tensordot",
        ("torch.functional.tensordot", "torch.tensordot"),
        "input|a, other|b, dims=2, ~out",
    ),
    Chain("multi_dot", ("torch.linalg.multi_dot",), "tensors, ~out"),
    Chain("chain_matmul", ("torch.functional.chain_matmul", "torch.chain_matmul"), "*tensors, ~out"),
]
