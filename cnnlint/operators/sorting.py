"""Values in order, the largest or the k-th of them, and their places."""

from __future__ import annotations

from typing import ClassVar

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.dimensions import axis_of, wrong_dim
from cnnlint.operators.layout import preserved
from cnnlint.operators.pointwise import method_and_function
from cnnlint.traces import Shape


def _dropped(axes: frozenset[int], axis: int) -> frozenset[int]:
    """The axes as they are counted when one of them is taken out."""
    return frozenset(at - (at > axis) for at in axes if at != axis)


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
        if data.dtype == "bool":
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


OPERATORS: list[Operator] = [
    Sort("sort", method_and_function("sort"), "input, dim=-1, descending=False, stable=False, ~out"),
    ArgSort("argsort", method_and_function("argsort"), "input, dim=-1, descending=False, stable=False"),
    SortRows("msort", method_and_function("msort"), "input, ~out"),
    TopK("topk", method_and_function("topk"), "input, k, dim=-1, largest=True, sorted=True, ~out"),
    KthValue("kthvalue", method_and_function("kthvalue"), "input, k, dim=-1, keepdim=False, ~out"),
]
