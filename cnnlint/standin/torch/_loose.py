"""Functions of the module `torch` that no operator stands for: settings, questions, and values asked for."""

from __future__ import annotations

from typing import Any

from cnnlint.operators.base import TensorSpec
from cnnlint.operators.broadcasting import broadcast
from cnnlint.operators.promotion import can_cast as _can_cast
from cnnlint.operators.promotion import promote
from cnnlint.operators.promotion import result_type as _result_type
from cnnlint.standin.needs import NeedsTorch

from ._dispatch import reached_by_mode
from ._factories import named
from ._tensor import Tensor, make, spec
from ._types import CPU, DTYPES, Size, device, dtype
from ._views import whole


def is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)


def is_storage(value: Any) -> bool:
    return False


def is_floating_point(input: Any) -> bool:
    return input.dtype.is_floating_point


def is_complex(input: Any) -> bool:
    return input.dtype.is_complex


def numel(input: Any) -> int:
    return input.numel()


def typename(value: Any) -> str:
    if isinstance(value, Tensor):
        return value.type()
    return f"{type(value).__module__}.{type(value).__qualname__}"


def result_type(left: Any, right: Any) -> dtype:
    specs = [spec(value) if isinstance(value, Tensor) else value for value in (left, right)]
    return DTYPES[_result_type(specs)]


def promote_types(left: dtype, right: dtype) -> dtype:
    found = _result_type([TensorSpec((1,), left.name), TensorSpec((1,), right.name)])
    assert promote is not None
    return DTYPES[found]


def can_cast(source: dtype, target: dtype) -> bool:
    return _can_cast(source.name, target.name)


def broadcast_shapes(*shapes: Any) -> Size:
    listed = [
        (whole(shape),) if hasattr(shape, "__index__") else tuple(map(whole, shape)) for shape in shapes
    ]
    found = broadcast(listed)
    if found is None:
        raise NeedsTorch("torch's words for shapes that do not go together")
    return Size(found)


def _assert(condition: Any, message: str) -> None:
    if not condition:
        raise AssertionError(message)


# -- settings


def manual_seed(seed: Any) -> Any:
    return Generator()


def seed() -> int:
    raise NeedsTorch("torch.seed")


def initial_seed() -> int:
    raise NeedsTorch("torch.initial_seed")


class Generator:
    """A source of random numbers, none of which are drawn."""

    def __init__(self, device: Any = "cpu"):
        self.device = device

    def manual_seed(self, seed: int) -> Generator:
        return self


def get_rng_state() -> Tensor:
    return make((5056,), DTYPES["uint8"])


def set_rng_state(state: Any) -> None:
    return None


def get_default_dtype() -> dtype:
    return DTYPES["float32"]


def set_default_dtype(kind: Any) -> None:
    if named(kind) is not DTYPES["float32"]:
        raise NeedsTorch("another default dtype")


def set_default_tensor_type(kind: Any) -> None:
    if getattr(kind, "legacy_dtype", str(kind).replace("torch.FloatTensor", "float32")) != "float32":
        raise NeedsTorch("another default dtype")


def get_default_device() -> device:
    return CPU


_threads = [1]


def set_num_threads(count: int) -> None:
    _threads[0] = count


def get_num_threads() -> int:
    return _threads[0]


def set_num_interop_threads(count: int) -> None:
    return None


def set_printoptions(*args: Any, **kwargs: Any) -> None:
    return None


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    return None


def are_deterministic_algorithms_enabled() -> bool:
    return False


def set_float32_matmul_precision(precision: str) -> None:
    return None


def compile(model: Any = None, *args: Any, **kwargs: Any) -> Any:
    """The identity, also as a decorator with arguments."""
    return (lambda target: target) if model is None else model


def load(*args: Any, **kwargs: Any) -> Any:
    """Weights are not read: shapes do not need them."""
    return {}


def save(*args: Any, **kwargs: Any) -> None:
    return None


# -- values


def _asks(name: str) -> Any:
    @reached_by_mode(name)
    def asks(*args: Any, **kwargs: Any) -> Any:
        raise NeedsTorch(f"the values of a tensor ({name.rpartition('.')[2]})")

    return asks


nonzero, unique, unique_consecutive, masked_select = (
    _asks(f"torch.{name}") for name in ("nonzero", "unique", "unique_consecutive", "masked_select")
)
bincount, argwhere, histc = (_asks(f"torch.{name}") for name in ("bincount", "argwhere", "histc"))


@reached_by_mode("torch.equal")
def equal(input: Tensor, other: Tensor) -> bool:
    if input.shape != other.shape:
        return False
    return input._asked("equal") == other._asked("equal")


@reached_by_mode("torch.allclose")
def allclose(input: Tensor, other: Tensor, *args: Any, **kwargs: Any) -> bool:
    raise NeedsTorch("the values of a tensor (allclose)")


@reached_by_mode("torch.is_nonzero")
def is_nonzero(input: Tensor) -> bool:
    return bool(input._number("is_nonzero"))
