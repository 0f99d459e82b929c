"""Losses.

`reduction` decides what comes out: a single number, or with "none" one for each element or sample.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast, disagreements, merge_refusal
from cnnlint.operators.pointwise import Elementwise
from cnnlint.operators.promotion import DEFAULT, category, floating, is_float, promote, result_type
from cnnlint.traces import Shape

_LEGACY = "size_average=None, reduce=None, reduction='mean'"


_REDUCTIONS = ("mean", "sum", "none")


def reduction(bound: Bound) -> str:
    """ "mean", "sum" or "none", also where it is said by the old `size_average` and `reduce`."""
    average, reduce = bound.get("size_average"), bound.get("reduce")
    if average is None and reduce is None:
        return bound["reduction"]
    if reduce is False:
        return "none"
    return "sum" if average is False else "mean"


def wrong_reduction(name: str, bound: Bound, more: Sequence[str] = ()) -> Refusal | None:
    """The refusal of a reduction that does not exist."""
    if reduction(bound) in (*_REDUCTIONS, *more):
        return None
    return Refusal(
        "argument",
        f"{name}'s reduction is 'mean', 'sum' or 'none', not {bound['reduction']!r}",
        "reduction",
        actual=bound["reduction"],
        operand=None,
        exception="ValueError",
    )


def _axes(spec: TensorSpec, name: str) -> tuple[tuple[str, int], ...]:
    return tuple((name, axis) for axis in range(spec.rank))


class PointwiseLoss(Elementwise):
    """A loss of each element by itself: operands broadcast, then the values are reduced.

    Attributes:
        alike: whether input and target must have the same shape, without broadcasting.
    """

    kind = "loss"

    def __init__(
        self,
        name: str,
        layer: str,
        signature: str,
        operands: Sequence[str] = ("input", "target"),
        result: str = "promoted",
        categories: Sequence[int] = (2, 3),
        alike: bool = False,
    ):
        super().__init__(name, (f"torch.nn.functional.{name}",), signature, operands, result, categories)
        self.layers = (layer,)
        self.alike = alike

    def refuse(self, bound: Bound) -> Refusal | None:
        return (
            wrong_reduction(self.name, bound, ("batchmean",) if self.name == "kl_div" else ())
            or self.wrong_argument(bound)
            or (self._unlike(bound) if self.alike else None)
            or super().refuse(bound)
            or self._wrong_mean(bound)
        )

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        """The refusal of an argument that can never work."""
        return None

    def wrong_dtype(self, bound: Bound) -> Refusal | None:
        dtype = bound[self.operands[0]].dtype
        if self.result == "input" and category(dtype) not in self.categories:
            return Refusal("dtype", f"{self.name} takes floats, not {dtype}", actual=dtype)
        return super().wrong_dtype(bound)

    def dtype(self, bound: Bound) -> str:
        """Operands are stretched before they meet, so that those without axes count as much."""
        if self.result != "promoted":
            return super().dtype(bound)
        dtype: str | None = None
        for _, spec in self.broadcast_operands(bound):
            dtype = promote(dtype, spec.dtype)
        return dtype or DEFAULT

    def _unlike(self, bound: Bound) -> Refusal | None:
        data, target = bound["input"], bound["target"]
        if data.shape == target.shape:
            return None
        axes = (
            tuple(
                (name, axis)
                for axis in range(data.rank)
                if data.shape[axis] != target.shape[axis]
                for name in ("input", "target")
            )
            if data.rank == target.rank
            else (*_axes(data, "input"), *_axes(target, "target"))
        )
        return Refusal(
            "merge",
            f"{self.name} needs a target of the input's shape {list(data.shape)}, "
            f"but it is {list(target.shape)}",
            "target",
            expected=data.shape,
            actual=target.shape,
            operand="target",
            axes=axes,
            exception="ValueError",
        )

    def _wrong_mean(self, bound: Bound) -> Refusal | None:
        dtype = self.dtype(bound)
        if reduction(bound) == "mean" and category(dtype) < 2:
            return Refusal(
                "dtype", f"{self.name} takes no mean of {dtype}: convert with .float()", actual=dtype
            )
        return None

    def output(self, bound: Bound) -> Output:
        result = super().output(bound)
        assert isinstance(result, TensorSpec)
        return result if reduction(bound) == "none" else TensorSpec((), result.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        if reduction(bound) == "none":
            return super().recovered(bound, refusal)
        return TensorSpec((), floating(self.dtype(bound)))


class SquaredLoss(PointwiseLoss):
    """mse_loss and huber_loss: their weights must have the input's shape."""

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        weight = bound["weight"]
        if isinstance(weight, TensorSpec):
            data = bound["input"]
            if weight.shape != data.shape:
                return Refusal(
                    "merge",
                    f"{self.name} needs weights of the input's shape {list(data.shape)}, "
                    f"but they are {list(weight.shape)}",
                    "weight",
                    expected=data.shape,
                    actual=weight.shape,
                    operand="weight",
                    axes=(*_axes(data, "input"), *_axes(weight, "weight")),
                    exception="ValueError",
                )
        return _below(self.name, bound, "delta", least=0, strictly=True)


class SmoothL1Loss(PointwiseLoss):
    """smooth_l1_loss."""

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        return _below(self.name, bound, "beta", least=0)


def _below(name: str, bound: Bound, argument: str, least: float, strictly: bool = False) -> Refusal | None:
    """The refusal of an argument that is too small."""
    value = bound.get(argument)
    if value is None or value > least or (value == least and not strictly):
        return None
    return Refusal(
        "argument",
        f"{name}'s {argument} must be {'above' if strictly else 'at least'} {least}, not {value}",
        argument,
        actual=value,
        operand=None,
    )


def _stretching(name: str, bound: Bound, argument: str) -> Refusal | None:
    """The refusal of weights that do not broadcast to the input's shape."""
    weight, shape = bound[argument], bound["input"].shape
    if not isinstance(weight, TensorSpec) or broadcast([shape, weight.shape]) == shape:
        return None
    return Refusal(
        "merge",
        f"{name} needs a {argument} that broadcasts to the input {list(shape)}, "
        f"but it is {list(weight.shape)}",
        argument,
        expected=shape,
        actual=weight.shape,
        operand=argument,
        axes=(*_axes(bound["input"], "input"), *_axes(weight, argument)),
    )


class BinaryCrossEntropy(PointwiseLoss):
    """binary_cross_entropy, of probabilities: all of one dtype."""

    one_dtype = True

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        return _stretching(self.name, bound, "weight")


class BinaryCrossEntropyWithLogits(PointwiseLoss):
    """binary_cross_entropy_with_logits: the target's dtype must be a float, too."""

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        return _stretching(self.name, bound, "weight") or _stretching(self.name, bound, "pos_weight")

    def wrong_dtype(self, bound: Bound) -> Refusal | None:
        for name in ("input", "target"):
            if not is_float(bound[name].dtype):
                return Refusal(
                    "dtype",
                    f"{self.name} takes floats, but the {name} is {bound[name].dtype}: convert with .float()",
                    actual=bound[name].dtype,
                    operand=name,
                )
        return None

    def dtype(self, bound: Bound) -> str:
        """It computes in the memory of `1 − target`."""
        return bound["target"].dtype


class SoftMarginLoss(PointwiseLoss):
    """soft_margin_loss: the target must not stretch the input."""

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        return _stretching(self.name, bound, "target")


class KLDivergence(PointwiseLoss):
    """kl_div."""

    def wrong_dtype(self, bound: Bound) -> Refusal | None:
        for name in ("input", "target"):
            if category(bound[name].dtype) < 2:
                return Refusal(
                    "dtype", f"kl_div takes no integers, but the {name} is {bound[name].dtype}", operand=name
                )
        return super().wrong_dtype(bound)


class GaussianLoss(PointwiseLoss):
    """gaussian_nll_loss: `var` is a number, or lacks one axis of the input or has it of size 1."""

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        var, shape = bound["var"], bound["input"].shape
        if not isinstance(var, TensorSpec) or var.shape in (shape, shape[:-1]):
            return None
        if var.rank == len(shape) and sum(b for a, b in zip(shape, var.shape, strict=True) if a != b) == 1:
            return None
        return Refusal(
            "merge",
            f"gaussian_nll_loss needs a variance of {list(shape)} or {list(shape[:-1])}, "
            f"but it is {list(var.shape)}",
            "var",
            expected=shape,
            actual=var.shape,
            operand="var",
            axes=(*_axes(bound["input"], "input"), *_axes(var, "var")),
            exception="ValueError",
        )

    def broadcast_operands(self, bound: Bound) -> list[tuple[str, TensorSpec]]:
        operands = dict(super().broadcast_operands(bound))
        var, data = operands.get("var"), bound["input"]
        if var is not None and var.shape != data.shape and var.shape == data.shape[:-1]:
            operands["var"] = TensorSpec((*var.shape, 1), var.dtype)
        return list(operands.items())


class RankingLoss(PointwiseLoss):
    """margin_ranking_loss: operands broadcast, but have the same number of axes."""

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        ranks = [bound[name].rank for name in self.operands]
        if len(set(ranks)) == 1:
            return None
        return Refusal(
            "rank",
            f"{self.name} needs tensors with as many axes, not {ranks[0]}, {ranks[1]} and {ranks[2]}",
            self.operands[-1],
            operand=self.operands[-1],
        )


class SampleLoss(Operator):
    """A loss that has one value for each sample (or position)."""

    kind = "loss"

    def __init__(self, name: str, layer: str, signature: str):
        super().__init__(name, (f"torch.nn.functional.{name}",), signature, (layer,))

    def refuse(self, bound: Bound) -> Refusal | None:
        return wrong_reduction(self.name, bound) or self.wrong(bound)

    def wrong(self, bound: Bound) -> Refusal | None:
        """Why torch would raise, apart from the reduction."""
        raise NotImplementedError

    def samples(self, bound: Bound) -> Shape:
        """The shape of the values before they are reduced."""
        raise NotImplementedError

    def dtype(self, bound: Bound) -> str:
        return bound["input"].dtype

    def output(self, bound: Bound) -> Output:
        shape = self.samples(bound) if reduction(bound) == "none" else ()
        return TensorSpec(shape, self.dtype(bound))

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        """The input without its classes, or one number."""
        data = next(self.tensors(bound))
        dtype = floating(data.dtype)
        if reduction(bound) != "none":
            return TensorSpec((), dtype)
        shape = data.shape[:1] + data.shape[2:]
        return TensorSpec(shape, dtype, None, frozenset(range(1, len(shape))))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        """The classes (axis 1) are summed up."""
        unsure = next(self.tensors(bound)).uncertain
        axes = frozenset(axis - (axis > 1) for axis in unsure if axis != 1)
        return tuple(frozenset(axis for axis in axes if axis < output.rank) for output in outputs)


class ClassLoss(SampleLoss):
    """cross_entropy and nll_loss: scores [N, C, …] or [C]; targets are class numbers [N, …], for
    cross_entropy also probabilities [N, C, …]."""

    def _probabilities(self, bound: Bound) -> bool:
        return self.name == "cross_entropy" and bound["input"].shape == bound["target"].shape

    def wrong(self, bound: Bound) -> Refusal | None:
        data, target, weight = bound["input"], bound["target"], bound["weight"]
        if data.rank < 1:
            return Refusal("rank", f"{self.name} takes [batch, classes, …], but the input is a single number")
        if not is_float(data.dtype):
            return Refusal(
                "dtype", f"{self.name} takes scores in floats, not {data.dtype}", actual=data.dtype
            )
        smoothing = bound.get("label_smoothing", 0.0)
        if not 0 <= smoothing <= 1:
            return Refusal(
                "argument",
                f"{self.name}'s label_smoothing must be between 0 and 1, not {smoothing}",
                "label_smoothing",
                operand=None,
            )
        if self._probabilities(bound):
            if not is_float(target.dtype):
                return Refusal(
                    "dtype",
                    f"{self.name} takes probabilities in floats, but the target, as large as the input, "
                    f"is {target.dtype}",
                    "target",
                    operand="target",
                )
            return self._wrong_weight(bound) if weight is not None else None
        return (
            self._wrong_target(bound)
            or (self._wrong_weight(bound) if weight is not None else None)
            or self._wrong_target_dtype(data, target)
        )

    def _wrong_target(self, bound: Bound) -> Refusal | None:
        data, target = bound["input"], bound["target"]
        expected = data.shape[:1] + data.shape[2:] if data.rank > 1 else ()
        if target.shape == expected or (data.rank == 1 and target.shape == (1,)):
            return None
        if target.rank == len(expected):
            axes = tuple(
                pair
                for axis in range(target.rank)
                if target.shape[axis] != expected[axis]
                for pair in (("input", axis + (axis > 0)), ("target", axis))
            )
        else:
            axes = ()
        return Refusal(
            "merge",
            f"{self.name} expects a target of {list(expected)} for an input of {list(data.shape)} "
            f"([batch, classes, …]), but it is {list(target.shape)}",
            "target",
            expected=expected,
            actual=target.shape,
            operand="target",
            axes=axes,
            exception="ValueError",
        )

    def _wrong_target_dtype(self, data: TensorSpec, target: TensorSpec) -> Refusal | None:
        allowed = ("int64", "uint8") if data.rank < 3 else ("int64",)
        if target.dtype in allowed:
            return None
        return Refusal(
            "dtype",
            f"{self.name} takes class numbers in int64, but the target is {target.dtype}: "
            "convert with .long()",
            "target",
            expected="int64",
            actual=target.dtype,
            operand="target",
        )

    def _wrong_weight(self, bound: Bound) -> Refusal | None:
        data, weight = bound["input"], bound["weight"]
        axis = 1 if data.rank > 1 else 0
        if weight.shape != (data.shape[axis],):
            return Refusal(
                "merge",
                f"{self.name} needs one weight for each of the {data.shape[axis]} classes, "
                f"but weight is {list(weight.shape)}",
                "weight",
                expected=data.shape[axis],
                actual=weight.shape[0] if weight.rank == 1 else None,
                operand="weight",
                axes=(("input", axis), *_axes(weight, "weight")),
            )
        if weight.dtype != data.dtype and not self._probabilities(bound):
            return Refusal(
                "dtype",
                f"{self.name} needs weights of the input's dtype {data.dtype}, not {weight.dtype}",
                "weight",
                expected=data.dtype,
                actual=weight.dtype,
                operand="weight",
            )
        return None

    def samples(self, bound: Bound) -> Shape:
        shape = bound["input"].shape
        return shape[:1] + shape[2:] if len(shape) > 1 else ()

    def dtype(self, bound: Bound) -> str:
        if not self._probabilities(bound):
            return bound["input"].dtype
        weight = bound["weight"]
        return result_type([bound["input"], bound["target"], *([weight] if weight is not None else [])])


class MarginLoss(SampleLoss):
    """multi_margin_loss (one class number a sample), multilabel_margin_loss (a list of them) and
    multilabel_soft_margin_loss (a yes or no for each class), over [N, C] or [C]."""

    def wrong(self, bound: Bound) -> Refusal | None:
        data, target = bound["input"], bound["target"]
        soft = self.name == "multilabel_soft_margin_loss"
        if soft:
            shapes = [("input", data.shape), ("target", target.shape)]
            if bound["weight"] is not None:
                shapes.append(("weight", bound["weight"].shape))
            if broadcast([shape for _, shape in shapes]) is None:
                found = disagreements(shapes)[:1]
                return merge_refusal(self.name, found, f"in the {found[0].left}", f"in the {found[0].right}")
            if data.rank < 1:
                return Refusal(
                    "rank", f"{self.name} takes [batch, classes], but the input is a single number"
                )
        elif data.rank not in (1, 2):
            return Refusal("rank", f"{self.name} takes [batch, classes], but the input has {data.rank} axes")
        else:
            single = self.name == "multi_margin_loss"
            expected = data.shape[:-1] if single else data.shape
            if target.shape != expected and not (single and data.rank == 1 and target.shape == (1,)):
                return Refusal(
                    "merge",
                    f"{self.name} expects a target of {list(expected)} for an input of {list(data.shape)}, "
                    f"but it is {list(target.shape)}",
                    "target",
                    expected=expected,
                    actual=target.shape,
                    operand="target",
                    axes=(*_axes(data, "input"), *_axes(target, "target")),
                )
            if target.dtype != "int64":
                return Refusal(
                    "dtype",
                    f"{self.name} takes class numbers in int64, but the target is {target.dtype}",
                    "target",
                    expected="int64",
                    actual=target.dtype,
                    operand="target",
                )
        if not is_float(data.dtype):
            return Refusal(
                "dtype", f"{self.name} takes scores in floats, not {data.dtype}", actual=data.dtype
            )
        return None

    def samples(self, bound: Bound) -> Shape:
        if self.name == "multi_margin_loss":
            return bound["target"].shape
        shape = bound["input"].shape
        if self.name == "multilabel_soft_margin_loss":
            wide = broadcast([shape, bound["target"].shape])
            assert wide is not None, "refused before"
            axis = len(shape) - 1
            return (*wide[:axis], *wide[axis + 1 :])
        return shape[:-1]


class TripletLoss(SampleLoss):
    """triplet_margin_loss: distances along the last axis."""

    def wrong(self, bound: Bound) -> Refusal | None:
        names = ("anchor", "positive", "negative")
        specs = [bound[name] for name in names]
        if bound["margin"] <= 0:
            return Refusal(
                "argument",
                f"{self.name}'s margin must be above 0, not {bound['margin']}",
                "margin",
                operand=None,
            )
        ranks = [spec.rank for spec in specs]
        if len(set(ranks)) > 1:
            return Refusal(
                "rank",
                f"{self.name} needs tensors with as many axes, not {ranks[0]}, {ranks[1]} and {ranks[2]}",
                operand="positive" if ranks[0] != ranks[1] else "negative",
            )
        pairs = [("anchor", "positive"), ("anchor", "negative")]
        if bound["swap"]:
            pairs.append(("positive", "negative"))
        operands = {name: bound[name].shape for name in names}
        for pair in pairs:
            found = disagreements([(name, operands[name]) for name in pair])[:1]
            if found:
                return merge_refusal(self.name, found, f"in the {found[0].left}", f"in the {found[0].right}")
        found = disagreements([(name, (*operands[name][:-1], 1)) for name in names])[:1]
        if found:
            return merge_refusal(self.name, found, f"in the {found[0].left}", f"in the {found[0].right}")
        return None

    def samples(self, bound: Bound) -> Shape:
        shape = broadcast([bound[name].shape[:-1] for name in ("anchor", "positive", "negative")])
        assert shape is not None, "refused before"
        return shape

    def dtype(self, bound: Bound) -> str:
        return floating(result_type(bound[name] for name in ("anchor", "positive", "negative")))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        unsure = frozenset().union(*(bound[name].uncertain for name in ("anchor", "positive", "negative")))
        return tuple(frozenset(axis for axis in unsure if axis < output.rank) for output in outputs)


class CosineEmbeddingLoss(SampleLoss):
    """cosine_embedding_loss: [N, features] twice and a target [N]; or [features] and a single number."""

    def wrong(self, bound: Bound) -> Refusal | None:
        first, second, target = bound["input1"], bound["input2"], bound["target"]
        ranks = (first.rank, second.rank)
        if target.rank not in (0, 1) or ranks != (target.rank + 1,) * 2:
            return Refusal(
                "rank",
                f"{self.name} takes two inputs [batch, features] and a target [batch], "
                f"but they have {ranks[0]}, {ranks[1]} and {target.rank} axes",
                "target",
                operand="target",
            )
        operands = [("input1", first.shape), ("input2", second.shape)]
        if target.rank:
            operands.append(("target", (*target.shape, 1)))
        if broadcast([shape for _, shape in operands]) is None:
            found = disagreements(operands)[:1]
            return merge_refusal(self.name, found, f"in {found[0].left}", f"in {found[0].right}")
        return None

    def samples(self, bound: Bound) -> Shape:
        shapes = [bound[name].shape[:1] for name in ("input1", "input2")]
        found = broadcast([*shapes, bound["target"].shape]) if bound["target"].rank else ()
        assert found is not None, "refused before"
        return found

    def dtype(self, bound: Bound) -> str:
        return floating(result_type((bound["input1"], bound["input2"])))


class CTCLoss(SampleLoss):
    """ctc_loss: log-probabilities [T, N, C] or [T, C]. Whether the lengths fit depends on values."""

    def wrong(self, bound: Bound) -> Refusal | None:
        scores = bound["log_probs"]
        if scores.rank not in (2, 3):
            return Refusal(
                "rank",
                f"{self.name} takes log-probabilities [length, batch, classes], "
                f"but they have {scores.rank} axes",
                "log_probs",
                operand="log_probs",
            )
        if scores.dtype not in ("float32", "float64"):
            return Refusal("dtype", f"{self.name} takes floats, not {scores.dtype}", operand="log_probs")
        return None

    def samples(self, bound: Bound) -> Shape:
        shape = bound["log_probs"].shape
        return shape[1:2] if len(shape) == 3 else ()

    def dtype(self, bound: Bound) -> str:
        return bound["log_probs"].dtype

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return TensorSpec((), floating(bound["log_probs"].dtype))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        unsure = 1 in bound["log_probs"].uncertain
        return tuple(frozenset({0}) if unsure and output.rank else frozenset() for output in outputs)


OPERATORS: list[Operator] = [
    ClassLoss(
        "cross_entropy",
        "CrossEntropyLoss",
        "input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', "
        "label_smoothing=0.0",
    ),
    ClassLoss(
        "nll_loss",
        "NLLLoss",
        "input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean'",
    ),
    SquaredLoss("mse_loss", "MSELoss", f"input, target, {_LEGACY}, weight=None"),
    PointwiseLoss("l1_loss", "L1Loss", f"input, target, {_LEGACY}", categories=(1, 2, 3)),
    SmoothL1Loss("smooth_l1_loss", "SmoothL1Loss", f"input, target, {_LEGACY}, beta=1.0"),
    SquaredLoss(
        "huber_loss", "HuberLoss", "input, target, reduction='mean', delta=1.0, weight=None", result="input"
    ),
    BinaryCrossEntropy(
        "binary_cross_entropy",
        "BCELoss",
        f"input, target, weight=None, {_LEGACY}",
        ("input", "target", "weight"),
        alike=True,
    ),
    BinaryCrossEntropyWithLogits(
        "binary_cross_entropy_with_logits",
        "BCEWithLogitsLoss",
        f"input, target, weight=None, {_LEGACY}, pos_weight=None",
        ("input", "target", "weight", "pos_weight"),
        alike=True,
    ),
    KLDivergence("kl_div", "KLDivLoss", f"input, target, {_LEGACY}, log_target=False"),
    PointwiseLoss(
        "poisson_nll_loss",
        "PoissonNLLLoss",
        "input, target, log_input=True, full=False, size_average=None, eps=1e-08, reduce=None, "
        "reduction='mean'",
    ),
    GaussianLoss(
        "gaussian_nll_loss",
        "GaussianNLLLoss",
        "input, target, var, full=False, eps=1e-06, reduction='mean'",
        ("input", "target", "var"),
    ),
    SoftMarginLoss("soft_margin_loss", "SoftMarginLoss", f"input, target, {_LEGACY}", result="input"),
    PointwiseLoss(
        "hinge_embedding_loss",
        "HingeEmbeddingLoss",
        f"input, target, margin=1.0, {_LEGACY}",
        result="input",
        categories=(1, 2, 3),
    ),
    RankingLoss(
        "margin_ranking_loss",
        "MarginRankingLoss",
        f"input1, input2, target, margin=0.0, {_LEGACY}",
        ("input1", "input2", "target"),
    ),
    MarginLoss(
        "multi_margin_loss",
        "MultiMarginLoss",
        f"input, target, p=1, margin=1.0, weight=None, {_LEGACY}",
    ),
    MarginLoss("multilabel_margin_loss", "MultiLabelMarginLoss", f"input, target, {_LEGACY}"),
    MarginLoss(
        "multilabel_soft_margin_loss", "MultiLabelSoftMarginLoss", f"input, target, weight=None, {_LEGACY}"
    ),
    TripletLoss(
        "triplet_margin_loss",
        "TripletMarginLoss",
        f"anchor, positive, negative, margin=1.0, p=2, eps=1e-06, swap=False, {_LEGACY}",
    ),
    CosineEmbeddingLoss(
        "cosine_embedding_loss", "CosineEmbeddingLoss", f"input1, input2, target, margin=0, {_LEGACY}"
    ),
    CTCLoss(
        "ctc_loss",
        "CTCLoss",
        "log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', zero_infinity=False",
    ),
]
