"""Pooling over 1, 2 and 3 spatial axes: windowed, adaptive, fractional, and max-unpooling.

`input` is [N, C, *space] or [C, *space]. The attributes of a windowed pooling always have
`kernel_size`, `stride`, `padding`, `dilation` (one number an axis) and `ceil_mode`; those of an
adaptive one `output_size`. `mode` is "max", "avg" or "lp".
"""

from __future__ import annotations

from typing import Any

from cnnlint import arithmetic
from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec, per_axis
from cnnlint.operators.sliding import AXES, FLOATING, LAYOUT, argument_refusal, spatial_result, windows
from cnnlint.traces import Shape, Window


class SpatialPooling(Operator):
    """What all poolings share: they keep batch and channels and work on the spatial axes.

    `indices` says whether the positions of the maxima come out too.
    """

    mode: str
    dims: int
    indices: bool
    dtypes: frozenset[str]

    def sizes(self, bound: Bound) -> Shape:
        """The output's spatial sizes, for arguments that can work."""
        raise NotImplementedError

    def space(self, bound: Bound) -> Shape:
        """The input's spatial sizes."""
        data: TensorSpec = bound["input"]
        return data.shape[data.rank - self.dims :]

    def wrong_rank(self, data: TensorSpec) -> Refusal | None:
        """A number of axes other than for one sample or a batch of them."""
        if self.dims + 1 <= data.rank <= self.dims + 2:
            return None
        return Refusal(
            "rank",
            f"{self.layers[0]} takes {LAYOUT[self.dims]}, but the input has "
            f"{data.rank} {'axis' if data.rank == 1 else 'axes'}",
            expected=self.dims + 2,
            actual=data.rank,
        )

    def wrong_dtype(self, data: TensorSpec) -> Refusal | None:
        if data.dtype in self.dtypes:
            return None
        return Refusal(
            "dtype",
            f"{self.layers[0]} does not work on {data.dtype}: convert with x.float()",
            actual=data.dtype,
            exception="NotImplementedError",
        )

    def empty(self, bound: Bound) -> Refusal | None:
        """An input without any position or channel."""
        data = bound["input"]
        for axis in range(data.rank - self.dims - 1, data.rank):
            if data.shape[axis] == 0:
                return Refusal(
                    "collapse",
                    f"{self.layers[0]} needs an input that is not empty, but axis {axis} has size 0",
                    expected=1,
                    actual=0,
                    axes=(("input", axis),),
                )
        return None

    def output(self, bound: Bound) -> Output:
        data = bound["input"]
        return self.with_indices(self.laid_out(data, self.sizes(bound)))

    def laid_out(self, data: TensorSpec, sizes: Shape) -> TensorSpec:
        """The result of these spatial sizes, in the input's memory format."""
        shape = (*data.shape[: data.rank - self.dims], *sizes)
        if data.strides is None:
            return TensorSpec(shape, data.dtype)
        if self.dims == 1 and data.rank == 3:
            # torch pools [N, C, L] as an image [N, C, 1, L].
            batch, channel, step = data.strides
            image = TensorSpec(
                (*data.shape[:2], 1, data.shape[2]), data.dtype, (batch, channel, step * data.shape[2], step)
            )
            strides = spatial_result((*shape[:2], 1, shape[2]), data.dtype, image).strides
            return TensorSpec(shape, data.dtype, None if strides is None else (*strides[:2], strides[3]))
        return spatial_result(shape, data.dtype, data)

    def with_indices(self, result: TensorSpec) -> Output:
        """The result, with the positions of the maxima where they come out."""
        if not self.indices:
            return result
        return result, TensorSpec(result.shape, "int64", result.strides, result.uncertain)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        """Batch and channels stay; spatial sizes below 1, or that no arguments give, become 1. All are
        uncertain where an argument is at fault."""
        data = bound["input"]
        dtype = data.dtype if data.dtype in self.dtypes else "float32"
        if not self.dims + 1 <= data.rank <= self.dims + 2:
            return self.with_indices(TensorSpec(data.shape, dtype, None, frozenset(range(1, data.rank))))
        front = data.rank - self.dims
        try:
            sizes = self.sizes(bound)
            wrong = refusal.reason == "argument"
            unknown = frozenset(front + axis for axis, size in enumerate(sizes) if wrong or size < 1)
        except (TypeError, ValueError, ZeroDivisionError):
            sizes, unknown = self.space(bound), frozenset(range(front, data.rank))
        shape = (*data.shape[:front], *(max(size, 1) for size in sizes))
        return self.with_indices(TensorSpec(shape, dtype, None, unknown))


class WindowPooling(SpatialPooling):
    """Pooling that slides a window."""

    kind = "pool"

    # -- the arguments, one number an axis

    def window(self, bound: Bound) -> tuple[Shape, Shape, Shape, Shape]:
        """Kernel, stride (the kernel's size where none is given), padding and dilation."""
        dims = self.dims
        kernel = per_axis(bound["kernel_size"], dims)
        stride = bound["stride"]
        return (
            kernel,
            kernel if stride is None or stride in ((), []) else per_axis(stride, dims),
            per_axis(bound.get("padding", 0), dims),
            per_axis(bound.get("dilation", 1), dims),
        )

    def sizes(self, bound: Bound) -> Shape:
        ceil = (bool(bound["ceil_mode"]),) * self.dims
        return tuple(map(arithmetic.pooling_size, self.space(bound), *self.window(bound), ceil))

    # -- what it takes

    def refuse(self, bound: Bound) -> Refusal | None:
        return (
            self.wrong_rank(bound["input"])
            or self._wrong_argument(bound)
            or self.empty(bound)
            or self._collapse(bound)
            or self.wrong_dtype(bound["input"])
        )

    def _wrong_argument(self, bound: Bound) -> Refusal | None:
        layer, dims = self.layers[0], self.dims
        stride = bound["stride"]
        found = argument_refusal(layer, "kernel_size", bound["kernel_size"], dims, 1)
        if not found and stride is not None and stride not in ((), []):
            found = argument_refusal(layer, "stride", stride, dims, 1)
        found = (
            found
            or argument_refusal(layer, "padding", bound.get("padding", 0), dims, 0)
            or argument_refusal(layer, "dilation", bound.get("dilation", 1), dims, 1)
        )
        if found:
            return found
        kernel, _, padding, _ = self.window(bound)
        for size, pad in zip(kernel, padding, strict=True):
            if pad > size // 2:
                return Refusal(
                    "argument",
                    f"{layer}'s padding {pad} must be at most half of its kernel_size {size}: "
                    f"write at most {size // 2}",
                    "padding",
                    expected=size // 2,
                    actual=pad,
                    operand=None,
                )
        return None

    def _collapse(self, bound: Bound) -> Refusal | None:
        space = self.space(bound)
        for index, size in enumerate(self.sizes(bound)):
            kernel, stride, padding, dilation = (item[index] for item in self.window(bound))
            given = space[index]
            axis = AXES[self.dims][index]
            if size < 1:
                least = arithmetic.smallest_input(
                    kernel, stride, padding, padding, dilation, ceil_mode=bool(bound["ceil_mode"])
                )
                spread = f" (dilated to {arithmetic.extent(kernel, dilation)})" if dilation > 1 else ""
                padded = (
                    f"the padded {axis} of {given + 2 * padding}" if padding else f"the {axis} of {given}"
                )
                what = f"does not fit in {padded}: {self.formula(bound)[index]}"
            elif self.unpadded and given < kernel:
                least, spread = kernel, ""
                what = f"is larger than the {axis} of {given}; in 3-D padding does not help"
            else:
                continue
            return Refusal(
                "collapse",
                f"{self.layers[0]}'s kernel of {kernel}{spread} {what}",
                "kernel_size",
                expected=least,
                actual=given,
                axes=(("input", bound["input"].rank - self.dims + index),),
            )
        return None

    @property
    def unpadded(self) -> bool:
        """Whether the kernel must fit in the input without its padding: averages over three axes."""
        return self.dims == 3 and self.mode != "max"

    # -- what it is

    def attributes(self, bound: Bound) -> dict[str, Any]:
        kernel, stride, padding, dilation = self.window(bound)
        return {
            "mode": self.mode,
            "kernel_size": kernel,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "ceil_mode": bool(bound["ceil_mode"]),
        }

    def windows(self, bound: Bound) -> tuple[Window, ...]:
        kernel, stride, padding, dilation = self.window(bound)
        return windows(kernel, stride, padding, padding, dilation)

    def formula(self, bound: Bound) -> tuple[str, ...]:
        ceil = (bool(bound["ceil_mode"]),) * self.dims
        return tuple(map(arithmetic.pooling_text, self.space(bound), *self.window(bound), ceil))


class MaxPooling(WindowPooling):
    """max_pool1d, max_pool2d, max_pool3d, with or without the positions of the maxima."""

    mode = "max"

    def __init__(self, dims: int, indices: bool):
        self.dims = dims
        self.indices = indices
        integers = ("uint8", "int8", "int16", "int32", "int64") if dims > 1 or indices else ()
        self.dtypes = FLOATING | frozenset(integers)
        base = f"max_pool{dims}d"
        if indices:
            names = [f"torch.nn.functional.{base}_with_indices"]
            if dims == 1:
                names.append(f"torch.{base}_with_indices")
        else:
            names = [f"torch.nn.functional.{base}", f"torch.{base}"]
        super().__init__(
            f"{base}_with_indices" if indices else base,
            names,
            "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False",
            (f"MaxPool{dims}d",),
        )


class AveragePooling(WindowPooling):
    """avg_pool1d, avg_pool2d, avg_pool3d."""

    mode = "avg"
    indices = False

    def __init__(self, dims: int):
        self.dims = dims
        self.dtypes = FLOATING | {"int64"}
        last = ", divisor_override=None" if dims > 1 else ""
        names = [f"torch.nn.functional.avg_pool{dims}d"]
        names.append("torch.avg_pool1d" if dims == 1 else f"torch._C._nn.avg_pool{dims}d")
        super().__init__(
            f"avg_pool{dims}d",
            names,
            f"input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True{last}",
            (f"AvgPool{dims}d",),
        )

    def _wrong_argument(self, bound: Bound) -> Refusal | None:
        found = super()._wrong_argument(bound)
        if not found and bound.get("divisor_override") == 0:
            return Refusal(
                "argument",
                f"{self.layers[0]}'s divisor_override must not be 0",
                "divisor_override",
                actual=0,
                operand=None,
            )
        return found

    def laid_out(self, data: TensorSpec, sizes: Shape) -> TensorSpec:
        """In 3-D torch always gives a contiguous result."""
        if self.dims == 3:
            return TensorSpec((*data.shape[: data.rank - self.dims], *sizes), data.dtype)
        return super().laid_out(data, sizes)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {**super().attributes(bound), "count_include_pad": bool(bound["count_include_pad"])}


class PowerPooling(WindowPooling):
    """lp_pool1d, lp_pool2d, lp_pool3d: the p-norm of each window."""

    mode = "lp"
    indices = False
    dtypes = FLOATING | {"uint8", "int8", "int16", "int32", "int64", "bool"}

    def __init__(self, dims: int):
        self.dims = dims
        super().__init__(
            f"lp_pool{dims}d",
            (f"torch.nn.functional.lp_pool{dims}d",),
            "input, norm_type, kernel_size, stride=None, ceil_mode=False",
            (f"LPPool{dims}d",),
        )

    def _wrong_argument(self, bound: Bound) -> Refusal | None:
        if bound["norm_type"] == 0:
            return Refusal(
                "argument",
                f"{self.layers[0]}'s norm_type must not be 0",
                "norm_type",
                actual=0,
                operand=None,
                exception="ValueError",
            )
        kernel = bound["kernel_size"]
        if isinstance(kernel, (tuple, list)) and (self.dims == 1 or len(kernel) != self.dims):
            takes = "a number" if self.dims == 1 else f"a number or a tuple of {self.dims}"
            return Refusal(
                "argument",
                f"{self.layers[0]} takes {takes} for kernel_size, not {tuple(kernel)}",
                "kernel_size",
                operand=None,
                exception="ValueError",
            )
        return super()._wrong_argument(bound)

    def laid_out(self, data: TensorSpec, sizes: Shape) -> TensorSpec:
        """The root is a float. In 3-D average pooling, which computes it, gives a contiguous result."""
        dtype = data.dtype if data.dtype in FLOATING else "float32"
        if self.dims == 3:
            return TensorSpec((*data.shape[: data.rank - self.dims], *sizes), dtype)
        return super().laid_out(TensorSpec(data.shape, dtype, data.strides), sizes)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {**super().attributes(bound), "norm_type": bound["norm_type"]}


class AdaptivePooling(SpatialPooling):
    """adaptive_avg_pool and adaptive_max_pool: the output's size is given, None keeps the input's."""

    kind = "adaptive_pool"
    dtypes = FLOATING

    def __init__(self, dims: int, mode: str, indices: bool = False):
        self.dims = dims
        self.mode = mode
        self.indices = indices
        base = f"adaptive_{mode}_pool{dims}d"
        names = [f"torch.nn.functional.{base}_with_indices" if indices else f"torch.nn.functional.{base}"]
        if dims == 1 and (indices or mode == "avg"):
            names.append(f"torch.{base}")
        if dims > 1 and (indices or mode == "avg"):
            names.append(f"torch._C._nn.{base}")
        super().__init__(
            f"{base}_with_indices" if indices else base,
            names,
            "input, output_size" + (", return_indices=False" if mode == "max" else ""),
            (f"Adaptive{mode.title()}Pool{dims}d",),
        )

    def sizes(self, bound: Bound) -> Shape:
        wanted = bound["output_size"]
        wanted = tuple(wanted) if isinstance(wanted, (tuple, list)) else (wanted,) * self.dims
        space = self.space(bound)
        if len(wanted) != self.dims:
            raise ValueError("not one output size an axis")
        return tuple(size if size is not None else kept for size, kept in zip(wanted, space, strict=True))

    def refuse(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        return (
            (None if self._means_everything(bound) else self.wrong_rank(data))
            or self._wrong_size(bound)
            or self.empty(bound)
            or self.wrong_dtype(data)
        )

    def _means_everything(self, bound: Bound) -> bool:
        """Averaging to size 1 is a plain mean over the last axes, which torch does for any rank."""
        wanted = bound["output_size"]
        given = isinstance(wanted, (tuple, list))
        if self.mode != "avg" or self.dims == 1 or bound["input"].rank < self.dims + given:
            return False
        return tuple(wanted) == (1,) * self.dims if given else wanted == 1

    def _wrong_size(self, bound: Bound) -> Refusal | None:
        wanted, dims = bound["output_size"], self.dims
        numbers = tuple(wanted) if isinstance(wanted, (tuple, list)) else (wanted,) * dims
        if len(numbers) != dims or wanted is None or (dims == 1 and None in numbers):
            takes = "a number" if dims == 1 else f"a number or a tuple of {dims} (None keeps a size)"
            return Refusal(
                "argument",
                f"{self.layers[0]} takes {takes} for output_size, not {wanted!r}",
                "output_size",
                operand=None,
            )
        given = tuple(0 if size is None else size for size in numbers)
        return argument_refusal(self.layers[0], "output_size", given, dims, 0)

    def laid_out(self, data: TensorSpec, sizes: Shape) -> TensorSpec:
        """In 3-D torch gives a contiguous result."""
        if self.dims == 3 or data.rank > self.dims + 2:
            return TensorSpec((*data.shape[: data.rank - self.dims], *sizes), data.dtype)
        return super().laid_out(data, sizes)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        """An axis whose size is given is certain whatever came in."""
        data = bound["input"]
        wanted = bound["output_size"]
        wanted = wanted if isinstance(wanted, (tuple, list)) else (wanted,) * self.dims
        front = data.rank - self.dims
        kept = {front + axis for axis, size in enumerate(wanted) if size is None}
        axes = frozenset(axis for axis in data.uncertain if axis < front or axis in kept)
        return (axes,) * len(outputs)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        wanted = bound["output_size"]
        wanted = tuple(wanted) if isinstance(wanted, (tuple, list)) else (wanted,) * self.dims
        return {"mode": self.mode, "output_size": wanted}

    def formula(self, bound: Bound) -> tuple[str, ...]:
        wanted = self.attributes(bound)["output_size"]
        return tuple(
            f"size kept = {kept}" if size is None else f"output_size = {size}"
            for size, kept in zip(wanted, self.space(bound), strict=True)
        )


class FractionalMaxPooling(SpatialPooling):
    """fractional_max_pool2d, fractional_max_pool3d: random windows, as many as output positions."""

    kind = "adaptive_pool"
    mode = "max"
    dtypes = FLOATING

    def __init__(self, dims: int, indices: bool):
        self.dims = dims
        self.indices = indices
        base = f"fractional_max_pool{dims}d"
        name = f"{base}_with_indices" if indices else base
        super().__init__(
            name,
            (f"torch.nn.functional.{name}",),
            "input, kernel_size, output_size=None, output_ratio=None, return_indices=False, "
            "_random_samples=None",
            (f"FractionalMaxPool{dims}d",),
        )

    def sizes(self, bound: Bound) -> Shape:
        if bound["output_size"] is not None:
            return per_axis(bound["output_size"], self.dims)
        ratio = bound["output_ratio"]
        return tuple(int(size * part) for size, part in zip(self.space(bound), ratio, strict=True))

    def refuse(self, bound: Bound) -> Refusal | None:
        data, layer, dims = bound["input"], self.layers[0], self.dims
        ratio = bound["output_ratio"]
        if bound["output_size"] is None and (not isinstance(ratio, (tuple, list)) or len(ratio) != dims):
            return Refusal(
                "argument",
                f"{layer} needs output_size, or {dims} numbers as output_ratio",
                "output_size",
                operand=None,
                exception="ValueError",
            )
        found = self.wrong_rank(data) or argument_refusal(layer, "kernel_size", bound["kernel_size"], dims, 1)
        if not found and bound["output_size"] is not None:
            size = bound["output_size"]
            if isinstance(size, (tuple, list)) and len(size) != dims:
                return Refusal(
                    "argument",
                    f"{layer} takes one number or {dims} for output_size, not {len(size)}",
                    "output_size",
                    operand=None,
                )
            found = argument_refusal(layer, "output_size", size, dims, 1)
        return found or self.empty(bound) or self._collapse(bound) or self.wrong_dtype(data)

    def _collapse(self, bound: Bound) -> Refusal | None:
        kernel = per_axis(bound["kernel_size"], self.dims)
        for index, (size, given) in enumerate(zip(self.sizes(bound), self.space(bound), strict=True)):
            # In 3-D torch wants one position more than the windows need.
            needed = size + kernel[index] - 1 + (self.dims == 3)
            if needed > given or size < 1:
                return Refusal(
                    "collapse",
                    f"{self.layers[0]} cannot take {size} windows of {kernel[index]} from the "
                    f"{AXES[self.dims][index]} of {given}: it must be at least {needed}",
                    "output_size",
                    expected=needed,
                    actual=given,
                    axes=(("input", bound["input"].rank - self.dims + index),),
                )
        return None

    def laid_out(self, data: TensorSpec, sizes: Shape) -> TensorSpec:
        return TensorSpec((*data.shape[: data.rank - self.dims], *sizes), data.dtype)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {
            "mode": "max",
            "kernel_size": per_axis(bound["kernel_size"], self.dims),
            "output_size": self.sizes(bound),
        }


class MaxUnpooling(SpatialPooling):
    """max_unpool1d, max_unpool2d, max_unpool3d."""

    kind = "unpool"
    mode = "max"
    indices = False
    dtypes = FLOATING

    def __init__(self, dims: int):
        self.dims = dims
        super().__init__(
            f"max_unpool{dims}d",
            (f"torch.nn.functional.max_unpool{dims}d",),
            "input, indices, kernel_size, stride=None, padding=0, output_size=None",
            (f"MaxUnpool{dims}d",),
        )

    def default_sizes(self, bound: Bound) -> Shape:
        """What the formula gives where no output size is given."""
        return tuple(map(arithmetic.unpooling_size, self.space(bound), *self._terms(bound)))

    def _terms(self, bound: Bound) -> tuple[Shape, Shape, Shape]:
        kernel = per_axis(bound["kernel_size"], self.dims)
        stride = bound["stride"]
        return (
            kernel,
            kernel if stride is None else per_axis(stride, self.dims),
            per_axis(bound["padding"], self.dims),
        )

    def sizes(self, bound: Bound) -> Shape:
        wanted = bound["output_size"]
        return self.default_sizes(bound) if wanted is None else tuple(wanted)[-self.dims :]

    def refuse(self, bound: Bound) -> Refusal | None:
        data, layer, dims = bound["input"], self.layers[0], self.dims
        found = self.wrong_rank(data) or argument_refusal(layer, "kernel_size", bound["kernel_size"], dims, 1)
        if not found and bound["stride"] is not None:
            found = argument_refusal(layer, "stride", bound["stride"], dims, 1)
        found = found or argument_refusal(layer, "padding", bound["padding"], dims, 0)
        return (
            found
            or self._wrong_indices(bound)
            or self._wrong_size(bound)
            or self.empty(bound)
            or self.wrong_dtype(data)
        )

    def _wrong_indices(self, bound: Bound) -> Refusal | None:
        data, indices = bound["input"], bound["indices"]
        if indices.shape != data.shape:
            return Refusal(
                "merge",
                f"{self.layers[0]}'s indices are {list(indices.shape)}, but its input is {list(data.shape)}",
                "indices",
                operand="indices",
            )
        if indices.dtype != "int64":
            return Refusal(
                "dtype",
                f"{self.layers[0]}'s indices must be int64, not {indices.dtype}",
                "indices",
                expected="int64",
                actual=indices.dtype,
                operand="indices",
            )
        return None

    def _wrong_size(self, bound: Bound) -> Refusal | None:
        wanted, layer = bound["output_size"], self.layers[0]
        plain = self.default_sizes(bound)
        if wanted is None:
            sizes = plain
        else:
            if len(wanted) not in (self.dims, self.dims + 2):
                return Refusal(
                    "argument",
                    f"{layer} takes {self.dims} or {self.dims + 2} sizes as output_size, not {len(wanted)}",
                    "output_size",
                    operand=None,
                    exception="ValueError",
                )
            sizes = tuple(wanted)[-self.dims :]
            strides = self._terms(bound)[1]
            for size, usual, step in zip(sizes, plain, strides, strict=True):
                if abs(size - usual) >= step:
                    return Refusal(
                        "argument",
                        f"{layer}'s output_size {size} must lie between {usual - step + 1} and "
                        f"{usual + step - 1}",
                        "output_size",
                        expected=usual,
                        actual=size,
                        operand=None,
                        exception="ValueError",
                    )
        for index, size in enumerate(sizes):
            if size < 1:
                return Refusal(
                    "collapse",
                    f"{layer} gives a {AXES[self.dims][index]} of {arithmetic.signed(size)}",
                    "padding",
                    actual=size,
                    axes=(("input", bound["input"].rank - self.dims + index),),
                )
        return None

    def laid_out(self, data: TensorSpec, sizes: Shape) -> TensorSpec:
        if self.dims == 2:
            return super().laid_out(data, sizes)
        return TensorSpec((*data.shape[: data.rank - self.dims], *sizes), data.dtype)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        kernel, stride, padding = self._terms(bound)
        return {"mode": "max", "kernel_size": kernel, "stride": stride, "padding": padding}

    def formula(self, bound: Bound) -> tuple[str, ...]:
        if bound["output_size"] is not None:
            return tuple(f"output_size = {size}" for size in self.sizes(bound))
        return tuple(
            f"({size} − 1)×{step} + {window} − 2×{pad} = {result}"
            for size, window, step, pad, result in zip(
                self.space(bound), *self._terms(bound), self.sizes(bound), strict=True
            )
        )


OPERATORS: list[Operator] = [
    *(MaxPooling(dims, indices) for dims in (1, 2, 3) for indices in (False, True)),
    *(AveragePooling(dims) for dims in (1, 2, 3)),
    *(PowerPooling(dims) for dims in (1, 2, 3)),
    *(AdaptivePooling(dims, "avg") for dims in (1, 2, 3)),
    *(AdaptivePooling(dims, "max", indices) for dims in (1, 2, 3) for indices in (False, True)),
    *(FractionalMaxPooling(dims, indices) for dims in (2, 3) for indices in (False, True)),
    *(MaxUnpooling(dims) for dims in (1, 2, 3)),
]
