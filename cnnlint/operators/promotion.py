"""Which dtype comes out where dtypes meet: torch's promotion rules, on names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnnlint.operators.base import TensorSpec

DEFAULT = "float32"
"""What torch makes of Python's floats and of integers that a function like `exp` is applied to."""

_INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
_FLOATS = ("float16", "bfloat16", "float32", "float64")
_COMPLEX = ("complex32", "complex64", "complex128")
_CATEGORY = {
    "bool": 0,
    **dict.fromkeys(_INTEGERS, 1),
    **dict.fromkeys(("uint16", "uint32", "uint64"), 1),
    **dict.fromkeys(_FLOATS, 2),
    **dict.fromkeys(_COMPLEX, 3),
}
_COMPLEX_OF = {
    "float16": "complex32",
    "bfloat16": "complex64",
    "float32": "complex64",
    "float64": "complex128",
}
_REAL_OF = {"complex32": "float16", "complex64": "float32", "complex128": "float64"}
_PYTHON = {bool: "bool", int: "int64", float: DEFAULT, complex: "complex64"}
_ALIASES = {
    "<class 'float'>": "float64",
    "<class 'int'>": "int64",
    "<class 'bool'>": "bool",
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "long": "int64",
    "int": "int32",
}


def dtype_name(dtype: Any) -> str:
    """`torch.float16`, `"float16"` and Python's `float` as a name."""
    name = str(dtype).removeprefix("torch.")
    return _ALIASES.get(name, name)


def category(dtype: str) -> int:
    """0 for bool, 1 for integers, 2 for floats (the rare ones of 8 bits too), 3 for complex numbers."""
    return _CATEGORY.get(dtype, 2)


def is_float(dtype: str) -> bool:
    """Whether it is a real floating-point dtype."""
    return category(dtype) == 2


def real(dtype: str) -> str:
    """The dtype of the absolute value."""
    return _REAL_OF.get(dtype, dtype)


def floating(dtype: str) -> str:
    """What `exp` and its like give: integers and bools become floats."""
    return dtype if category(dtype) >= 2 else DEFAULT


def number_dtype(value: Any) -> str | None:
    """The dtype of a Python (or numpy) number; None for what is no number."""
    for kind, name in _PYTHON.items():
        if isinstance(value, kind):
            return name
    scalar = getattr(getattr(value, "dtype", None), "kind", None)
    if scalar is None or getattr(value, "shape", ()) != ():
        return None
    return {"b": "bool", "i": "int64", "u": "int64", "f": DEFAULT, "c": "complex64"}.get(scalar)


def promote(left: str | None, right: str | None) -> str | None:
    """The smallest dtype that holds both; None is no dtype."""
    if left is None or right is None or left == right:
        return left or right
    low, high = sorted((left, right), key=category)
    if category(low) < category(high):
        if category(high) == 3 and is_float(low):
            return promote(high, _COMPLEX_OF.get(low, "complex64"))
        return high
    if category(low) == 1:
        return _promote_integers(low, high)
    if is_float(low):
        return "float32" if {low, high} == {"float16", "bfloat16"} else max(low, high, key=_rank(_FLOATS))
    return max(low, high, key=_rank(_COMPLEX))


def _promote_integers(left: str, right: str) -> str:
    if {left, right} == {"uint8", "int8"}:
        return "int16"
    return max(left, right, key=_rank(_INTEGERS))


def _rank(names: tuple[str, ...]) -> Any:
    return lambda name: names.index(name) if name in names else -1


def result_type(operands: Iterable[Any]) -> str:
    """The dtype of an arithmetic result. `operands` are TensorSpecs and Python numbers.

    Tensors with axes decide within a category; tensors without axes, then Python numbers, only
    where their category is higher.
    """
    dimensioned: str | None = None
    scalar: str | None = None
    number: str | None = None
    for operand in operands:
        if not isinstance(operand, TensorSpec):
            number = promote(number, number_dtype(operand))
        elif operand.shape:
            dimensioned = promote(dimensioned, operand.dtype)
        else:
            scalar = promote(scalar, operand.dtype)
    return _combine(dimensioned, _combine(scalar, number)) or DEFAULT


def _combine(high: str | None, low: str | None) -> str | None:
    if high is None or low is None:
        return high or low
    if category(high) == 2 and category(low) == 3:
        return _COMPLEX_OF.get(high, "complex64")
    if category(high) >= 2:
        return high
    if high == "bool" or category(low) >= 2:
        return promote(high, low)
    return high


def can_cast(source: str, target: str) -> bool:
    """Whether a result may be written into a tensor of the dtype `target`."""
    if category(source) == 3 and category(target) != 3:
        return False
    if category(source) == 2 and category(target) < 2:
        return False
    return source == "bool" or target != "bool"
