"""Values of small tensors, as far as they are exact: each operation here gives the very number that torch
gives, or None."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

MOST = 1 << 12
"""Elements up to which values are kept."""

_RANGES = {"int64": 64, "int32": 32, "int16": 16, "int8": 8}
_FLOATS = {"float32": "f", "float16": "e"}


def fits(value: Any, dtype: str) -> Any:
    """The number as the dtype holds it; None where that is not told."""
    if dtype == "bool":
        return bool(value)
    if dtype in _RANGES:
        if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
            return None
        bits = _RANGES[dtype]
        number = int(value)
        return number if -(1 << bits - 1) <= number < 1 << bits - 1 else None
    if dtype == "uint8":
        number = int(value)
        return number if 0 <= number < 256 else None
    if dtype == "float64":
        return float(value)
    if dtype in _FLOATS:
        kind = _FLOATS[dtype]
        try:
            return struct.unpack(kind, struct.pack(kind, value))[0]
        except OverflowError:
            return math.copysign(math.inf, value)
        except struct.error:
            return None
    return None


def all_fit(values: Sequence[Any], dtype: str) -> list[Any] | None:
    """The numbers as the dtype holds them."""
    found = [fits(value, dtype) for value in values]
    return None if any(value is None for value in found) else found


def places(shape: Sequence[int], strides: Sequence[int], offset: int) -> list[int]:
    """Where the elements lie in memory, in their order."""
    if not shape:
        return [offset]
    steps = [
        range(0, size * stride, stride) if stride else [0] * size
        for size, stride in zip(shape, strides, strict=True)
    ]
    return [offset + sum(step) for step in product(*steps)]


def linspace(start: float, end: float, steps: int, dtype: str) -> list[Any] | None:
    """Up to the middle from the start, then from the end, each multiplied and added at once, as processors
    do it."""
    if dtype not in ("float32", "float64"):
        return None
    low, high = fits(start, dtype), fits(end, dtype)
    if steps < 2:
        return [low] * steps
    step = Fraction(fits(fits(high - low, dtype) / (steps - 1), dtype))
    exact = (
        Fraction(low) + step * at if at < steps // 2 else Fraction(high) - step * (steps - 1 - at)
        for at in range(steps)
    )
    return [_nearest(value) if dtype == "float32" else float(value) for value in exact]


def _nearest(value: Fraction) -> float:
    """The float32 that is nearest to a number, which is not rounded to a float64 in between."""
    found: float = fits(float(value), "float32")
    if Fraction(found) == value or not math.isfinite(found):
        return found
    step = math.ulp(found) * 2**29
    near = [fits(found + side * step, "float32") for side in (-1, 0, 1)]
    least = min(abs(Fraction(one) - value) for one in near)
    closest = [one for one in near if abs(Fraction(one) - value) == least]
    return found if found in closest else closest[0]


def _floor_divide(left: Any, right: Any) -> Any:
    return left // right if right else None


def _divide(left: Any, right: Any) -> Any:
    return left / right if right else None


def _remainder(left: Any, right: Any) -> Any:
    whole = isinstance(left, int) and isinstance(right, int)
    return left % right if right and whole else None


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and 0 <= right < 64:
        return left**right
    return left * left if right == 2 else None


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "rsub": lambda left, right: right - left,
    "mul": lambda left, right: left * right,
    "div": _divide,
    "true_divide": _divide,
    "__rdiv__": lambda left, right: _divide(right, left),
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "pow": _power,
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "maximum": max,
    "minimum": min,
    "logical_and": lambda left, right: bool(left) and bool(right),
    "logical_or": lambda left, right: bool(left) or bool(right),
    "bitwise_and": lambda left, right: (
        left & right if isinstance(left, int) and isinstance(right, int) else None
    ),
    "bitwise_or": lambda left, right: (
        left | right if isinstance(left, int) and isinstance(right, int) else None
    ),
    "bitwise_xor": lambda left, right: (
        left ^ right if isinstance(left, int) and isinstance(right, int) else None
    ),
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": lambda value: -value,
    "abs": abs,
    "floor": lambda value: value if isinstance(value, int) else math.copysign(math.floor(value), value),
    "ceil": lambda value: value if isinstance(value, int) else math.copysign(math.ceil(value), value),
    "trunc": lambda value: value if isinstance(value, int) else math.copysign(math.trunc(value), value),
    "round": lambda value: value if isinstance(value, int) else math.copysign(round(value), value),
    "square": lambda value: value * value,
    "logical_not": lambda value: not value,
    "bitwise_not": lambda value: (not value) if isinstance(value, bool) else ~value,
    "relu": lambda value: max(value, 0),
    "sign": lambda value: (value > 0) - (value < 0),
}
REDUCTIONS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "max": max,
    "min": min,
    "amax": max,
    "amin": min,
    "all": all,
    "any": any,
    "argmax": lambda values: values.index(max(values)),
    "argmin": lambda values: values.index(min(values)),
    "sum": lambda values: sum(values) if all(isinstance(value, int) for value in values) else None,
    "prod": lambda values: math.prod(values) if all(isinstance(value, int) for value in values) else None,
}
"""Of all elements; what is added in an order of torch's own only for integers, where it does not matter."""
