"""Activations and attention."""

from __future__ import annotations

import sys
from typing import Any

from cnnlint.standin.needs import NeedsTorch

from .. import functional as F
from .. import init
from ..parameter import Parameter
from .linear import NonDynamicallyQuantizableLinear
from .module import Module
from .utils import constructor, layer

torch = sys.modules[__name__.partition(".nn")[0]]


def _of(name: str, forward: Any, base: Any = Module, **attributes: Any) -> Any:
    return layer(name, forward, __name__, base, **attributes)


Threshold = _of("Threshold", lambda self, input: F.threshold(input, self.threshold, self.value, self.inplace))
ReLU = _of("ReLU", lambda self, input: F.relu(input, inplace=self.inplace))
RReLU = _of("RReLU", lambda self, input: F.rrelu(input, self.lower, self.upper, self.training, self.inplace))
Sigmoid = _of("Sigmoid", lambda self, input: torch.sigmoid(input))
Hardsigmoid = _of("Hardsigmoid", lambda self, input: F.hardsigmoid(input, self.inplace))
Tanh = _of("Tanh", lambda self, input: torch.tanh(input))
SiLU = _of("SiLU", lambda self, input: F.silu(input, inplace=self.inplace))
Mish = _of("Mish", lambda self, input: F.mish(input, inplace=self.inplace))
Hardswish = _of("Hardswish", lambda self, input: F.hardswish(input, self.inplace))
ELU = _of("ELU", lambda self, input: F.elu(input, self.alpha, self.inplace))
CELU = _of("CELU", lambda self, input: F.celu(input, self.alpha, self.inplace))
SELU = _of("SELU", lambda self, input: F.selu(input, self.inplace))
GLU = _of("GLU", lambda self, input: F.glu(input, self.dim))
GELU = _of("GELU", lambda self, input: F.gelu(input, approximate=self.approximate))
Hardshrink = _of("Hardshrink", lambda self, input: F.hardshrink(input, self.lambd))
LeakyReLU = _of("LeakyReLU", lambda self, input: F.leaky_relu(input, self.negative_slope, self.inplace))
LogSigmoid = _of("LogSigmoid", lambda self, input: F.logsigmoid(input))
Softplus = _of("Softplus", lambda self, input: F.softplus(input, self.beta, self.threshold))
Softshrink = _of("Softshrink", lambda self, input: F.softshrink(input, self.lambd))
Softsign = _of("Softsign", lambda self, input: F.softsign(input))
Tanhshrink = _of("Tanhshrink", lambda self, input: F.tanhshrink(input))
Softmin = _of("Softmin", lambda self, input: F.softmin(input, self.dim, _stacklevel=5))
Softmax = _of("Softmax", lambda self, input: F.softmax(input, self.dim, _stacklevel=5))
LogSoftmax = _of("LogSoftmax", lambda self, input: F.log_softmax(input, self.dim, _stacklevel=5))


def _softmax2d(self: Any, input: Any) -> Any:
    if input.dim() not in (3, 4):
        raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
    return F.softmax(input, -3, _stacklevel=5)


Softmax2d = _of("Softmax2d", _softmax2d)


def _hardtanh(
    self: Any, min_val: Any, max_val: Any, inplace: Any, min_value: Any = None, max_value: Any = None
) -> None:
    Module.__init__(self)
    self.min_val = min_val if min_value is None else min_value
    self.max_val = max_val if max_value is None else max_value
    self.inplace = inplace
    if self.max_val <= self.min_val:
        raise AssertionError(
            f"max_val must be larger than min_val, got min_val={self.min_val} and max_val={self.max_val}"
        )


Hardtanh = _of(
    "Hardtanh",
    lambda self, input: F.hardtanh(input, self.min_val, self.max_val, self.inplace),
    __init__=constructor("Hardtanh", _hardtanh),
)


class ReLU6(Hardtanh):  # type: ignore[misc, valid-type]
    def __init__(self, inplace: bool = False):
        super().__init__(0.0, 6.0, inplace)


def _prelu(self: Any, num_parameters: Any, init_value: Any, device: Any, dtype: Any) -> None:
    self.num_parameters = num_parameters
    Module.__init__(self)
    self.init = init_value
    self.weight = Parameter(torch.empty(num_parameters, device=device, dtype=dtype))


PReLU = _of("PReLU", lambda self, input: F.prelu(input, self.weight), __init__=constructor("PReLU", _prelu))
PReLU.reset_parameters = lambda self: None


class MultiheadAttention(Module):
    batch_first: bool

    def __init__(
        self,
        embed_dim: Any,
        num_heads: Any,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: Any = None,
        vdim: Any = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0,"
                f" got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        place = {"device": device, "dtype": dtype}
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = kdim if kdim is not None else embed_dim
        self.vdim = vdim if vdim is not None else embed_dim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != self.embed_dim:
            raise AssertionError(
                f"embed_dim must be divisible by num_heads, got embed_dim={embed_dim} "
                f"and num_heads={num_heads}"
            )
        if not self._qkv_same_embed_dim:
            self.q_proj_weight = Parameter(torch.empty((embed_dim, embed_dim), **place))
            self.k_proj_weight = Parameter(torch.empty((embed_dim, self.kdim), **place))
            self.v_proj_weight = Parameter(torch.empty((embed_dim, self.vdim), **place))
            self.register_parameter("in_proj_weight", None)
        else:
            self.in_proj_weight = Parameter(torch.empty((3 * embed_dim, embed_dim), **place))
            self.register_parameter("q_proj_weight", None)
            self.register_parameter("k_proj_weight", None)
            self.register_parameter("v_proj_weight", None)
        if bias:
            self.in_proj_bias = Parameter(torch.empty(3 * embed_dim, **place))
        else:
            self.register_parameter("in_proj_bias", None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **place)
        if add_bias_kv:
            self.bias_k = Parameter(torch.empty((1, 1, embed_dim), **place))
            self.bias_v = Parameter(torch.empty((1, 1, embed_dim), **place))
        else:
            self.bias_k = self.bias_v = None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        if self._qkv_same_embed_dim:
            init.xavier_uniform_(self.in_proj_weight)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> Any:
        batched = query.dim() == 3
        key_padding_mask = F._canonical_mask(
            key_padding_mask, "key_padding_mask", F._none_or_dtype(attn_mask), "attn_mask", query.dtype
        )
        attn_mask = F._canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, False)
        if self.batch_first and batched:
            if key is value:
                if query is key:
                    query = key = value = query.transpose(1, 0)
                else:
                    query, key = (one.transpose(1, 0) for one in (query, key))
                    value = key
            else:
                query, key, value = (one.transpose(1, 0) for one in (query, key, value))
        separate: dict[str, Any] = {}
        if not self._qkv_same_embed_dim:
            separate = {
                "use_separate_proj_weight": True,
                "q_proj_weight": self.q_proj_weight,
                "k_proj_weight": self.k_proj_weight,
                "v_proj_weight": self.v_proj_weight,
            }
        output, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
            **separate,
        )
        if self.batch_first and batched:
            return output.transpose(1, 0), weights
        return output, weights

    def merge_masks(self, attn_mask: Any, key_padding_mask: Any, query: Any) -> Any:
        raise NeedsTorch("MultiheadAttention.merge_masks")
