"""dtypes, devices, layouts and sizes."""

from __future__ import annotations

from typing import Any

from cnnlint.standin.needs import NeedsTorch


class dtype:
    """One of torch's dtypes."""

    def __init__(self, name: str, itemsize: int, kind: str):
        self.name = name
        self.itemsize = itemsize
        self.is_floating_point = kind == "f"
        self.is_complex = kind == "c"
        self.is_signed = kind != "u" and kind != "b"

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name

    def to_complex(self) -> dtype:
        return DTYPES[{"float16": "complex32", "float64": "complex128"}.get(self.name, "complex64")]

    def to_real(self) -> dtype:
        return DTYPES[{"complex32": "float16", "complex128": "float64"}.get(self.name, "float32")]


dtype.__module__ = "torch"

DTYPES: dict[str, dtype] = {
    name: dtype(name, size, kind)
    for name, size, kind in (
        ("float16", 2, "f"),
        ("bfloat16", 2, "f"),
        ("float32", 4, "f"),
        ("float64", 8, "f"),
        ("complex32", 4, "c"),
        ("complex64", 8, "c"),
        ("complex128", 16, "c"),
        ("uint8", 1, "u"),
        ("int8", 1, "i"),
        ("int16", 2, "i"),
        ("int32", 4, "i"),
        ("int64", 8, "i"),
        ("uint16", 2, "u"),
        ("uint32", 4, "u"),
        ("uint64", 8, "u"),
        ("bool", 1, "b"),
        ("quint8", 1, "u"),
        ("qint8", 1, "i"),
        ("qint32", 4, "i"),
        ("float8_e4m3fn", 1, "f"),
        ("float8_e5m2", 1, "f"),
        ("float8_e4m3fnuz", 1, "f"),
        ("float8_e5m2fnuz", 1, "f"),
        ("float8_e8m0fnu", 1, "f"),
        ("float4_e2m1fn_x2", 1, "f"),
        ("quint4x2", 1, "u"),
        ("quint2x4", 1, "u"),
        *((f"bits{name}", 1, "u") for name in ("1x8", "2x4", "4x2", "8")),
        ("bits16", 2, "u"),
        *((f"uint{bits}", 1, "u") for bits in range(1, 8)),
        *((f"int{bits}", 1, "i") for bits in range(1, 8)),
    )
}
ALIASES = {
    "half": "float16",
    "float": "float32",
    "double": "float64",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "cfloat": "complex64",
    "cdouble": "complex128",
    "chalf": "complex32",
}
LEGACY = {
    "FloatTensor": "float32",
    "DoubleTensor": "float64",
    "HalfTensor": "float16",
    "BFloat16Tensor": "bfloat16",
    "LongTensor": "int64",
    "IntTensor": "int32",
    "ShortTensor": "int16",
    "CharTensor": "int8",
    "ByteTensor": "uint8",
    "BoolTensor": "bool",
}
"""The old names of tensors by their dtype."""


class _Named:
    def __init__(self, name: str):
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    __copy__ = __reduce__ = lambda self, *_: self._name


class layout(_Named):
    """How elements are stored."""


class memory_format(_Named):
    """In which order axes lie in memory."""


LAYOUTS = {name: layout(name) for name in ("strided", "sparse_coo", "sparse_csr")}
FORMATS = {
    name: memory_format(name)
    for name in ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d")
}


class device:
    """Where a tensor is: `device("cuda", 1)`, `device("cuda:1")`."""

    def __init__(self, type: Any, index: int | None = None):
        if isinstance(type, device):
            type, index = type.type, type.index
        if isinstance(type, int):
            raise NeedsTorch("the device of a number")
        name, colon, number = type.partition(":")
        if name not in ("cpu", "cuda", "meta", "mps", "xpu", "hpu", "npu", "xla", "mkldnn", "ipu", "vulkan"):
            raise NeedsTorch(f"the device {type!r}")
        self.type = name
        self.index = int(number) if colon else index

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> Any:
        raise NeedsTorch("a device as a context")

    def __exit__(self, *exception: Any) -> None:
        return None


device.__module__ = "torch"
CPU = device("cpu")
META = device("meta")


class Size(tuple):  # type: ignore[type-arg]
    """The sizes of a tensor's axes."""

    def __new__(cls, sizes: Any = ()) -> Any:
        return tuple.__new__(cls, sizes)

    def numel(self) -> int:
        count = 1
        for size in self:
            count *= size
        return count

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __getitem__(self, index: Any) -> Any:
        value = tuple.__getitem__(self, index)
        return Size(value) if isinstance(index, slice) else value

    def __add__(self, other: Any) -> Any:
        return Size(tuple.__add__(self, tuple(other)))

    def __radd__(self, other: Any) -> Any:
        return Size(tuple(other) + tuple(self))

    def __mul__(self, count: Any) -> Any:
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__

    def __reduce__(self) -> Any:
        return Size, (tuple(self),)


Size.__module__ = "torch"


class finfo:
    """The limits of a dtype of floats."""

    def __init__(self, type: Any = None):
        name = (type or DTYPES["float32"]).name
        found = _FLOATS.get(name)
        if found is None:
            raise NeedsTorch(f"the limits of {name}")
        self.bits, self.eps, self.max, self.tiny, self.resolution = found
        self.smallest_normal, self.min, self.dtype = self.tiny, -self.max, name


_FLOATS = {
    "float16": (16, 2.0**-10, 65504.0, 2.0**-14, 0.001),
    "bfloat16": (16, 2.0**-7, 3.3895313892515355e38, 2.0**-126, 0.01),
    "float32": (32, 2.0**-23, 3.4028234663852886e38, 2.0**-126, 1e-06),
    "float64": (64, 2.0**-52, 1.7976931348623157e308, 2.0**-1022, 1e-15),
}


class iinfo:
    """The limits of a dtype of integers."""

    def __init__(self, type: Any):
        self.bits, self.dtype = 8 * type.itemsize, type.name
        signed = type.is_signed
        self.min, self.max = (
            (-(1 << self.bits - 1), (1 << self.bits - 1) - 1) if signed else (0, (1 << self.bits) - 1)
        )
