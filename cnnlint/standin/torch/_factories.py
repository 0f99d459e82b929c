"""Tensors that are made of numbers and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cnnlint.operators.base import TensorSpec
from cnnlint.operators.layout import contiguous_strides, is_dense
from cnnlint.standin.needs import NeedsTorch

from . import _values
from ._dispatch import reached_by_mode
from ._tensor import Tensor, make
from ._types import CPU, DTYPES, device, dtype
from ._views import copied, to, whole

MOST = 1 << 20
"""Numbers up to which a list is read."""


def options(
    kind: dtype, given: dict[str, Any], shape: Sequence[int], values: list[Any] | None = None
) -> Tensor:
    """A tensor as the options `device` and `requires_grad` of a factory ask for it."""
    where = given.get("device")
    where = CPU if where is None else device(where)
    if where.type not in ("cpu", "meta"):
        raise NeedsTorch(f"a tensor on the device {where}")
    if values is not None and (len(values) > _values.MOST or where.type == "meta"):
        values = None
    result: Tensor = make(shape, kind, where, None, values)
    if given.get("requires_grad"):
        result.requires_grad = True
    return result


def named(kind: Any) -> dtype:
    """A dtype by its name or as what Python calls it."""
    if isinstance(kind, dtype):
        return kind
    builtin = {float: "float64", int: "int64", bool: "bool"}.get(kind)
    if builtin is None:
        raise NeedsTorch(f"the dtype {kind!r}")
    return DTYPES[builtin]


_KINDS = {bool: "bool", int: "int64", float: "float32", complex: "complex64"}


def _flat(data: Any, depth: int = 0) -> tuple[tuple[int, ...], list[Any], set[Any]]:
    """The shape, the numbers and their kinds of nested sequences."""
    plain = _KINDS.get(type(data))
    if plain is not None:
        return (), [None if plain == "complex64" else data], {plain}
    if isinstance(data, Tensor):
        known = data._known() or [None] * prod(data.shape)
        return tuple(data.shape), known, {data.dtype.name}
    if isinstance(data, (list, tuple, range)):
        parts = [_flat(item, depth + 1) for item in data]
        if not parts:
            return (0,), [], set()
        if any(part[0] != parts[0][0] for part in parts):
            raise NeedsTorch("torch's words for a ragged list")
        values = [value for part in parts for value in part[1]]
        if len(values) > MOST:
            raise NeedsTorch("a tensor of a long list")
        return (len(parts), *parts[0][0]), values, set().union(*(part[2] for part in parts))
    kind = array_dtype(data)
    if kind is not None:
        return tuple(data.shape), _array_values(data), {kind}
    for kind, name in ((int, "int64"), (float, "float32")):
        if isinstance(data, kind):
            return (), [kind(data)], {name}
    if hasattr(data, "__index__"):
        return (), [data.__index__()], {"int64"}
    raise NeedsTorch(f"a tensor of {type(data).__name__}")


def array_dtype(data: Any) -> str | None:
    """The dtype of a numpy array or number; None for what is none."""
    found = getattr(data, "dtype", None)
    name = getattr(found, "name", None)
    if name is None or not hasattr(data, "tolist") or not hasattr(data, "shape"):
        return None
    return name if name in DTYPES else None


def _array_values(data: Any) -> list[Any]:
    """The numbers of an array, where they are few."""
    if prod(data.shape) > _values.MOST:
        return []
    return list(data.ravel().tolist()) if data.shape else [data.tolist()]


_ORDER = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")


def _made(data: Any, kind: Any, given: dict[str, Any]) -> Tensor:
    shape, values, kinds = _flat(data)
    if kind is None:
        if any(name not in _ORDER for name in kinds):
            raise NeedsTorch("a tensor of complex numbers")
        kind = DTYPES[max(kinds, key=_ORDER.index, default="float32")]
    kind = named(kind)
    if (not values and prod(shape)) or prod(shape) > _values.MOST:
        return options(kind, given, shape)
    known = [None if value is None else _values.fits(value, kind.name) for value in values]
    return options(kind, given, shape, known)


@reached_by_mode("torch.tensor")
def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    if isinstance(data, Tensor):
        if device is None:
            device = data.device
        result = copied(data, None, named(dtype) if dtype is not None else None)
        result._requires_grad, result.grad_fn = False, None
        result = to(result, device=device)
        result.requires_grad = requires_grad
        return result
    return _made(data, dtype, {"device": device, "requires_grad": requires_grad})


@reached_by_mode("torch.as_tensor")
def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    if isinstance(data, Tensor):
        return to(data, dtype=dtype, device=device)
    if array_dtype(data) is not None and getattr(data, "shape", ()):
        return to(from_numpy(data), dtype=dtype, device=device)
    return _made(data, dtype, {"device": device})


asarray = as_tensor


def from_numpy(data: Any) -> Tensor:
    kind = array_dtype(data)
    if kind is None or not hasattr(data, "strides"):
        raise NeedsTorch("torch.from_numpy")
    size = DTYPES[kind].itemsize
    strides = tuple(step // size for step in data.strides)
    if contiguous_strides(data.shape) == strides:
        return _made(data, DTYPES[kind], {})
    if not is_dense(TensorSpec(tuple(data.shape), kind, strides)) or min(strides) < 0:
        raise NeedsTorch("torch.from_numpy of a part of an array")
    values = _array_values(data)
    return make(tuple(data.shape), DTYPES[kind], CPU, strides, values or None)


@reached_by_mode("torch.scalar_tensor")
def scalar_tensor(number: Any, dtype: Any = None, **given: Any) -> Tensor:
    return _made(number, dtype or DTYPES["float32"], given)


def legacy(kind: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """`torch.Tensor(2, 3)`, `torch.LongTensor([1, 2])`."""
    given = {"device": kwargs.get("device")}
    if len(args) == 1 and isinstance(args[0], Tensor):
        if args[0].dtype.name != kind:
            raise NeedsTorch("a tensor of an old type of another tensor")
        from ._views import data

        return data(args[0])
    if (
        len(args) == 1
        and (not hasattr(args[0], "__index__") or array_dtype(args[0]))
        and type(args[0]).__name__ != "Size"
    ):
        return _made(args[0], DTYPES[kind], given)
    sizes = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
    return options(DTYPES[kind], given, tuple(whole(size) for size in sizes) if sizes else (0,))


class LegacyType(type):
    """The class of `torch.FloatTensor` and its like."""

    def __instancecheck__(cls, value: Any) -> bool:
        here = cls.__module__ == "torch"
        return here and isinstance(value, Tensor) and value.dtype.name == cls.legacy_dtype  # type: ignore[attr-defined]

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls.__module__ != "torch":
            raise NeedsTorch(f"a tensor of {cls.__module__}.{cls.__name__}")
        return legacy(cls.legacy_dtype, args, kwargs)  # type: ignore[attr-defined]


def legacy_type(name: str, kind: str, module: str = "torch") -> Any:
    """One of the old names of tensors."""
    return LegacyType(name, (), {"legacy_dtype": kind, "dtype": DTYPES[kind], "__module__": module})


# -- values that factories give


def filled(name: str, bound: dict[str, Any], shape: Sequence[int], kind: str) -> list[Any] | None:
    """The values of what a factory makes, where they are known and few."""
    count = prod(shape)
    if count > _values.MOST:
        return None
    if name in ("zeros", "ones", "zeros_like", "ones_like", "new_zeros", "new_ones"):
        return (
            _values.all_fit([int("ones" in name)], kind)
            and _values.all_fit([int("ones" in name)], kind) * count
        )  # type: ignore[operator]
    if name in ("full", "full_like", "new_full"):
        value = bound["fill_value"]
        one = _values.all_fit([value], kind) if isinstance(value, (int, float)) else None
        return one * count if one else None
    if name == "arange" and all(isinstance(bound[end], int) for end in ("start", "step")):
        numbers = [bound["start"] + bound["step"] * at for at in range(count)]
        return _values.all_fit(numbers, kind)
    if name == "linspace" and all(isinstance(bound[end], (int, float)) for end in ("start", "end")):
        return _values.linspace(bound["start"], bound["end"], count, kind)
    if name == "eye":
        return _values.all_fit([int(at % shape[1] == at // shape[1]) for at in range(count)], kind)
    return None
