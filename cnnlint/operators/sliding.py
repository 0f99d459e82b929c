"""What operators with a window (convolution, pooling, fold) share: arguments given per axis."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from cnnlint.arithmetic import signed
from cnnlint.operators.base import Refusal, TensorSpec
from cnnlint.operators.layout import channels_last, suggests_channels_last
from cnnlint.traces import Shape, Window

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""What the spatial axes are called."""

LAYOUT = {1: "[N, C, L]", 2: "[N, C, H, W]", 3: "[N, C, D, H, W]"}
"""The input's axes by the number of spatial ones."""

FLOATING = frozenset({"float32", "float16", "bfloat16", "float64"})


def argument_refusal(layer: str, argument: str, value: Any, count: int, least: int) -> Refusal | None:
    """Whether an argument that is given once or once an axis can work: how many numbers, integers,
    at least `least`."""
    if type(value) is int and value >= least:
        return None
    numbers = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if len(numbers) not in (1, count):
        takes = f"one number or {count}" if count > 1 else "one number"
        return Refusal(
            "argument",
            f"{layer} takes {takes} for {argument}, not {len(numbers)}: {shown(numbers)}",
            argument,
            expected=count,
            actual=len(numbers),
            operand=None,
        )
    for number in numbers:
        if isinstance(number, (bool, float, str)) or number is None:
            hint = ""
            if isinstance(number, float):
                hint = f": write {int(number)}, or divide with //"
            elif isinstance(number, bool):
                hint = ": give options that are not sizes by name (bias=True)"
            return Refusal(
                "argument",
                f"{layer} takes integers for {argument}, not {number!r}{hint}",
                argument,
                actual=number,
                operand=None,
                exception="TypeError",
            )
        if isinstance(number, Integral) and number < least:
            return Refusal(
                "argument",
                f"{layer} needs {argument} of at least {least}, not {signed(int(number))}",
                argument,
                expected=least,
                actual=number,
                operand=None,
            )
    return None


def shown(numbers: Sequence[Any]) -> str:
    """A tuple as the user writes it, with the minus sign of the formulas."""
    return f"({', '.join(signed(item) if isinstance(item, int) else str(item) for item in numbers)})"


def windows(kernel: Shape, stride: Shape, begin: Shape, end: Shape, dilation: Shape) -> tuple[Window, ...]:
    """One window an axis from one number an axis."""
    return tuple(
        Window(size, step, before, gap, None if before == behind else behind)
        for size, step, before, behind, gap in zip(kernel, stride, begin, end, dilation, strict=True)
    )


def spatial_result(shape: Shape, dtype: str, *sources: TensorSpec) -> TensorSpec:
    """The result of a spatial operator: channels-last if one of its sources is, else contiguous."""
    for source in sources:
        if source.strides is not None and source.rank == len(shape) and suggests_channels_last(source):
            return TensorSpec(shape, dtype, channels_last(shape))
    return TensorSpec(shape, dtype)
