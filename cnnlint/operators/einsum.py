"""`einsum`: its equation read, and contracted pair by pair as torch does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.layout import elementwise_strides, is_contiguous, laid_out, strides_of
from cnnlint.operators.promotion import result_type

_ANONYMOUS = "0123456789"
"""Labels of the axes that an ellipsis stands for, which no equation can name."""


class Equation(NamedTuple):
    """The labels of each operand's axes and of the result's, with ellipses written out."""

    terms: tuple[str, ...]
    result: str

    @property
    def summed(self) -> str:
        """The labels that the result does not have, in alphabetical order."""
        return "".join(sorted(set("".join(self.terms)) - set(self.result)))


def read(text: str, ranks: Sequence[int]) -> Equation:
    """The equation, for operands of these ranks (one a term, at least as many axes as it has labels)."""
    text = text.replace(" ", "")
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    widths = [
        rank - len(term.replace("...", "")) if "..." in term else 0
        for term, rank in zip(terms, ranks, strict=True)
    ]
    anonymous = _ANONYMOUS[: max(widths)]
    written = tuple(
        term.replace("...", anonymous[len(anonymous) - width :])
        for term, width in zip(terms, widths, strict=True)
    )
    if arrow:
        return Equation(written, result.replace("...", anonymous))
    named = sorted(set(left) - set(",."))
    return Equation(written, anonymous + "".join(label for label in named if left.count(label) == 1))


class Einsum(Operator):
    """`einsum` with its equation as text; the form with sublists is left to torch.

    Operands are `operands`; the attribute `equation` is as it was given.
    """

    kind = "einsum"

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        bound = super().bind(args, kwargs)
        if not isinstance(bound["equation"], str):
            raise TypeError("einsum with sublists")
        return bound

    # -- what it takes

    def refuse(self, bound: Bound) -> Refusal | None:
        operands: tuple[TensorSpec, ...] = bound["operands"]
        said = f"einsum({bound['equation']!r})"
        for index, operand in enumerate(operands):
            if not isinstance(operand, TensorSpec):
                return _wrong(
                    f"{said} takes tensors, but operand {index} is {type(operand).__name__}", "TypeError"
                )
        return (
            self._wrong_text(said, bound["equation"], len(operands))
            or self._wrong_rank(said, bound)
            or self._wrong_result(said, self.equation(bound))
            or self._disagreement(said, bound)
        )

    @staticmethod
    def _wrong_text(said: str, text: str, count: int) -> Refusal | None:
        left, _, result = text.replace(" ", "").partition("->")
        for term in (*left.split(","), result):
            if not all(label.isalpha() and label.isascii() for label in term.replace("...", "", 1)):
                return _wrong(f"{said}: labels are single letters, and ... stands for any axes, not {term!r}")
        terms = left.count(",") + 1
        if terms != count:
            return _wrong(f"{said} names {terms} tensors, but {count} are given")
        return None

    @staticmethod
    def _wrong_rank(said: str, bound: Bound) -> Refusal | None:
        terms = bound["equation"].replace(" ", "").partition("->")[0].split(",")
        for index, (term, operand) in enumerate(zip(terms, bound["operands"], strict=True)):
            labels = len(term.replace("...", ""))
            if operand.rank < labels or (operand.rank > labels and "..." not in term):
                return Refusal(
                    "rank",
                    f"{said} names {labels} axes of tensor {index}, which has {operand.rank}",
                    "equation",
                    expected=labels,
                    actual=operand.rank,
                    operand="operands",
                )
        return None

    @staticmethod
    def _wrong_result(said: str, equation: Equation) -> Refusal | None:
        for label in equation.result:
            if equation.result.count(label) > 1:
                return _wrong(f"{said}: the result names {label!r} twice")
            if label not in "".join(equation.terms):
                return _wrong(f"{said}: no tensor has the axis {label!r} of the result")
        return None

    def _disagreement(self, said: str, bound: Bound) -> Refusal | None:
        equation, operands = self.equation(bound), bound["operands"]
        seen: dict[str, tuple[int, int, int]] = {}
        for index, (term, operand) in enumerate(zip(equation.terms, operands, strict=True)):
            for axis, (label, size) in enumerate(zip(term, operand.shape, strict=True)):
                known, other, at = seen.get(label, (1, index, axis))
                if size != known and ((other == index and label in seen) or 1 not in (size, known)):
                    name = "an axis of ..." if label in _ANONYMOUS else repr(label)
                    return Refusal(
                        "merge",
                        f"{said}: {name} is {known} in tensor {other} and {size} in tensor {index}",
                        expected=known,
                        actual=size,
                        operand="operands",
                        axes=((f"operands.{other}", at), (f"operands.{index}", axis)),
                    )
                if label not in seen or known == 1:
                    seen[label] = (size, index, axis)
        dtypes = dict.fromkeys(operand.dtype for operand in operands)
        if len(dtypes) > 1 and equation.summed:
            return Refusal(
                "dtype", f"{said} takes tensors of one dtype, not {' and '.join(dtypes)}", operand="operands"
            )
        return None

    # -- what comes out

    def equation(self, bound: Bound) -> Equation:
        """The equation with its ellipses written out."""
        return read(bound["equation"], [operand.rank for operand in bound["operands"]])

    def sizes(self, bound: Bound) -> dict[str, int]:
        """The size of each label; where tensors disagree, the first one's."""
        sizes: dict[str, int] = {}
        for term, operand in zip(self.equation(bound).terms, bound["operands"], strict=True):
            for label, size in zip(term, operand.shape, strict=True):
                if sizes.get(label, 1) == 1:
                    sizes[label] = size
        return sizes

    def output(self, bound: Bound) -> Output:
        equation = self.equation(bound)
        order = equation.result + equation.summed
        operands = [
            _aligned(operand, term, order)
            for operand, term in zip(bound["operands"], equation.terms, strict=True)
        ]
        kept = len(equation.result)
        if len(operands) == 1:
            if not equation.summed:
                raise NotImplementedError("a view")
            return TensorSpec(operands[0].shape[:kept], operands[0].dtype)
        counts = [sum(operand.shape[axis] != 1 for operand in operands) for axis in range(len(order))]
        result = operands[0]
        for operand in operands[1:]:
            result = _contracted(result, operand, counts, kept)
        strides = strides_of(result)[:kept]
        shape = result.shape[:kept]
        return TensorSpec(shape, result.dtype, None if is_contiguous(shape, strides) else strides)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        if refusal.reason not in ("merge", "dtype"):
            return super().recovered(bound, refusal)
        sizes, equation = self.sizes(bound), self.equation(bound)
        shape = tuple(sizes[label] for label in equation.result)
        name, axis = refusal.axes[0] if refusal.axes else ("operands.0", None)
        label = None if axis is None else equation.terms[int(name.partition(".")[2])][axis]
        unsure = frozenset(axis for axis, other in enumerate(equation.result) if other == label)
        return TensorSpec(shape, bound["operands"][0].dtype, None, unsure)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        equation = self.equation(bound)
        labels = {
            term[axis]
            for term, operand in zip(equation.terms, bound["operands"], strict=True)
            for axis in operand.uncertain
        }
        return (frozenset(axis for axis, label in enumerate(equation.result) if label in labels),)

    def macs(self, bound: Bound) -> int:
        return prod(self.sizes(bound).values()) if len(bound["operands"]) > 1 else 0


def _wrong(message: str, exception: str = "RuntimeError") -> Refusal:
    return Refusal("argument", message, "equation", operand=None, exception=exception)


def _aligned(operand: TensorSpec, term: str, order: str) -> TensorSpec:
    """The operand with an axis for each label in `order`: its own, the diagonal where the term names a
    label twice, and size 1 for labels that it does not have."""
    shape, strides = [], []
    own = strides_of(operand)
    for label in order:
        axes = [axis for axis, other in enumerate(term) if other == label]
        shape.append(operand.shape[axes[0]] if axes else 1)
        strides.append(sum(own[axis] for axis in axes) if axes else 1)
    return TensorSpec(tuple(shape), operand.dtype, tuple(strides))


def _contracted(left: TensorSpec, right: TensorSpec, counts: list[int], kept: int) -> TensorSpec:
    """The product of two aligned operands, summed over the axes behind the first `kept` ones that no
    later operand has. `counts` says for each axis how many operands left have it; it is brought up to
    date. torch multiplies elementwise where nothing is summed, else it does a batched matmul."""
    rank = left.rank
    summed = []
    for axis in range(kept, rank):
        both = left.shape[axis] != 1 and right.shape[axis] != 1
        counts[axis] -= both
        if both and counts[axis] == 1:
            summed.append(axis)
            counts[axis] = 0
        elif not both and counts[axis] == 1 and (left.shape[axis] != 1 or right.shape[axis] != 1):
            left, right = _without(left, axis), _without(right, axis)
            counts[axis] = 0
    shape = tuple(
        1 if axis in summed else max(one, other, key=lambda size: (size != 1, size))
        for axis, (one, other) in enumerate(zip(left.shape, right.shape, strict=True))
    )
    if not summed:
        return TensorSpec(shape, result_type((left, right)), elementwise_strides((left, right), shape))
    free = [axis for axis in range(rank) if axis not in summed]
    both_have = [axis for axis in free if left.shape[axis] != 1 and right.shape[axis] != 1]
    left_has = [axis for axis in free if left.shape[axis] != 1 and axis not in both_have]
    rest = [axis for axis in free if axis not in both_have and axis not in left_has]
    if left_has and rest and rest[-1] < left_has[0]:
        left_has, rest = rest, left_has  # torch swaps the factors, so that the result lies in order
    return TensorSpec(shape, left.dtype, laid_out(shape, (*both_have, *left_has, *summed, *rest)))


def _without(operand: TensorSpec, axis: int) -> TensorSpec:
    """The operand summed over an axis that is kept with size 1."""
    if operand.shape[axis] == 1:
        return operand
    return TensorSpec((*operand.shape[:axis], 1, *operand.shape[axis + 1 :]), operand.dtype)


OPERATORS: list[Operator] = [
    Einsum("einsum", ("torch.functional.einsum", "torch.einsum"), "equation, *operands"),
]
