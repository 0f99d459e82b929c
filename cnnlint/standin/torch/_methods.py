"""Methods of tensors that no operator stands for."""

from __future__ import annotations

from typing import Any

from cnnlint.standin.needs import NeedsTorch

from . import _dispatch, _loose, _views
from ._dispatch import reached_by_mode
from ._factories import _made, legacy
from ._operators import Got
from ._tensor import Tensor, nested


def _method(name: str) -> Any:
    def register(function: Any) -> Any:
        setattr(Tensor, name, reached_by_mode(f"torch.Tensor.{name}")(function))
        return function

    return register


@_method("item")
def _item(self: Tensor) -> Any:
    return self._number("item")


@_method("tolist")
def _tolist(self: Tensor) -> Any:
    return nested(self._asked("tolist"), self.shape)


def _converting(name: str, convert: Any) -> None:
    @_method(name)
    def method(self: Tensor) -> Any:
        return convert(self._number(name))


for _name, _convert in (("__int__", int), ("__float__", float), ("__complex__", complex)):
    _converting(_name, _convert)


@_method("__index__")
def _index(self: Tensor) -> int:
    value = self._number("__index__")
    if not isinstance(value, int):
        raise NeedsTorch("torch's words for a float as an index")
    return int(value)


@_method("__bool__")
def _bool(self: Tensor) -> bool:
    if self.numel() > 1:
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
    return bool(self._number("__bool__"))


@_method("__contains__")
def _contains(self: Tensor, value: Any) -> bool:
    return value in self._asked("__contains__")


@_method("numpy")
def _numpy(self: Tensor, *args: Any, **kwargs: Any) -> Any:
    raise NeedsTorch("Tensor.numpy")


for _name in (
    "nonzero",
    "unique",
    "unique_consecutive",
    "masked_select",
    "bincount",
    "argwhere",
    "equal",
    "allclose",
    "is_nonzero",
):
    _method(_name)(getattr(_loose, _name))


@_method("cpu")
def _cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    if self.is_meta:
        raise NeedsTorch("the values of a tensor (cpu)")
    return self


@_method("cuda")
def _cuda(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    raise NeedsTorch("a tensor on a GPU")


for _name in ("xpu", "hpu", "npu", "mps"):
    _method(_name)(_cuda)


@_method("new_tensor")
def _new_tensor(
    self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    return _made(data, dtype or self.dtype, {"device": device or self.device, "requires_grad": requires_grad})


@_method("new")
def _new(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    return _views.to(legacy(self.dtype.name, args, {}), self.device)


Tensor.__setitem__ = _dispatch.functions["torch.Tensor.__setitem__"]  # type: ignore[attr-defined]
Tensor.is_cuda = Got(  # type: ignore[attr-defined]
    reached_by_mode("torch.Tensor.is_cuda.__get__")(lambda self: self.device.type == "cuda")
)
