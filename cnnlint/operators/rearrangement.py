"""Operators that move values between channels and space: pixel shuffles, channel shuffle, folds."""

from __future__ import annotations

from math import prod
from typing import Any

from cnnlint import arithmetic
from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec, per_axis
from cnnlint.operators.sliding import FLOATING, argument_refusal, spatial_result
from cnnlint.traces import Shape


class PixelShuffle(Operator):
    """pixel_shuffle: [..., C × r², H, W] becomes [..., C, H × r, W × r]."""

    kind = "rearrange"

    def __init__(self) -> None:
        super().__init__(
            "pixel_shuffle",
            ("torch.nn.functional.pixel_shuffle", "torch.pixel_shuffle"),
            "input, upscale_factor",
            ("PixelShuffle",),
        )

    def refuse(self, bound: Bound) -> Refusal | None:
        data, factor = bound["input"], bound["upscale_factor"]
        found = argument_refusal("PixelShuffle", "upscale_factor", factor, 1, 1) or _too_few_axes(
            data, 3, "PixelShuffle"
        )
        if found or data.shape[-3] % factor**2 == 0:
            return found
        channels = data.shape[-3]
        return Refusal(
            "channels",
            f"PixelShuffle({factor}) needs channels divisible by {factor}² = {factor**2}, "
            f"but the input has {channels}",
            "upscale_factor",
            expected=-(-channels // factor**2) * factor**2,
            actual=channels,
            axes=(("input", data.rank - 3),),
        )

    def output(self, bound: Bound) -> TensorSpec:
        data, factor = bound["input"], bound["upscale_factor"]
        *front, channels, height, width = data.shape
        shape = (*front, channels // factor**2, height * factor, width * factor)
        return spatial_result(shape, data.dtype, data)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        data, factor = bound["input"], bound["upscale_factor"]
        if refusal.reason != "channels":
            return super().recovered(bound, refusal)
        *front, channels, height, width = data.shape
        shape = (*front, max(channels // factor**2, 1), height * factor, width * factor)
        return TensorSpec(shape, data.dtype, None, frozenset({data.rank - 3}))

    def formula(self, bound: Bound) -> tuple[str, ...]:
        return tuple(
            arithmetic.scaled_text(size, bound["upscale_factor"]) for size in bound["input"].shape[-2:]
        )


class PixelUnshuffle(Operator):
    """pixel_unshuffle: [..., C, H × r, W × r] becomes [..., C × r², H, W]."""

    kind = "rearrange"

    def __init__(self) -> None:
        super().__init__(
            "pixel_unshuffle",
            ("torch.nn.functional.pixel_unshuffle", "torch.pixel_unshuffle"),
            "input, downscale_factor",
            ("PixelUnshuffle",),
        )

    def refuse(self, bound: Bound) -> Refusal | None:
        data, factor = bound["input"], bound["downscale_factor"]
        found = argument_refusal("PixelUnshuffle", "downscale_factor", factor, 1, 1) or _too_few_axes(
            data, 3, "PixelUnshuffle"
        )
        if found:
            return found
        for axis, name in ((-2, "height"), (-1, "width")):
            size = data.shape[axis]
            if size % factor:
                return Refusal(
                    "merge",
                    f"PixelUnshuffle({factor}) needs a {name} divisible by {factor}, "
                    f"but the input has {size}",
                    "downscale_factor",
                    expected=-(-size // factor) * factor,
                    actual=size,
                    axes=(("input", data.rank + axis),),
                )
        return None

    def output(self, bound: Bound) -> TensorSpec:
        data, factor = bound["input"], bound["downscale_factor"]
        *front, channels, height, width = data.shape
        shape = (*front, channels * factor**2, height // factor, width // factor)
        return spatial_result(shape, data.dtype, data)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        data, factor = bound["input"], bound["downscale_factor"]
        if refusal.reason != "merge":
            return super().recovered(bound, refusal)
        *front, channels, height, width = data.shape
        shape = (*front, channels * factor**2, max(height // factor, 1), max(width // factor, 1))
        return TensorSpec(shape, data.dtype, None, frozenset({data.rank - 2, data.rank - 1}))

    def formula(self, bound: Bound) -> tuple[str, ...]:
        factor = bound["downscale_factor"]
        return tuple(f"{size}/{factor} = {size // factor}" for size in bound["input"].shape[-2:])


class ChannelShuffle(Operator):
    """channel_shuffle: the channels of [N, C, *space] change places between groups."""

    kind = "rearrange"

    def __init__(self) -> None:
        super().__init__(
            "channel_shuffle",
            (
                "torch.nn.functional.channel_shuffle",
                "torch.channel_shuffle",
                "torch.nn.functional.native_channel_shuffle",
                "torch.native_channel_shuffle",
            ),
            "input, groups",
            ("ChannelShuffle",),
        )

    def refuse(self, bound: Bound) -> Refusal | None:
        data, groups = bound["input"], bound["groups"]
        found = argument_refusal("ChannelShuffle", "groups", groups, 1, 1) or _too_few_axes(
            data, 3, "ChannelShuffle"
        )
        if found or data.shape[1] % groups == 0:
            return found
        return Refusal(
            "channels",
            f"ChannelShuffle({groups}) needs channels divisible by {groups}, "
            f"but the input has {data.shape[1]}",
            "groups",
            expected=-(-data.shape[1] // groups) * groups,
            actual=data.shape[1],
            axes=(("input", 1),),
        )

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        return spatial_result(data.shape, data.dtype, data)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        data = bound["input"]
        return TensorSpec(data.shape, data.dtype)


class _Blocks(Operator):
    """What unfold and fold share: sliding blocks over two axes, given as in a convolution."""

    def window(self, bound: Bound) -> tuple[Shape, Shape, Shape, Shape, Shape]:
        """Kernel, stride, padding at both ends and dilation, in the order of the formula."""
        padding = per_axis(bound["padding"], 2)
        return (
            per_axis(bound["kernel_size"], 2),
            per_axis(bound["stride"], 2),
            padding,
            padding,
            per_axis(bound["dilation"], 2),
        )

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        layer = self.layers[0]
        for name, least in (("kernel_size", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
            value = bound[name]
            if isinstance(value, (tuple, list)) and len(value) != 2:
                return Refusal(
                    "argument",
                    f"{layer} takes a number or 2 of them for {name}, not {tuple(value)}",
                    name,
                    operand=None,
                )
            found = argument_refusal(layer, name, value, 2, least)
            if found:
                return found
        return None

    def wrong_dtype(self, data: TensorSpec) -> Refusal | None:
        if data.dtype in FLOATING or data.dtype in ("bool", "complex64", "complex128"):
            return None
        return Refusal(
            "dtype",
            f"{self.layers[0]} does not work on {data.dtype}: convert with x.float()",
            actual=data.dtype,
            exception="NotImplementedError",
        )

    def attributes(self, bound: Bound) -> dict[str, Any]:
        kernel, stride, padding, _, dilation = self.window(bound)
        return {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}


class Unfold(_Blocks):
    """unfold (im2col): [N, C, H, W] becomes its blocks as columns, [N, C × kernel, blocks]."""

    kind = "unfold"

    def __init__(self) -> None:
        super().__init__(
            "unfold",
            ("torch.nn.functional.unfold", "torch._C._nn.im2col"),
            "input, kernel_size, dilation=1, padding=0, stride=1",
            ("Unfold",),
        )

    def blocks(self, bound: Bound) -> Shape:
        """How many blocks fit along each axis."""
        return tuple(map(arithmetic.convolution_size, bound["input"].shape[-2:], *self.window(bound)))

    def refuse(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        if data.rank not in (3, 4):
            return _rank_refusal(data, "Unfold", "[N, C, H, W]", 4)
        return self.wrong_argument(bound) or self._collapse(bound) or self.wrong_dtype(data)

    def _collapse(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        for index, (count, name) in enumerate(zip(self.blocks(bound), ("height", "width"), strict=True)):
            size = data.shape[index - 2]
            if count < 1 or size < 1:
                kernel, _, padding, _, dilation = (item[index] for item in self.window(bound))
                return Refusal(
                    "collapse",
                    f"Unfold's kernel of {kernel} does not fit in the {name} of {size + 2 * padding}: "
                    f"{self.texts(bound)[index]}",
                    "kernel_size",
                    expected=arithmetic.smallest_input(kernel, 1, padding, padding, dilation),
                    actual=size,
                    axes=(("input", data.rank - 2 + index),),
                )
        return None

    def texts(self, bound: Bound) -> tuple[str, ...]:
        return tuple(map(arithmetic.convolution_text, bound["input"].shape[-2:], *self.window(bound)))

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        columns = data.shape[-3] * prod(per_axis(bound["kernel_size"], 2))
        return TensorSpec((*data.shape[:-3], columns, prod(self.blocks(bound))), data.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        data = bound["input"]
        if refusal.reason not in ("collapse", "dtype"):
            return TensorSpec((*data.shape[:1], 1, 1), data.dtype, None, frozenset({1, 2}))
        columns = data.shape[-3] * prod(per_axis(bound["kernel_size"], 2))
        count = prod(max(blocks, 1) for blocks in self.blocks(bound))
        unknown = frozenset({data.rank - 2}) if refusal.reason == "collapse" else frozenset()
        return TensorSpec((*data.shape[:-3], columns, count), data.dtype, None, unknown)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        data = bound["input"]
        channel = data.rank - 3
        axes = {min(axis, channel + 1) for axis in data.uncertain}
        return (frozenset(axes),)

    def formula(self, bound: Bound) -> tuple[str, ...]:
        """Columns and blocks."""
        kernel, blocks = per_axis(bound["kernel_size"], 2), self.blocks(bound)
        channels = bound["input"].shape[-3]
        return (
            f"{channels} × {kernel[0]} × {kernel[1]} = {channels * prod(kernel)}",
            f"{blocks[0]} × {blocks[1]} = {prod(blocks)}",
        )


class Fold(_Blocks):
    """fold (col2im): columns [N, C × kernel, blocks] are summed into [N, C, *output_size]."""

    kind = "fold"

    def __init__(self) -> None:
        super().__init__(
            "fold",
            ("torch.nn.functional.fold", "torch._C._nn.col2im"),
            "input, output_size, kernel_size, dilation=1, padding=0, stride=1",
            ("Fold",),
        )

    def blocks(self, bound: Bound) -> Shape:
        """How many blocks the output has along each axis."""
        sizes = per_axis(bound["output_size"], 2)
        return tuple(map(arithmetic.convolution_size, sizes, *self.window(bound)))

    def refuse(self, bound: Bound) -> Refusal | None:
        data, wanted = bound["input"], bound["output_size"]
        if data.rank not in (2, 3):
            return _rank_refusal(data, "Fold", "[N, C × kernel, blocks]", 3)
        if isinstance(wanted, (tuple, list)) and len(wanted) != 2:
            return Refusal(
                "argument",
                f"Fold takes a number or 2 of them for output_size, not {tuple(wanted)}",
                "output_size",
                operand=None,
            )
        return (
            self.wrong_argument(bound)
            or argument_refusal("Fold", "output_size", wanted, 2, 1)
            or self._wrong_columns(bound)
            or self.wrong_dtype(data)
        )

    def _wrong_columns(self, bound: Bound) -> Refusal | None:
        data, kernel = bound["input"], per_axis(bound["kernel_size"], 2)
        columns, count = data.shape[-2:]
        if columns % prod(kernel) or not columns:
            return Refusal(
                "channels",
                f"Fold needs columns divisible by {kernel[0]} × {kernel[1]} = {prod(kernel)}, "
                f"but the input has {columns}",
                "kernel_size",
                expected=-(-columns // prod(kernel)) * prod(kernel),
                actual=columns,
                axes=(("input", data.rank - 2),),
            )
        blocks = self.blocks(bound)
        if min(blocks) < 1 or prod(blocks) != count:
            needed = f"{arithmetic.signed(blocks[0])} × {arithmetic.signed(blocks[1])}"
            return Refusal(
                "merge",
                f"Fold to {arithmetic.times(per_axis(bound['output_size'], 2))} needs {needed} blocks, "
                f"but the input has {count}",
                "output_size",
                expected=prod(blocks),
                actual=count,
                axes=(("input", data.rank - 1),),
            )
        return None

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        channels = data.shape[-2] // prod(per_axis(bound["kernel_size"], 2))
        shape = (*data.shape[:-2], channels, *per_axis(bound["output_size"], 2))
        return TensorSpec(shape, data.dtype)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        """The size is given; the channels are known only where the columns are right."""
        data = bound["input"]
        if refusal.reason in ("rank", "argument"):
            return super().recovered(bound, refusal)
        plain = self.output(bound)
        axis = data.rank - 2
        unknown = frozenset({axis}) if refusal.reason == "channels" else frozenset()
        return TensorSpec(
            tuple(max(size, 1) if index == axis else size for index, size in enumerate(plain.shape)),
            data.dtype,
            None,
            unknown,
        )

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        data = bound["input"]
        return (frozenset(axis for axis in data.uncertain if axis < data.rank - 1),)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {**super().attributes(bound), "output_size": per_axis(bound["output_size"], 2)}


def _too_few_axes(data: TensorSpec, least: int, layer: str) -> Refusal | None:
    if data.rank >= least:
        return None
    return _rank_refusal(data, layer, "[N, C, H, W]", 4)


def _rank_refusal(data: TensorSpec, layer: str, layout: str, expected: int) -> Refusal:
    return Refusal(
        "rank",
        f"{layer} takes {layout}, but the input has {data.rank} {'axis' if data.rank == 1 else 'axes'}",
        expected=expected,
        actual=data.rank,
    )


OPERATORS: list[Operator] = [PixelShuffle(), PixelUnshuffle(), ChannelShuffle(), Unfold(), Fold()]
