"""Convolutions and transposed convolutions over 1, 2 and 3 spatial axes.

`input` is [N, C, *space] or [C, *space]; `weight` is [out, C/groups, *kernel], for a transposed
convolution [C, out/groups, *kernel].
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

from cnnlint import arithmetic
from cnnlint.operators.base import Bound, Operator, Refusal, TensorSpec, per_axis
from cnnlint.operators.layout import strides_of
from cnnlint.operators.sliding import AXES, LAYOUT, argument_refusal, spatial_result, windows
from cnnlint.traces import Shape, Window


class Geometry(NamedTuple):
    """The window of a convolution, one number a spatial axis each."""

    kernel: Shape
    stride: Shape
    begin: Shape
    end: Shape
    dilation: Shape


class Convolution(Operator):
    """conv1d, conv2d, conv3d."""

    kind = "conv"

    def __init__(self, dims: int):
        self.dims = dims
        super().__init__(
            f"conv{dims}d",
            (f"torch.nn.functional.conv{dims}d", f"torch.conv{dims}d"),
            "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
            (f"Conv{dims}d", f"LazyConv{dims}d"),
        )

    # -- what the weights say

    def channels(self, bound: Bound) -> tuple[int, int]:
        """The input's and the output's number of channels, as the weight has them."""
        shape = bound["weight"].shape
        return shape[1] * bound["groups"], shape[0]

    def geometry(self, bound: Bound) -> Geometry:
        """The window. 'same' pads an odd rest at the end."""
        kernel = bound["weight"].shape[2:]
        stride = per_axis(bound["stride"], self.dims)
        dilation = per_axis(bound["dilation"], self.dims)
        padding = bound["padding"]
        if padding == "same":
            pads = [arithmetic.same_padding(size, gap) for size, gap in zip(kernel, dilation, strict=True)]
            return Geometry(kernel, stride, tuple(p[0] for p in pads), tuple(p[1] for p in pads), dilation)
        begin = (0,) * self.dims if padding == "valid" else per_axis(padding, self.dims)
        return Geometry(kernel, stride, begin, begin, dilation)

    def spatial_sizes(self, bound: Bound, spatial: Shape) -> Shape:
        """The output's spatial sizes for an input's; below 1 where nothing fits."""
        return tuple(map(arithmetic.convolution_size, spatial, *self.geometry(bound)))

    # -- what it takes

    def refuse(self, bound: Bound) -> Refusal | None:
        data, weight = bound["input"], bound["weight"]
        if weight.rank != self.dims + 2:
            return self._wrong_weight(weight)
        return (
            self._wrong_rank(data)
            or self._wrong_argument(bound)
            or self._wrong_channels(bound)
            or self._wrong_bias(bound)
            or self._collapse(bound)
            or self._wrong_dtype(bound)
        )

    def _wrong_weight(self, weight: TensorSpec) -> Refusal:
        return Refusal(
            "rank",
            f"{self.name} takes a weight with {self.dims + 2} axes, not {weight.rank}: {list(weight.shape)}",
            "weight",
            expected=self.dims + 2,
            actual=weight.rank,
            operand="weight",
        )

    def _wrong_rank(self, data: TensorSpec) -> Refusal | None:
        if self.dims + 1 <= data.rank <= self.dims + 2:
            return None
        return Refusal(
            "rank",
            f"{self.layers[0]} takes {LAYOUT[self.dims]}, but the input has "
            f"{data.rank} {'axis' if data.rank == 1 else 'axes'}",
            expected=self.dims + 2,
            actual=data.rank,
        )

    def _wrong_argument(self, bound: Bound) -> Refusal | None:
        layer, dims, groups = self.layers[0], self.dims, bound["groups"]
        padding = bound["padding"]
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                return Refusal(
                    "argument",
                    f"{layer} takes the padding strings 'same' and 'valid', not {padding!r}",
                    "padding",
                    actual=padding,
                    operand=None,
                )
            padding = 0
        found = (
            argument_refusal(layer, "stride", bound["stride"], dims, 1)
            or argument_refusal(layer, "padding", padding, dims, 0)
            or argument_refusal(layer, "dilation", bound["dilation"], dims, 1)
            or argument_refusal(layer, "kernel_size", bound["weight"].shape[2:], dims, 1)
            or argument_refusal(layer, "groups", groups, 1, 1)
        )
        if found:
            return found
        if bound["padding"] == "same" and any(step != 1 for step in per_axis(bound["stride"], dims)):
            kernel = bound["weight"].shape[2]
            return Refusal(
                "argument",
                f"{layer} with padding='same' must have stride 1, not {bound['stride']}: "
                f"write padding={(kernel - 1) // 2} to halve the size",
                "padding",
                operand=None,
            )
        return self._wrong_groups(bound)

    def _wrong_groups(self, bound: Bound) -> Refusal | None:
        count, groups = bound["weight"].shape[0], bound["groups"]
        if count % groups == 0 and count > 0:
            return None
        which = "in_channels" if self.kind == "conv_transpose" else "out_channels"
        return Refusal(
            "argument",
            f"{self.layers[0]}'s {which} {count} is not divisible by groups={groups}"
            if count
            else f"{self.layers[0]} has 0 {which}",
            "groups" if count else which,
            expected=groups,
            actual=count,
            operand="weight",
        )

    def _wrong_channels(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        expected = self.channels(bound)[0]
        axis = data.rank - self.dims - 1
        actual = data.shape[axis]
        if actual == expected:
            return None
        layer = self.layers[0]
        if axis == 0:
            where = 1 if expected == 1 else 0
            return Refusal(
                "rank",
                f"{layer} takes {LAYOUT[self.dims]}, but the input has {data.rank} axes, which stand for "
                f"one sample with {actual} channels instead of {expected}: "
                f"a {'channel' if where else 'batch'} axis is missing, write x.unsqueeze({where})",
                expected=self.dims + 2,
                actual=data.rank,
                axes=(("input", axis),),
            )
        common: dict[str, Any] = {
            "argument": "in_channels",
            "expected": expected,
            "actual": actual,
            "axes": (("input", axis),),
        }
        order = self.layout(data, expected)
        if order:
            return Refusal(
                "rank",
                f"{layer} takes channels first, {LAYOUT[self.dims]}, but the input is channels-last: "
                f"its last axis has the {expected} channels; write x.permute{order}",
                **common,
            )
        return Refusal(
            "channels",
            f"{layer} expects {expected} {'channel' if expected == 1 else 'channels'}, "
            f"but the input has {actual}",
            **common,
        )

    @staticmethod
    def layout(data: TensorSpec, channels: int) -> Shape | None:
        """The permutation that would put the channels first, where the last axis alone has as many.

        A square map of that size is no channels-last one: its height would fit as well.
        """
        if data.shape[-1] != channels or channels in data.shape[1:-1]:
            return None
        return (0, data.rank - 1, *range(1, data.rank - 1))

    def _wrong_bias(self, bound: Bound) -> Refusal | None:
        bias, count = bound["bias"], self.channels(bound)[1]
        if bias is None or bias.shape == (count,):
            return None
        return Refusal(
            "argument",
            f"{self.name} needs one bias for each of its {count} output channels, not {list(bias.shape)}",
            "bias",
            expected=count,
            actual=bias.shape[0] if bias.rank == 1 else None,
            operand="bias",
        )

    def _collapse(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        spatial = data.shape[data.rank - self.dims :]
        sizes = self.spatial_sizes(bound, spatial)
        for index, (size, given) in enumerate(zip(sizes, spatial, strict=True)):
            if size < 1 or given < 1:
                return self._collapsed(bound, index, given)
        return None

    def _collapsed(self, bound: Bound, index: int, given: int) -> Refusal:
        kernel, _, begin, end, dilation = self.geometry(bound)
        reach = arithmetic.extent(kernel[index], dilation[index])
        padded = given + begin[index] + end[index]
        spread = f" (dilated to {reach})" if dilation[index] > 1 else ""
        least = arithmetic.smallest_input(kernel[index], 1, begin[index], end[index], dilation[index])
        axis = bound["input"].rank - self.dims + index
        return Refusal(
            "collapse",
            f"{self.layers[0]}'s kernel of {kernel[index]}{spread} does not fit in the "
            f"{'padded ' if padded > given else ''}{AXES[self.dims][index]} of {padded}: "
            f"{self.formula(bound)[index]}",
            "kernel_size",
            expected=least,
            actual=given,
            axes=(("input", axis),),
        )

    def _wrong_dtype(self, bound: Bound) -> Refusal | None:
        data, weight, bias = bound["input"], bound["weight"], bound["bias"]
        layer = self.layers[0]
        if data.dtype != weight.dtype:
            return Refusal(
                "dtype",
                f"{layer}'s weights are {weight.dtype}, but the input is {data.dtype}: "
                f"convert it with x.to(torch.{weight.dtype})",
                expected=weight.dtype,
                actual=data.dtype,
            )
        if bias is not None and bias.dtype != data.dtype:
            return Refusal(
                "dtype",
                f"{layer}'s bias is {bias.dtype}, but its weights are {weight.dtype}",
                "bias",
                expected=weight.dtype,
                actual=bias.dtype,
                operand="bias",
            )
        if data.dtype == "bool":
            return Refusal(
                "dtype",
                f"{layer} does not work on bool: convert with x.float()",
                actual="bool",
                exception="NotImplementedError",
            )
        return None

    # -- what comes out

    def output(self, bound: Bound) -> TensorSpec:
        data = bound["input"]
        front = data.rank - self.dims
        sizes = self.spatial_sizes(bound, data.shape[front:])
        shape = (*data.shape[: front - 1], self.channels(bound)[1], *sizes)
        if data.strides is None and bound["weight"].strides is None:
            return TensorSpec(shape, data.dtype)
        if front == 2:
            return spatial_result(shape, data.dtype, data, bound["weight"])
        strides = strides_of(data)
        one = TensorSpec((1, *data.shape), data.dtype, (data.shape[0] * strides[0], *strides))
        batch = spatial_result((1, *shape), data.dtype, one, bound["weight"])
        return TensorSpec(shape, data.dtype, batch.strides and batch.strides[1:])

    def recovered(self, bound: Bound, refusal: Refusal) -> TensorSpec:
        """The right number of channels; spatial sizes as far as arguments and input give them. They stay
        uncertain where an argument is at fault, and where only the sizes say that channels are last."""
        data, weight, dims = bound["input"], bound["weight"], self.dims
        dtype = weight.dtype if refusal.reason == "dtype" else data.dtype
        if weight.rank != dims + 2 or not isinstance(bound["groups"], int):
            return TensorSpec(data.shape, dtype, None, frozenset(range(1, data.rank)))
        space = data.shape[-dims:] if data.rank > dims else data.shape[1:]
        channels_last = refusal.reason == "rank" and data.rank == dims + 2
        if channels_last:
            space = data.shape[1:-1]
        unknown = channels_last or refusal.reason == "argument" or len(space) != dims
        space = space if len(space) == dims else (1,) * dims
        batch = data.shape[:1] if data.rank else (1,)
        if refusal.reason != "rank" and data.rank == dims + 1:
            batch = ()
        try:
            sizes = self.spatial_sizes(bound, space)
        except (TypeError, ValueError, ZeroDivisionError):
            sizes, unknown = space, True
        first = len(batch) + 1
        uncertain = {first + axis for axis, size in enumerate(sizes) if unknown or size < 1}
        shape = (*batch, self.channels(bound)[1], *(max(size, 1) for size in sizes))
        return TensorSpec(shape, dtype, None, frozenset(uncertain))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        """The channels are the weight's; batch and space rest on the input's."""
        channel = outputs[0].rank - self.dims - 1
        return (frozenset(axis for axis in bound["input"].uncertain if axis != channel),)

    # -- what it is

    def attributes(self, bound: Bound) -> dict[str, Any]:
        kernel, stride, begin, end, dilation = self.geometry(bound)
        channels_in, channels_out = self.channels(bound)
        uneven = {} if begin == end else {"end_padding": end}
        return {
            "in_channels": channels_in,
            "out_channels": channels_out,
            "kernel_size": kernel,
            "stride": stride,
            "padding": begin,
            **uneven,
            "dilation": dilation,
            "groups": bound["groups"],
            "bias": bound["bias"] is not None,
        }

    def rebound(self, attributes: Mapping[str, Any], tensors: Mapping[str, Any]) -> Bound:
        uneven = {"padding": "same"} if "end_padding" in attributes else {}
        return {**super().rebound(attributes, tensors), "bias": tensors.get("bias"), **uneven}

    def windows(self, bound: Bound) -> tuple[Window, ...]:
        return windows(*self.geometry(bound))

    def formula(self, bound: Bound) -> tuple[str, ...]:
        data = bound["input"]
        return tuple(
            map(arithmetic.convolution_text, data.shape[data.rank - self.dims :], *self.geometry(bound))
        )

    def macs(self, bound: Bound) -> int:
        """Each output position reads kernel × in_channels/groups inputs."""
        return prod(self.output(bound).shape) * prod(bound["weight"].shape[1:])


class TransposedConvolution(Convolution):
    """conv_transpose1d, conv_transpose2d, conv_transpose3d."""

    kind = "conv_transpose"

    def __init__(self, dims: int):
        self.dims = dims
        Operator.__init__(
            self,
            f"conv_transpose{dims}d",
            (f"torch.nn.functional.conv_transpose{dims}d", f"torch.conv_transpose{dims}d"),
            "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
            (f"ConvTranspose{dims}d", f"LazyConvTranspose{dims}d"),
        )

    def channels(self, bound: Bound) -> tuple[int, int]:
        shape = bound["weight"].shape
        return shape[0], shape[1] * bound["groups"]

    def geometry(self, bound: Bound) -> Geometry:
        padding = per_axis(bound["padding"], self.dims)
        return Geometry(
            bound["weight"].shape[2:],
            per_axis(bound["stride"], self.dims),
            padding,
            padding,
            per_axis(bound["dilation"], self.dims),
        )

    def spatial_sizes(self, bound: Bound, spatial: Shape) -> Shape:
        return tuple(map(arithmetic.transposed_size, spatial, *self._terms(bound)))

    def _terms(self, bound: Bound) -> tuple[Shape, ...]:
        """Kernel, stride, padding, output padding and dilation in the order of the formula."""
        kernel, stride, padding, _, dilation = self.geometry(bound)
        return kernel, stride, padding, per_axis(bound["output_padding"], self.dims), dilation

    def _wrong_argument(self, bound: Bound) -> Refusal | None:
        layer, dims = self.layers[0], self.dims
        if isinstance(bound["padding"], str):
            return Refusal(
                "argument",
                f"{layer} takes no padding string, but {bound['padding']!r} is given: write a number",
                "padding",
                actual=bound["padding"],
                operand=None,
                exception="TypeError",
            )
        found = super()._wrong_argument(bound) or argument_refusal(
            layer, "output_padding", bound["output_padding"], dims, 0
        )
        if found:
            return found
        _, stride, _, extra, dilation = self._terms(bound)
        for step, added, gap in zip(stride, extra, dilation, strict=True):
            if added >= max(step, gap):
                return Refusal(
                    "argument",
                    f"{layer}'s output_padding {added} must be smaller than its stride {step}"
                    + (f" or dilation {gap}" if gap > 1 else "")
                    + f": write at most {max(step, gap) - 1}",
                    "output_padding",
                    expected=max(step, gap) - 1,
                    actual=added,
                    operand=None,
                )
        return None

    def _collapsed(self, bound: Bound, index: int, given: int) -> Refusal:
        axis = bound["input"].rank - self.dims + index
        return Refusal(
            "collapse",
            f"{self.layers[0]} pads away its whole output {AXES[self.dims][index]}: "
            f"{self.formula(bound)[index]}",
            "padding",
            actual=given,
            axes=(("input", axis),),
        )

    def attributes(self, bound: Bound) -> dict[str, Any]:
        extra = per_axis(bound["output_padding"], self.dims)
        return {**super().attributes(bound), "output_padding": extra}

    def formula(self, bound: Bound) -> tuple[str, ...]:
        data = bound["input"]
        return tuple(
            map(arithmetic.transposed_text, data.shape[data.rank - self.dims :], *self._terms(bound))
        )

    def macs(self, bound: Bound) -> int:
        """Each input position is spread over kernel × out_channels/groups outputs."""
        return prod(bound["input"].shape) * prod(bound["weight"].shape[1:])


OPERATORS: list[Operator] = [
    *(Convolution(dims) for dims in (1, 2, 3)),
    *(TransposedConvolution(dims) for dims in (1, 2, 3)),
]
