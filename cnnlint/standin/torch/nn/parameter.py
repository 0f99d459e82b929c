"""Parameters and buffers, also such as have no size yet."""

from __future__ import annotations

import sys
from typing import Any

from cnnlint.standin.needs import NeedsTorch

from .._tensor import Tensor, make
from .._types import CPU, DTYPES, device


def _over(kind: Any, data: Any, requires_grad: bool) -> Any:
    """A tensor of this class over the memory of another one."""
    made = object.__new__(kind)
    if data is None:
        data = make((0,), DTYPES["float32"])
    vars(made).update(
        {
            name: value
            for name, value in vars(data).items()
            if name in ("shape", "dtype", "device", "_strides", "_offset", "_storage")
        }
    )
    made._requires_grad = False
    made.grad = made.grad_fn = made._base = made._backward_hooks = None
    if requires_grad and not (made.dtype.is_floating_point or made.dtype.is_complex):
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    made._requires_grad = bool(requires_grad)
    return made


class Parameter(Tensor):
    """A tensor that a module learns."""

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        if data is not None and not isinstance(data, Tensor):
            raise NeedsTorch("torch's words for a parameter of what is no tensor")
        return _over(cls, data, requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"Parameter containing:\n{Tensor.__repr__(self)}"


class Buffer(Tensor):
    """A tensor that a module keeps beside its parameters."""

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        made = _over(cls, data, False if data is None else data.requires_grad)
        made.persistent = persistent
        return made


class UninitializedTensorMixin:
    """What has no shape until it is materialized."""

    cls_to_become: Any = None

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        torch = sys.modules[__name__.partition(".nn")[0]]
        own: Any = self
        data = torch.empty(shape, device=device or own.device, dtype=dtype or own.dtype)
        requires_grad = own._requires_grad
        self.__class__ = self.cls_to_become
        vars(self).update(vars(_over(Tensor, data, False)))
        own._requires_grad = requires_grad

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call "
            "`forward` to initialize the parameters before accessing their attributes."
        )

    def share_memory_(self) -> Any:
        raise NeedsTorch("sharing what is not initialized")


def is_lazy(parameter: Any) -> bool:
    return isinstance(parameter, UninitializedTensorMixin)


class _Uninitialized(UninitializedTensorMixin):
    def _bare(self, requires_grad: bool, where: Any, kind: Any) -> Any:
        own: Any = self
        own.dtype = kind or DTYPES["float32"]
        own.device = CPU if where is None else device(where)
        own._storage = make((0,), own.dtype)._storage
        own._strides, own._offset, own._requires_grad = None, 0, requires_grad
        own.grad = own.grad_fn = own._base = own._backward_hooks = None
        return self

    @property
    def data(self) -> Any:
        return self


class UninitializedParameter(_Uninitialized, Parameter):
    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        return object.__new__(cls)._bare(requires_grad, device, dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self._requires_grad, self.device, self.dtype)
        return memo[id(self)]


class UninitializedBuffer(_Uninitialized, Tensor):
    cls_to_become = Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> Any:
        return object.__new__(cls)._bare(requires_grad, device, dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self._requires_grad, self.device, self.dtype)
        return memo[id(self)]
