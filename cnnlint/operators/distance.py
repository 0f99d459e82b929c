"""Distances and similarities between vectors."""

from __future__ import annotations

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast, broadcast_uncertain, disagreements, merge_refusal
from cnnlint.operators.dimensions import axis_of, wrong_dim
from cnnlint.operators.pointwise import Elementwise, words
from cnnlint.operators.promotion import DEFAULT, floating, promote
from cnnlint.traces import Shape


class Distance(Elementwise):
    """cosine_similarity and pairwise_distance: operands broadcast, one axis is summed up."""

    def axis(self, bound: Bound) -> int:
        """The axis that is summed up, counted from 0 in the broadcast shape."""
        shape = self.shape(bound)
        assert shape is not None, "refused before"
        return axis_of(bound["dim"], len(shape)) if "dim" in bound else max(len(shape) - 1, 0)

    def dtype(self, bound: Bound) -> str:
        """In a similarity tensors without axes count as much as others."""
        if self.result == "float":
            return super().dtype(bound)
        return promote(bound["x1"].dtype, bound["x2"].dtype) or DEFAULT

    def refuse(self, bound: Bound) -> Refusal | None:
        refusal = super().refuse(bound)
        if refusal is None and "dim" in bound:
            shape = self.shape(bound)
            assert shape is not None, "refused before"
            return wrong_dim(self.name, bound["dim"], len(shape))
        return refusal

    def _kept(self, bound: Bound, shape: Shape) -> Shape:
        if not shape:
            return shape
        axis = self.axis(bound)
        return (*shape[:axis], *((1,) if bound.get("keepdim") else ()), *shape[axis + 1 :])

    def output(self, bound: Bound) -> Output:
        shape = self.shape(bound)
        assert shape is not None, "refused before"
        return TensorSpec(self._kept(bound, shape), self.dtype(bound))

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        data = bound[self.operands[0]]
        shape = data.shape[:-1]
        return TensorSpec(shape, floating(data.dtype), None, frozenset(range(1, len(shape))))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        shape = self.shape(bound)
        if not shape:
            return super().uncertain(bound, outputs)
        axis = self.axis(bound)
        unsure = broadcast_uncertain([spec for _, spec in self.broadcast_operands(bound)], len(shape))
        shift = 0 if bound.get("keepdim") else 1
        return (frozenset(at - shift * (at > axis) for at in unsure if at != axis),)


class PairwiseDistances(Operator):
    """cdist: [*, P, features] and [*, R, features] give [*, P, R]."""

    kind = "elementwise"

    def __init__(self) -> None:
        super().__init__(
            "cdist",
            ("torch.cdist",),
            "x1, x2, p=2.0, compute_mode='use_mm_for_euclid_dist_if_necessary'",
        )

    def refuse(self, bound: Bound) -> Refusal | None:
        first, second = bound["x1"], bound["x2"]
        for name, spec in (("x1", first), ("x2", second)):
            if spec.rank < 2:
                return Refusal(
                    "rank",
                    f"cdist takes [*, points, features], but {name} has {spec.rank} axes",
                    name,
                    operand=name,
                )
            if spec.dtype not in ("float32", "float64"):
                return Refusal("dtype", f"cdist takes floats, but {name} is {spec.dtype}", name, operand=name)
        if first.shape[-1] != second.shape[-1]:
            return Refusal(
                "merge",
                f"cdist needs points with as many features, but they have {first.shape[-1]} in x1 "
                f"and {second.shape[-1]} in x2",
                "x2",
                expected=first.shape[-1],
                actual=second.shape[-1],
                operand="x2",
                axes=(("x1", first.rank - 1), ("x2", second.rank - 1)),
            )
        if first.dtype != second.dtype:
            return Refusal(
                "dtype", f"cdist needs one dtype, not {first.dtype} and {second.dtype}", "x2", operand="x2"
            )
        if broadcast([first.shape[:-2], second.shape[:-2]]) is None:
            found = disagreements([("x1", first.shape[:-2]), ("x2", second.shape[:-2])])
            return merge_refusal("cdist", found, "in x1", "in x2")
        return None

    def output(self, bound: Bound) -> Output:
        first, second = bound["x1"], bound["x2"]
        leading = broadcast([first.shape[:-2], second.shape[:-2]])
        assert leading is not None, "refused before"
        return TensorSpec((*leading, first.shape[-2], second.shape[-2]), first.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        first, second = bound["x1"], bound["x2"]
        if first.rank < 2 or second.rank < 2:
            return super().recovered(bound, refusal)
        shape = (*first.shape[:-1], second.shape[-2])
        return TensorSpec(shape, floating(first.dtype), None, frozenset(range(1, first.rank - 2)))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        first, second = bound["x1"], bound["x2"]
        rank = outputs[0].rank
        axes = {axis + rank - first.rank for axis in first.uncertain if axis < first.rank - 1}
        axes |= {axis + rank - second.rank for axis in second.uncertain if axis < second.rank - 2}
        if second.rank - 2 in second.uncertain:
            axes.add(rank - 1)
        return (frozenset(axes),)


OPERATORS: list[Operator] = [
    Distance(
        "cosine_similarity",
        words("torch.nn.functional.cosine_similarity torch.cosine_similarity"),
        "x1, x2, dim=1, eps=1e-08",
        ("x1", "x2"),
        categories=(2,),
    ),
    Distance(
        "pairwise_distance",
        words("torch.nn.functional.pairwise_distance torch.pairwise_distance"),
        "x1, x2, p=2.0, eps=1e-06, keepdim=False",
        ("x1", "x2"),
        result="float",
    ),
    PairwiseDistances(),
]
