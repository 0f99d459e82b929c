"""Dropout in its forms. Shapes stay as they are; where nothing is dropped, the input itself comes out."""

from __future__ import annotations

from collections.abc import Sequence

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.layout import elementwise_strides
from cnnlint.operators.pointwise import inplace_refusal
from cnnlint.operators.promotion import category
from cnnlint.traces import Shape


class Dropout(Operator):
    """`dropout` and its like. Attributes `p` and `training`.

    `ranks` are the numbers of axes that it takes when it drops, None for any.
    """

    kind = "dropout"

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        layers: Sequence[str] = (),
        ranks: Sequence[int] | None = None,
        signature: str = "input, p=0.5, training=True, inplace=False",
    ):
        super().__init__(name, names, signature, layers)
        self.ranks = ranks

    @staticmethod
    def drops(bound: Bound) -> bool:
        """Whether it does anything."""
        return bool(bound["training"]) and bound["p"] != 0

    def draws(self, bound: Bound) -> bool:
        """Whether it draws what to drop: with p = 1 it just multiplies by 0, whatever the tensor."""
        return self.drops(bound) and bound["p"] != 1

    def refuse(self, bound: Bound) -> Refusal | None:
        data, p = bound["input"], bound["p"]
        if isinstance(p, (int, float)) and not 0 <= p <= 1:
            return Refusal(
                "argument",
                f"{self.name}'s p is a probability, between 0 and 1, not {p}",
                "p",
                actual=p,
                operand=None,
                exception="ValueError",
            )
        always = self.name == "dropout1d"
        if self.ranks and data.rank not in self.ranks and (always or self.draws(bound)):
            return Refusal(
                "rank",
                f"{self.name} drops whole channels of [N, C, …], but the input has "
                f"{data.rank} {'axis' if data.rank == 1 else 'axes'}",
                actual=data.rank,
            )
        if not self.draws(bound):
            return None
        if category(data.dtype) < 2:
            return Refusal("dtype", f"{self.name} takes floats, not {data.dtype}", actual=data.dtype)
        return inplace_refusal(self.name, data, data) if bound["inplace"] else None

    def output(self, bound: Bound) -> Output:
        if not self.drops(bound):
            raise NotImplementedError("the input itself")
        data = bound["input"]
        return TensorSpec(data.shape, data.dtype, elementwise_strides((data,), data.shape))

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        return [bound["input"].shape]

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        data = bound["input"]
        return TensorSpec(data.shape, data.dtype)


_ANY = range(2, 100)


def _functional(
    name: str, layer: str, ranks: Sequence[int] | None, p: float = 0.5, training: bool = True
) -> Dropout:
    return Dropout(
        name,
        (f"torch.nn.functional.{name}",),
        (layer,),
        ranks,
        f"input, p={p}, training={training}, inplace=False",
    )


class _InPlace(Dropout):
    """`dropout_`: drops in the input itself."""

    def __init__(self, name: str, ranks: Sequence[int] | None):
        super().__init__(f"{name}_", (f"torch.{name}_",), (), ranks, "input, p, training|train, inplace=True")
        self.inplace = True

    def refuse(self, bound: Bound) -> Refusal | None:
        given = bound["input"]
        return super().refuse(bound) or inplace_refusal(self.name, given, given)

    def output(self, bound: Bound) -> Output:
        return bound["input"]


_PLAIN = "input, p, training|train, inplace=False"

OPERATORS: list[Operator] = [
    _functional("dropout", "Dropout", None),
    _functional("dropout1d", "Dropout1d", (2, 3)),
    _functional("dropout2d", "Dropout2d", _ANY),
    _functional("dropout3d", "Dropout3d", range(1, 100)),
    _functional("alpha_dropout", "AlphaDropout", None, training=False),
    _functional("feature_alpha_dropout", "FeatureAlphaDropout", _ANY, training=False),
    Dropout("dropout", ("torch.dropout",), (), None, _PLAIN),
    Dropout("feature_dropout", ("torch.feature_dropout",), (), _ANY, _PLAIN),
    Dropout("alpha_dropout", ("torch.alpha_dropout",), (), None, _PLAIN),
    Dropout("feature_alpha_dropout", ("torch.feature_alpha_dropout",), (), _ANY, _PLAIN),
    _InPlace("dropout", None),
    _InPlace("feature_dropout", _ANY),
    _InPlace("alpha_dropout", None),
    _InPlace("feature_alpha_dropout", _ANY),
]
