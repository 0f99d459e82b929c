"""What elementwise operators have in common: broadcasting, dtypes, memory order, in-place forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast, broadcast_uncertain, disagreements, merge_refusal
from cnnlint.operators.layout import elementwise_strides, strides_of
from cnnlint.operators.promotion import can_cast, category, floating, number_dtype, real, result_type
from cnnlint.traces import Shape

_KIND_NAMES = {0: "bools", 1: "integers", 2: "floats", 3: "complex numbers"}


def words(text: str) -> tuple[str, ...]:
    """Names that are written in one string."""
    return tuple(text.split())


def method_and_function(*words: str) -> tuple[str, ...]:
    """`torch.Tensor.add` and `torch.add` for each word."""
    return tuple(f"{owner}.{word}" for word in words for owner in ("torch", "torch.Tensor"))


class Elementwise(Operator):
    """An operator whose operands broadcast.

    Attributes:
        operands: the names of the parameters that are broadcast: tensors, or numbers.
        result: how the dtype comes about: "promoted"; "float" (integers become floats too); "bool";
            "real" (the absolute value); "input" (the first operand's).
        categories: the dtype categories (0 bool … 3 complex) that the operator takes.
        one_dtype: the tensors must have the same dtype.
    """

    kind = "elementwise"
    one_dtype = False

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        signature: str,
        operands: Sequence[str],
        result: str = "promoted",
        categories: Sequence[int] = (0, 1, 2, 3),
    ):
        super().__init__(name, names, signature)
        self.operands = tuple(operands)
        self.result = result
        self.categories = frozenset(categories)

    def broadcast_operands(self, bound: Bound) -> list[tuple[str, TensorSpec]]:
        """The tensors that broadcast, by their parameter's name."""
        return [(name, bound[name]) for name in self.operands if isinstance(bound[name], TensorSpec)]

    def shape(self, bound: Bound) -> Shape | None:
        """The broadcast shape; None where the operands do not fit."""
        return broadcast([spec.shape for _, spec in self.broadcast_operands(bound)])

    def refuse(self, bound: Bound) -> Refusal | None:
        operands = self.broadcast_operands(bound)
        for name in self.operands:
            value = bound[name]
            if isinstance(value, TensorSpec) or (value is None and self.signature.defaults[name] is None):
                continue
            if number_dtype(value) is None:
                return not_a_tensor(self.name, value, name)
        if not operands:
            return not_a_tensor(self.name, bound[self.operands[0]], self.operands[0])
        if self.shape(bound) is None:
            return self._merge_refusal(operands)
        return self.wrong_dtype(bound)

    def _merge_refusal(self, operands: Sequence[tuple[str, TensorSpec]]) -> Refusal:
        found = disagreements([(name, spec.shape) for name, spec in operands])
        first = found[0]
        if len(self.operands) == 2:
            return merge_refusal(self.name, [one for one in found if one.left == first.left])
        found = [one for one in found if (one.left, one.right) == (first.left, first.right)]
        return merge_refusal(self.name, found, f"in {first.left}", f"in {first.right}")

    def wrong_dtype(self, bound: Bound) -> Refusal | None:
        """The refusal where the operator does not take the operands' dtype."""
        if self.one_dtype:
            dtypes = {spec.dtype for _, spec in self.broadcast_operands(bound)}
            if len(dtypes) > 1:
                return Refusal(
                    "dtype", f"{self.name} takes tensors of one dtype, not {' and '.join(sorted(dtypes))}"
                )
        if len(self.categories) == 4:
            return None
        dtype = result_type(bound[name] for name in self.operands if bound[name] is not None)
        if category(dtype) in self.categories:
            return None
        return Refusal(
            "dtype",
            f"{self.name} does not take {_KIND_NAMES[category(dtype)]}: the operands are {dtype}",
            actual=dtype,
            operand=self.operands[0],
        )

    def dtype(self, bound: Bound) -> str:
        """The result's dtype."""
        if self.result == "bool":
            return "bool"
        if self.result == "input":
            return bound[self.operands[0]].dtype
        dtype = result_type(bound[name] for name in self.operands if bound[name] is not None)
        if self.result == "float":
            return floating(dtype)
        return real(dtype) if self.result == "real" else dtype

    def output(self, bound: Bound) -> Output:
        operands = [spec for _, spec in self.broadcast_operands(bound)]
        shape = broadcast([spec.shape for spec in operands])
        assert shape is not None, "refused before"
        return TensorSpec(shape, self.dtype(bound), elementwise_strides(operands, shape))

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        """The first operand's sizes, stretched where the other one is wider; those that disagree are
        uncertain."""
        operands = self.broadcast_operands(bound)
        if not operands:
            return TensorSpec(())
        widest = max((spec for _, spec in operands), key=lambda spec: spec.rank)
        shape = list(widest.shape)
        unsure: set[int] = set()
        for _, spec in reversed(operands):
            offset = widest.rank - spec.rank
            for axis, size in enumerate(spec.shape, offset):
                if size != shape[axis] and size != 1:
                    if shape[axis] != 1:
                        unsure.add(axis)
                    shape[axis] = size
        return TensorSpec(tuple(shape), self.dtype(bound), None, frozenset(unsure))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        operands = [spec for _, spec in self.broadcast_operands(bound)]
        return tuple(broadcast_uncertain(operands, output.rank) for output in outputs)


def not_a_tensor(name: str, value: Any, parameter: str) -> Refusal:
    """The refusal of something that is neither a tensor nor a number."""
    hint = ": does a forward lack its return?" if value is None else ""
    return Refusal(
        "argument",
        f"{name} takes tensors and numbers, but {parameter} is {type(value).__name__}{hint}",
        operand=None,
        exception="TypeError",
    )


class Unary(Elementwise):
    """A function of one tensor, with whatever other arguments."""

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        signature: str = "input, ~out",
        result: str = "promoted",
        categories: Sequence[int] = (0, 1, 2, 3),
    ):
        super().__init__(name, names, signature, ("input",), result, categories)

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        return TensorSpec(data.shape, self.dtype(bound), elementwise_strides((data,), data.shape))

    def dtype(self, bound: Bound) -> str:
        dtype = bound["input"].dtype
        if self.result == "bool":
            return "bool"
        if self.result == "float":
            return floating(dtype)
        return real(dtype) if self.result == "real" else dtype


class Binary(Elementwise):
    """A function of two tensors, or a tensor and a number."""

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        signature: str = "input, other, ~out",
        result: str = "promoted",
        categories: Sequence[int] = (0, 1, 2, 3),
    ):
        super().__init__(name, names, signature, ("input", "other"), result, categories)


class InPlace(Operator):
    """The form of an elementwise operator that writes into its first operand (`add_`, `sigmoid_`).

    The result is that operand itself, so its shape and dtype must hold what the operator gives.
    """

    def __init__(self, of: Operator, names: Sequence[str]):
        self.of = of
        self.kind = of.kind  # type: ignore[misc]
        super().__init__(f"{of.name}_", names, "input", inplace=True)
        self.signature = of.signature

    def refuse(self, bound: Bound) -> Refusal | None:
        refusal = self.of.refuse(bound)
        if refusal is not None:
            return refusal
        result = self.of.output(bound)
        assert isinstance(result, TensorSpec)
        return inplace_refusal(self.name, bound["input"], result)

    def output(self, bound: Bound) -> Output:
        return bound["input"]

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return bound["input"]

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return self.of.uncertain(bound, outputs)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return self.of.attributes(bound)


def inplace_refusal(name: str, target: TensorSpec, result: TensorSpec) -> Refusal | None:
    """Why `result` cannot be written into `target`."""
    if result.shape != target.shape:
        shift = result.rank - target.rank
        if shift:
            text = f"the result has {result.rank} axes and the left side {target.rank}"
            axes: tuple[tuple[str, int], ...] = ()
        else:
            axis = next(axis for axis in range(target.rank) if target.shape[axis] != result.shape[axis])
            text = f"axis {axis} is {target.shape[axis]} on the left and {result.shape[axis]} in the result"
            axes = (("input", axis), ("other", axis))
        return Refusal(
            "merge", f"{name} cannot change the shape of the tensor that it writes into: {text}", axes=axes
        )
    if not can_cast(result.dtype, target.dtype):
        return Refusal(
            "dtype",
            f"{name} cannot write {result.dtype} into {target.dtype}: do not write in place",
            expected=target.dtype,
            actual=result.dtype,
        )
    if any(size > 1 and stride == 0 for size, stride in zip(target.shape, strides_of(target), strict=True)):
        return Refusal(
            "failed", f"{name} writes into an expanded tensor, whose elements share memory: clone it first"
        )
    return None
