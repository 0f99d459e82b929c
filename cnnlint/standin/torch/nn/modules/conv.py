"""Convolutions."""

from __future__ import annotations

import math
import sys
from typing import Any

from .. import functional as F
from .. import init
from ..parameter import Parameter, UninitializedParameter
from .lazy import LazyModuleMixin
from .module import Module
from .utils import _single, constructor, ntuple

torch = sys.modules[__name__.partition(".nn")[0]]


class _ConvNd(Module):
    in_channels: int
    out_channels: int
    bias: Any
    weight: Any

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        transposed: bool,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(
                    f"Invalid padding string {padding!r}, should be one of { ({'same', 'valid'}) }"
                )
            if padding == "same" and any(step != 1 for step in stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        modes = {"zeros", "reflect", "replicate", "circular"}
        if padding_mode not in modes:
            raise ValueError(f"padding_mode must be one of {modes}, but got padding_mode='{padding_mode}'")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._around()
        place = {"device": device, "dtype": dtype}
        if transposed:
            shape = (in_channels, out_channels // groups, *kernel_size)
        else:
            shape = (out_channels, in_channels // groups, *kernel_size)
        self.weight = Parameter(torch.empty(shape, **place))
        if bias:
            self.bias = Parameter(torch.empty(out_channels, **place))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _around(self) -> Any:
        """The padding as `pad` takes it: the last axis first, both its sides."""
        if not isinstance(self.padding, str):
            return tuple(size for size in reversed(self.padding) for _ in range(2))
        sides = [0, 0] * len(self.kernel_size)
        if self.padding == "same":
            for axis, (dilation, kernel) in enumerate(zip(self.dilation, self.kernel_size, strict=False)):
                total, at = dilation * (kernel - 1), len(self.kernel_size) - 1 - axis
                sides[2 * at], sides[2 * at + 1] = total // 2, total - total // 2
        return sides

    def reset_parameters(self) -> None:
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            init.uniform_(self.bias, -fan_in, fan_in)


def _plain(name: str, dims: int, function: str) -> Any:
    spread = ntuple(dims)

    def construct(
        self: Any,
        in_channels: Any,
        out_channels: Any,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        groups: Any,
        bias: Any,
        padding_mode: Any,
        device: Any,
        dtype: Any,
    ) -> None:
        _ConvNd.__init__(
            self,
            in_channels,
            out_channels,
            spread(kernel_size),
            spread(stride),
            padding if isinstance(padding, str) else spread(padding),
            spread(dilation),
            False,
            spread(0),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self: Any, input: Any, weight: Any, bias: Any) -> Any:
        convolve = getattr(F, function)
        if self.padding_mode != "zeros":
            padded = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            return convolve(padded, weight, bias, self.stride, spread(0), self.dilation, self.groups)
        return convolve(input, weight, bias, self.stride, self.padding, self.dilation, self.groups)

    def forward(self: Any, input: Any) -> Any:
        return self._conv_forward(input, self.weight, self.bias)

    return type(
        name,
        (_ConvNd,),
        {
            "__init__": constructor(name, construct),
            "__module__": __name__,
            "_conv_forward": _conv_forward,
            "forward": forward,
        },
    )


class _ConvTransposeNd(_ConvNd):
    def _output_padding(
        self,
        input: Any,
        output_size: Any,
        stride: Any,
        padding: Any,
        kernel_size: Any,
        num_spatial_dims: int,
        dilation: Any = None,
    ) -> Any:
        if output_size is None:
            return _single(self.output_padding)
        before = 2 if input.dim() == num_spatial_dims + 2 else 1
        if len(output_size) == before + num_spatial_dims:
            output_size = output_size[before:]
        if len(output_size) != num_spatial_dims:
            raise ValueError(
                f"ConvTranspose{num_spatial_dims}D: for {input.dim()}D input, output_size must have "
                f"{num_spatial_dims} or {before + num_spatial_dims} elements (got {len(output_size)})"
            )
        least = [
            (input.size(axis + before) - 1) * stride[axis]
            - 2 * padding[axis]
            + (dilation[axis] if dilation is not None else 1) * (kernel_size[axis] - 1)
            + 1
            for axis in range(num_spatial_dims)
        ]
        most = [low + step - 1 for low, step in zip(least, stride, strict=True)]
        for size, low, high in zip(output_size, least, most, strict=True):
            if size < low or size > high:
                raise ValueError(
                    f"requested an output size of {output_size}, but valid sizes range from {least} to "
                    f"{most} (for an input of {input.size()[2:]})"
                )
        return [size - low for size, low in zip(output_size, least, strict=True)]


def _transposed(name: str, dims: int, function: str) -> Any:
    spread = ntuple(dims)

    def construct(
        self: Any,
        in_channels: Any,
        out_channels: Any,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        output_padding: Any,
        groups: Any,
        bias: Any,
        dilation: Any,
        padding_mode: Any,
        device: Any,
        dtype: Any,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        _ConvNd.__init__(
            self,
            in_channels,
            out_channels,
            spread(kernel_size),
            spread(stride),
            spread(padding),
            spread(dilation),
            True,
            spread(output_padding),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self: Any, input: Any, output_size: Any = None) -> Any:
        output_padding = self._output_padding(
            input, output_size, self.stride, self.padding, self.kernel_size, dims, self.dilation
        )
        return getattr(F, function)(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            output_padding,
            self.groups,
            self.dilation,
        )

    return type(
        name,
        (_ConvTransposeNd,),
        {"__init__": constructor(name, construct), "__module__": __name__, "forward": forward},
    )


class _LazyConvXdMixin(LazyModuleMixin):
    def reset_parameters(self) -> None:
        own: Any = self
        if not self.has_uninitialized_params() and own.in_channels != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Any, *args: Any, **kwargs: Any) -> None:
        own: Any = self
        if not self.has_uninitialized_params():
            return
        dims = len(own.kernel_size)
        if input.dim() not in (dims + 1, dims + 2):
            raise RuntimeError(
                f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {type(self).__name__}, "
                f"but got input of size: {input.shape}"
            )
        own.in_channels = input.shape[1] if input.dim() == dims + 2 else input.shape[0]
        if own.in_channels % own.groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if own.transposed:
            shape = (own.in_channels, own.out_channels // own.groups, *own.kernel_size)
        else:
            shape = (own.out_channels, own.in_channels // own.groups, *own.kernel_size)
        own.weight.materialize(shape)
        if own.bias is not None:
            own.bias.materialize((own.out_channels,))
        self.reset_parameters()


def _lazy(name: str, of: Any) -> Any:
    def construct(self: Any, out_channels: Any, *rest: Any) -> None:
        # kernel_size, stride, padding and so on, as the layer has them behind its channels
        rest = list(rest)  # type: ignore[assignment]
        place = rest[-2:]
        bias = rest[5]
        rest[5] = False  # type: ignore[index]
        super(made, self).__init__(0, 0, *rest)
        self.weight = UninitializedParameter(device=place[0], dtype=place[1])
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter(device=place[0], dtype=place[1])

    made = type(
        name,
        (_LazyConvXdMixin, of),
        {"__init__": constructor(name, construct), "__module__": __name__, "cls_to_become": of},
    )
    return made


Conv1d, Conv2d, Conv3d = (_plain(f"Conv{dims}d", dims, f"conv{dims}d") for dims in (1, 2, 3))
ConvTranspose1d, ConvTranspose2d, ConvTranspose3d = (
    _transposed(f"ConvTranspose{dims}d", dims, f"conv_transpose{dims}d") for dims in (1, 2, 3)
)
LazyConv1d, LazyConv2d, LazyConv3d = (
    _lazy(f"LazyConv{dims}d", of) for dims, of in ((1, Conv1d), (2, Conv2d), (3, Conv3d))
)
LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d = (
    _lazy(f"LazyConvTranspose{dims}d", of)
    for dims, of in ((1, ConvTranspose1d), (2, ConvTranspose2d), (3, ConvTranspose3d))
)
