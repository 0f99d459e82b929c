"""Initialisers: values of weights do not matter, so they are left as they are."""

from __future__ import annotations

import math
from typing import Any

from .. import _missing


def _first(*args: Any, **kwargs: Any) -> Any:
    return args[0] if args else kwargs.get("tensor")


uniform_ = normal_ = trunc_normal_ = constant_ = ones_ = zeros_ = eye_ = dirac_ = sparse_ = orthogonal_ = (
    _first
)
xavier_uniform_ = xavier_normal_ = kaiming_uniform_ = kaiming_normal_ = _first
uniform = normal = constant = xavier_uniform = xavier_normal = kaiming_uniform = kaiming_normal = _first


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    plain = ("linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d sigmoid").split()
    if nonlinearity in plain:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def _calculate_fan_in_and_fan_out(tensor: Any) -> tuple[int, int]:
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(tensor.shape[2:])
    return tensor.size(1) * field, tensor.size(0) * field


def _calculate_correct_fan(tensor: Any, mode: str) -> int:
    fans = _calculate_fan_in_and_fan_out(tensor)
    return fans[0] if mode.lower() == "fan_in" else fans[1]


def _no_grad_trunc_normal_(tensor: Any, *args: Any, **kwargs: Any) -> Any:
    return tensor


def _no_grad_uniform_(tensor: Any, *args: Any, **kwargs: Any) -> Any:
    return tensor


_no_grad_normal_ = _no_grad_fill_ = _no_grad_zero_ = _no_grad_uniform_
__getattr__ = _missing.attribute_of(__name__)
