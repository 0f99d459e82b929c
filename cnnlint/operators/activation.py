"""Activations, and the softmax family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.dimensions import axis_of, wrong_dim
from cnnlint.operators.layout import elementwise_strides, strides_of
from cnnlint.operators.pointwise import InPlace, Unary, inplace_refusal
from cnnlint.operators.promotion import category, dtype_name


class Activation(Unary):
    """A function of each value by itself."""

    kind = "activation"

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        signature: str,
        layers: Sequence[str],
        result: str = "promoted",
        categories: Sequence[int] = (2,),
    ):
        super().__init__(name, names, signature, result, categories)
        self.layers = tuple(layers)

    def refuse(self, bound: Bound) -> Refusal | None:
        refusal = super().refuse(bound)
        if refusal is None and bound.get("inplace"):
            result = TensorSpec(bound["input"].shape, self.dtype(bound))
            return inplace_refusal(self.name, bound["input"], result)
        return refusal

    def output(self, bound: Bound) -> Output:
        return bound["input"] if bound.get("inplace") else super().output(bound)


class PReLU(Activation):
    """`prelu`: one slope, or one a channel (axis 1)."""

    def refuse(self, bound: Bound) -> Refusal | None:
        data, weight = bound["input"], bound["weight"]
        if not (isinstance(data, TensorSpec) and isinstance(weight, TensorSpec)):
            return super().refuse(bound)
        if weight.rank > 1:
            return Refusal(
                "argument", f"prelu takes a weight with 1 axis, not {weight.rank}", "weight", operand="weight"
            )
        slopes = weight.shape[0] if weight.rank else 1
        channels = data.shape[1] if data.rank > 1 else 1
        if slopes not in (1, channels) or (slopes != 1 and data.rank == 0):
            return Refusal(
                "channels",
                f"PReLU has {slopes} slopes, but the input has {channels} channels",
                "num_parameters",
                expected=slopes,
                actual=channels,
                axes=(("input", 1),) if data.rank > 1 else (),
            )
        if weight.dtype != data.dtype:
            return Refusal("dtype", f"prelu's weight is {weight.dtype}, but the input is {data.dtype}")
        return super().refuse(bound)


class GLU(Operator):
    """`glu`: one half of an axis gates the other."""

    kind = "activation"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, dim = bound["input"], bound["dim"]
        if not data.rank:
            return Refusal("rank", "GLU halves an axis, but the input has none")
        refusal = wrong_dim("GLU", dim, data.rank)
        if refusal is not None:
            return refusal
        axis = axis_of(dim, data.rank)
        if data.shape[axis] % 2:
            return Refusal(
                "channels",
                f"GLU halves axis {axis}, but its size {data.shape[axis]} is odd",
                "dim",
                actual=data.shape[axis],
                axes=(("input", axis),),
            )
        if category(data.dtype) != 2:
            return Refusal("dtype", f"GLU takes floats, not {data.dtype}", actual=data.dtype)
        return None

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        half = TensorSpec(self._halved(bound), data.dtype, strides_of(data))
        return TensorSpec(half.shape, half.dtype, elementwise_strides((half,), half.shape))

    @staticmethod
    def _halved(bound: Bound) -> tuple[int, ...]:
        data = bound["input"]
        axis = axis_of(bound["dim"], data.rank)
        return tuple(size // 2 if at == axis else size for at, size in enumerate(data.shape))

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        if not refusal.axes:
            return super().recovered(bound, refusal)
        return TensorSpec(self._halved(bound), bound["input"].dtype, None, frozenset({refusal.axes[0][1]}))

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {"dim": bound["dim"], "axis": axis_of(bound["dim"], bound["input"].rank)}


class Softmax(Operator):
    """`softmax`, `log_softmax`, `softmin`, `gumbel_softmax`: normalises along one axis.

    Attribute `dim` is as it was given (None: torch chooses by the rank), `axis` the one that it runs over.
    """

    kind = "softmax"

    def axis(self, bound: Bound) -> int:
        """The axis that it runs over, from 0."""
        rank, dim = bound["input"].rank, bound["dim"]
        if dim is None:
            return 0 if rank in (0, 1, 3) else 1
        return axis_of(dim, rank)

    def refuse(self, bound: Bound) -> Refusal | None:
        data, dim = bound["input"], bound["dim"]
        if dim is not None:
            refusal = wrong_dim(self.name, dim, data.rank)
            if refusal is not None:
                return refusal
        if bound.get("dtype") is None and category(data.dtype) != 2:
            return Refusal(
                "dtype",
                f"{self.name} takes floats, not {data.dtype}: convert with .float()",
                actual=data.dtype,
            )
        return None

    def output(self, bound: Bound) -> Output:
        data, dtype = bound["input"], bound.get("dtype")
        return TensorSpec(data.shape, dtype_name(dtype) if dtype else data.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return TensorSpec(bound["input"].shape, bound["input"].dtype)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {**super().attributes(bound), "dim": bound["dim"], "axis": self.axis(bound)}


def _functional(*words: str) -> tuple[str, ...]:
    return tuple(f"torch.nn.functional.{word}" for word in words)


def _plain_and_method(word: str) -> tuple[str, ...]:
    return (f"torch.{word}", f"torch.Tensor.{word}")


_INPLACE = "input, inplace=False"

_ACTIVATIONS: list[Operator] = [
    Activation(
        "relu", (*_functional("relu"), *_plain_and_method("relu")), _INPLACE, ("ReLU",), categories=(1, 2)
    ),
    Activation("relu6", _functional("relu6"), _INPLACE, ("ReLU6",), categories=(1, 2)),
    Activation(
        "hardtanh",
        _functional("hardtanh"),
        "input, min_val=-1.0, max_val=1.0, inplace=False",
        ("Hardtanh", "ReLU6"),
        categories=(1, 2),
    ),
    Activation(
        "leaky_relu", _functional("leaky_relu"), "input, negative_slope=0.01, inplace=False", ("LeakyReLU",)
    ),
    Activation("elu", _functional("elu"), "input, alpha=1.0, inplace=False", ("ELU",)),
    Activation("selu", (*_functional("selu"), "torch.selu"), _INPLACE, ("SELU",)),
    Activation("celu", (*_functional("celu"), "torch.celu"), "input, alpha=1.0, inplace=False", ("CELU",)),
    Activation("gelu", _functional("gelu"), "input, approximate='none'", ("GELU",)),
    Activation("silu", _functional("silu"), _INPLACE, ("SiLU",)),
    Activation("mish", _functional("mish"), _INPLACE, ("Mish",)),
    Activation("hardswish", _functional("hardswish"), _INPLACE, ("Hardswish",)),
    Activation("hardsigmoid", _functional("hardsigmoid"), _INPLACE, ("Hardsigmoid",)),
    Activation("softplus", _functional("softplus"), "input, beta=1.0, threshold=20.0, ~out", ("Softplus",)),
    Activation("softsign", _functional("softsign"), "input", ("Softsign",), "float", (1, 2)),
    Activation("tanhshrink", _functional("tanhshrink"), "input", ("Tanhshrink",), "float", (1, 2)),
    Activation(
        "hardshrink",
        (*_functional("hardshrink"), "torch.Tensor.hardshrink"),
        "input, lambd=0.5",
        ("Hardshrink",),
    ),
    Activation("softshrink", _functional("softshrink"), "input, lambd=0.5", ("Softshrink",)),
    Activation("logsigmoid", _functional("logsigmoid"), "input", ("LogSigmoid",)),
    Activation(
        "threshold",
        (*_functional("threshold"), "torch.threshold"),
        "input, threshold, value, inplace=False",
        ("Threshold",),
        categories=(1, 2),
    ),
    Activation(
        "rrelu",
        (*_functional("rrelu"), "torch.rrelu"),
        "input, lower=0.125, upper=0.3333333333333333, training=False, inplace=False, ~generator",
        ("RReLU",),
    ),
    Activation("tanh", _plain_and_method("tanh"), "input, ~out", ("Tanh",), "float", (0, 1, 2)),
    Activation(
        "sigmoid",
        (*_plain_and_method("sigmoid"), "torch.special.expit"),
        "input, ~out",
        ("Sigmoid",),
        "float",
        (0, 1, 2),
    ),
    PReLU("prelu", (*_functional("prelu"), "torch.prelu", "torch.Tensor.prelu"), "input, weight", ("PReLU",)),
    GLU("glu", _functional("glu"), "input, dim=-1", ("GLU",)),
]


_SOFTMAXES: list[Operator] = [
    Softmax(name, _functional(name), "input, dim=None, _stacklevel=3, dtype=None", layers)
    for name, layers in (
        ("softmax", ("Softmax", "Softmax2d")),
        ("log_softmax", ("LogSoftmax",)),
        ("softmin", ("Softmin",)),
    )
]
_SOFTMAXES += [
    Softmax(name, (*_plain_and_method(name), f"torch.special.{name}"), "input, dim, dtype=None, ~out")
    for name in ("softmax", "log_softmax")
]
_SOFTMAXES.append(
    Softmax(
        "gumbel_softmax",
        _functional("gumbel_softmax"),
        "input|logits, tau=1.0, hard=False, eps=1e-10, dim=-1",
    )
)

_IN_PLACE = {
    "relu": (*_functional("relu_"), "torch.relu_", "torch.Tensor.relu_"),
    "leaky_relu": _functional("leaky_relu_"),
    "elu": _functional("elu_"),
    "selu": (*_functional("selu_"), "torch.selu_"),
    "celu": (*_functional("celu_"), "torch.celu_"),
    "hardtanh": _functional("hardtanh_"),
    "threshold": (*_functional("threshold_"), "torch.threshold_"),
    "rrelu": (*_functional("rrelu_"), "torch.rrelu_"),
    "sigmoid": ("torch.sigmoid_", "torch.Tensor.sigmoid_"),
    "tanh": ("torch.tanh_", "torch.Tensor.tanh_"),
}

OPERATORS: list[Operator] = [
    *_ACTIVATIONS,
    *_SOFTMAXES,
    *(InPlace(operator, _IN_PLACE[operator.name]) for operator in _ACTIVATIONS if operator.name in _IN_PLACE),
]
