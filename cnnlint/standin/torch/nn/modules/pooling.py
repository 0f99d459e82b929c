"""Pooling."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .module import Module
from .utils import constructor, layer, ntuple


class _MaxPoolNd(Module):
    """Base of max pooling."""


class _MaxUnpoolNd(Module):
    """Base of max unpooling."""


class _AvgPoolNd(Module):
    """Base of average pooling."""


class _LPPoolNd(Module):
    """Base of power-average pooling."""


class _AdaptiveMaxPoolNd(Module):
    """Base of adaptive max pooling."""


class _AdaptiveAvgPoolNd(Module):
    """Base of adaptive average pooling."""


def _max(dims: int) -> Any:
    name = f"MaxPool{dims}d"

    def construct(self: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, *rest: Any) -> None:
        Module.__init__(self)
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices, self.ceil_mode = rest

    def forward(self: Any, input: Any) -> Any:
        return getattr(F, f"max_pool{dims}d")(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    return layer(name, forward, __name__, _MaxPoolNd, __init__=constructor(name, construct))


def _unpool(dims: int) -> Any:
    name, spread = f"MaxUnpool{dims}d", ntuple(dims)

    def construct(self: Any, kernel_size: Any, stride: Any, padding: Any) -> None:
        Module.__init__(self)
        self.kernel_size = spread(kernel_size)
        self.stride = spread(stride if stride is not None else kernel_size)
        self.padding = spread(padding)

    def forward(self: Any, input: Any, indices: Any, output_size: Any = None) -> Any:
        return getattr(F, f"max_unpool{dims}d")(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    return layer(name, forward, __name__, _MaxUnpoolNd, __init__=constructor(name, construct))


def _average(dims: int) -> Any:
    name = f"AvgPool{dims}d"
    spread: Any = ntuple(1) if dims == 1 else lambda value: value

    def construct(self: Any, kernel_size: Any, stride: Any, padding: Any, *rest: Any) -> None:
        Module.__init__(self)
        self.kernel_size = spread(kernel_size)
        self.stride = spread(stride if stride is not None else kernel_size)
        self.padding = spread(padding)
        self.ceil_mode, self.count_include_pad = rest[:2]
        if dims > 1:
            self.divisor_override = rest[2]

    def forward(self: Any, input: Any) -> Any:
        divisor = (self.divisor_override,) if dims > 1 else ()
        return getattr(F, f"avg_pool{dims}d")(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            *divisor,
        )

    return layer(name, forward, __name__, _AvgPoolNd, __init__=constructor(name, construct))


def _power(dims: int) -> Any:
    return layer(
        f"LPPool{dims}d",
        lambda self, input: getattr(F, f"lp_pool{dims}d")(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        ),
        __name__,
        _LPPoolNd,
    )


def _adaptive_max(dims: int) -> Any:
    return layer(
        f"AdaptiveMaxPool{dims}d",
        lambda self, input: getattr(F, f"adaptive_max_pool{dims}d")(
            input, self.output_size, self.return_indices
        ),
        __name__,
        _AdaptiveMaxPoolNd,
    )


def _adaptive_average(dims: int) -> Any:
    return layer(
        f"AdaptiveAvgPool{dims}d",
        lambda self, input: getattr(F, f"adaptive_avg_pool{dims}d")(input, self.output_size),
        __name__,
        _AdaptiveAvgPoolNd,
    )


def _fractional(dims: int) -> Any:
    name, spread = f"FractionalMaxPool{dims}d", ntuple(dims)

    def construct(
        self: Any, kernel_size: Any, output_size: Any, output_ratio: Any, return_indices: Any, samples: Any
    ) -> None:
        Module.__init__(self)
        self.kernel_size = spread(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", samples)
        self.output_size = spread(output_size) if output_size is not None else None
        self.output_ratio = spread(output_ratio) if output_ratio is not None else None
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < part < 1 for part in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self: Any, input: Any) -> Any:
        return getattr(F, f"fractional_max_pool{dims}d")(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )

    return layer(name, forward, __name__, Module, __init__=constructor(name, construct))


MaxPool1d, MaxPool2d, MaxPool3d = map(_max, (1, 2, 3))
MaxUnpool1d, MaxUnpool2d, MaxUnpool3d = map(_unpool, (1, 2, 3))
AvgPool1d, AvgPool2d, AvgPool3d = map(_average, (1, 2, 3))
LPPool1d, LPPool2d, LPPool3d = map(_power, (1, 2, 3))
AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d = map(_adaptive_max, (1, 2, 3))
AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d = map(_adaptive_average, (1, 2, 3))
FractionalMaxPool2d, FractionalMaxPool3d = map(_fractional, (2, 3))
