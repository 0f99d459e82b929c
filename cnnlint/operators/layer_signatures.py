"""Which arguments the layers of torch.nn are constructed with: names, order, defaults.

Most of them stand in the module as attributes of the same name, so that they can be read back.
"""

from __future__ import annotations

from typing import Any

from cnnlint.operators.base import default_value

REQUIRED = "<required>"
"""Stands in `INTERFACE` for an argument without a default."""

_PLACE = "device=None, dtype=None"
_CONV = (
    "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
    f"padding_mode='zeros', {_PLACE}"
)
_CONV_TRANSPOSE = (
    "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
    f"dilation=1, padding_mode='zeros', {_PLACE}"
)
_MAX_POOL = "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False"
_AVG_POOL = "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True"
_FRACTIONAL = "kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None"
_BATCH_NORM = "eps=1e-5, momentum=0.1, affine=True, track_running_stats=True"
_INSTANCE_NORM = "eps=1e-5, momentum=0.1, affine=False, track_running_stats=False"
_RECURRENT = "bias=True, batch_first=False, dropout=0.0, bidirectional=False"
_TRANSFORMER = (
    "d_model, nhead, dim_feedforward=2048, dropout=0.1, activation='relu', layer_norm_eps=1e-5, "
    f"batch_first=False, norm_first=False, bias=True, {_PLACE}"
)
_DROPOUT = "p=0.5, inplace=False"

_SIGNATURES = {
    "Linear": f"in_features, out_features, bias=True, {_PLACE}",
    "LazyLinear": f"out_features, bias=True, {_PLACE}",
    "Bilinear": f"in1_features, in2_features, out_features, bias=True, {_PLACE}",
    "SyncBatchNorm": f"num_features, {_BATCH_NORM}, process_group=None, {_PLACE}, bias=True",
    "GroupNorm": f"num_groups, num_channels, eps=1e-5, affine=True, {_PLACE}, bias=True",
    "LayerNorm": f"normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, {_PLACE}",
    "RMSNorm": f"normalized_shape, eps=None, elementwise_affine=True, {_PLACE}",
    "LocalResponseNorm": "size, alpha=1e-4, beta=0.75, k=1.0",
    "CrossMapLRN2d": "size, alpha=1e-4, beta=0.75, k=1",
    "Dropout": _DROPOUT,
    "Dropout1d": _DROPOUT,
    "Dropout2d": _DROPOUT,
    "Dropout3d": _DROPOUT,
    "AlphaDropout": _DROPOUT,
    "FeatureAlphaDropout": _DROPOUT,
    "Embedding": (
        "num_embeddings, embedding_dim, padding_idx=None, max_norm=None, norm_type=2.0, "
        f"scale_grad_by_freq=False, sparse=False, _weight=None, _freeze=False, {_PLACE}"
    ),
    "EmbeddingBag": (
        "num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
        f"mode='mean', sparse=False, _weight=None, include_last_offset=False, padding_idx=None, {_PLACE}"
    ),
    "LSTM": f"input_size, hidden_size, num_layers=1, {_RECURRENT}, proj_size=0, {_PLACE}",
    "GRU": f"input_size, hidden_size, num_layers=1, {_RECURRENT}, {_PLACE}",
    "RNN": f"input_size, hidden_size, num_layers=1, nonlinearity='tanh', {_RECURRENT}, {_PLACE}",
    "LSTMCell": f"input_size, hidden_size, bias=True, {_PLACE}",
    "GRUCell": f"input_size, hidden_size, bias=True, {_PLACE}",
    "RNNCell": f"input_size, hidden_size, bias=True, nonlinearity='tanh', {_PLACE}",
    "MultiheadAttention": (
        "embed_dim, num_heads, dropout=0.0, bias=True, add_bias_kv=False, add_zero_attn=False, kdim=None, "
        f"vdim=None, batch_first=False, {_PLACE}"
    ),
    "TransformerEncoderLayer": _TRANSFORMER,
    "TransformerDecoderLayer": _TRANSFORMER,
    "Transformer": (
        "d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, dim_feedforward=2048, "
        "dropout=0.1, activation='relu', custom_encoder=None, custom_decoder=None, layer_norm_eps=1e-5, "
        f"batch_first=False, norm_first=False, bias=True, {_PLACE}"
    ),
    "Upsample": (
        "size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None"
    ),
    "UpsamplingNearest2d": "size=None, scale_factor=None",
    "UpsamplingBilinear2d": "size=None, scale_factor=None",
    "PixelShuffle": "upscale_factor",
    "PixelUnshuffle": "downscale_factor",
    "ChannelShuffle": "groups",
    "Fold": "output_size, kernel_size, dilation=1, padding=0, stride=1",
    "Unfold": "kernel_size, dilation=1, padding=0, stride=1",
    "Flatten": "start_dim=1, end_dim=-1",
    "Unflatten": "dim, unflattened_size",
    "CosineSimilarity": "dim=1, eps=1e-8",
    "PairwiseDistance": "p=2.0, eps=1e-6, keepdim=False",
    # activations
    "ReLU": "inplace=False",
    "ReLU6": "inplace=False",
    "SELU": "inplace=False",
    "SiLU": "inplace=False",
    "Mish": "inplace=False",
    "Hardsigmoid": "inplace=False",
    "Hardswish": "inplace=False",
    "ELU": "alpha=1.0, inplace=False",
    "CELU": "alpha=1.0, inplace=False",
    "LeakyReLU": "negative_slope=0.01, inplace=False",
    "RReLU": "lower=0.125, upper=0.3333333333333333, inplace=False",
    "PReLU": f"num_parameters=1, init=0.25, {_PLACE}",
    "Threshold": "threshold, value, inplace=False",
    "Hardtanh": "min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None",
    "GELU": "approximate='none'",
    "GLU": "dim=-1",
    "Softplus": "beta=1.0, threshold=20.0",
    "Hardshrink": "lambd=0.5",
    "Softshrink": "lambd=0.5",
    "Softmax": "dim=None",
    "Softmin": "dim=None",
    "LogSoftmax": "dim=None",
    "Sigmoid": "",
    "LogSigmoid": "",
    "Tanh": "",
    "Tanhshrink": "",
    "Softsign": "",
    "Softmax2d": "",
    "Identity": "",
}

for _dims in (1, 2, 3):
    _SIGNATURES |= {
        f"Conv{_dims}d": _CONV,
        f"LazyConv{_dims}d": _CONV.removeprefix("in_channels, "),
        f"ConvTranspose{_dims}d": _CONV_TRANSPOSE,
        f"LazyConvTranspose{_dims}d": _CONV_TRANSPOSE.removeprefix("in_channels, "),
        f"MaxPool{_dims}d": _MAX_POOL,
        f"AvgPool{_dims}d": _AVG_POOL + (", divisor_override=None" if _dims > 1 else ""),
        f"LPPool{_dims}d": "norm_type, kernel_size, stride=None, ceil_mode=False",
        f"MaxUnpool{_dims}d": "kernel_size, stride=None, padding=0",
        f"AdaptiveAvgPool{_dims}d": "output_size",
        f"AdaptiveMaxPool{_dims}d": "output_size, return_indices=False",
        f"BatchNorm{_dims}d": f"num_features, {_BATCH_NORM}, {_PLACE}, bias=True",
        f"LazyBatchNorm{_dims}d": f"{_BATCH_NORM}, {_PLACE}, bias=True",
        f"InstanceNorm{_dims}d": f"num_features, {_INSTANCE_NORM}, {_PLACE}, bias=True",
        f"LazyInstanceNorm{_dims}d": f"{_BATCH_NORM}, {_PLACE}, bias=True",
        f"ConstantPad{_dims}d": "padding, value",
        f"ZeroPad{_dims}d": "padding",
        f"ReflectionPad{_dims}d": "padding",
        f"ReplicationPad{_dims}d": "padding",
        f"CircularPad{_dims}d": "padding",
    }
for _dims in (2, 3):
    _SIGNATURES[f"FractionalMaxPool{_dims}d"] = _FRACTIONAL


def _read(signature: str) -> dict[str, Any]:
    """The arguments in order, each with its default or `REQUIRED`."""
    arguments: dict[str, Any] = {}
    for part in filter(None, signature.split(", ")):
        name, _, default = part.partition("=")
        arguments[name] = default_value(default) if default else REQUIRED
    return arguments


INTERFACE: dict[str, dict[str, Any]] = {name: _read(text) for name, text in _SIGNATURES.items()}
"""By the layer's class: its constructor's arguments in order, each with its default or `REQUIRED`."""
