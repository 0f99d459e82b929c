"""Normalisation of single samples."""

from __future__ import annotations

import numbers
import sys
from typing import Any

from cnnlint.standin.needs import NeedsTorch

from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module
from .utils import layer

torch = sys.modules[__name__.partition(".nn")[0]]

LocalResponseNorm = layer(
    "LocalResponseNorm",
    lambda self, input: F.local_response_norm(input, self.size, self.alpha, self.beta, self.k),
    __name__,
)


def _cross_map(self: Any, input: Any) -> Any:
    raise NeedsTorch("CrossMapLRN2d")


CrossMapLRN2d = layer("CrossMapLRN2d", _cross_map, __name__)


class _Affine(Module):
    weight: Any
    bias: Any

    def _weigh(self, affine: bool, bias: bool, shape: Any, **place: Any) -> None:
        """Registers the weight, and the bias where there is one."""
        if affine:
            self.weight = Parameter(torch.empty(shape, **place))
        else:
            self.register_parameter("weight", None)
        if affine and bias:
            self.bias = Parameter(torch.empty(shape, **place))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class LayerNorm(_Affine):
    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if isinstance(normalized_shape, numbers.Integral):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._weigh(elementwise_affine, bias, self.normalized_shape, device=device, dtype=dtype)

    def forward(self, input: Any) -> Any:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


class GroupNorm(_Affine):
    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._weigh(affine, bias, num_channels, device=device, dtype=dtype)

    def forward(self, input: Any) -> Any:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)


class RMSNorm(Module):
    weight: Any

    def __init__(
        self,
        normalized_shape: Any,
        eps: Any = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if isinstance(normalized_shape, numbers.Integral):
            normalized_shape = (normalized_shape,)
        self.normalized_shape = tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        if elementwise_affine:
            self.weight = Parameter(torch.empty(self.normalized_shape, device=device, dtype=dtype))
        else:
            self.register_parameter("weight", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        return None

    def forward(self, input: Any) -> Any:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)
