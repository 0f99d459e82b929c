"""The module `torch.autograd`."""

from __future__ import annotations

from typing import Any

from cnnlint.standin.needs import NeedsTorch

from .. import _missing
from .._grad import enable_grad, inference_mode, no_grad, set_grad_enabled
from .._tensor import Tensor
from .._views import data as detached
from . import graph
from .function import Function


class _VariableType(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, Tensor)


class Variable(metaclass=_VariableType):
    """The old name of a tensor."""

    def __new__(cls, data: Any, requires_grad: bool = False, volatile: bool = False) -> Any:
        made = detached(data)
        made.requires_grad = requires_grad
        return made


def grad(*args: Any, **kwargs: Any) -> Any:
    raise NeedsTorch("torch.autograd.grad")


def backward(*args: Any, **kwargs: Any) -> None:
    raise NeedsTorch("torch.autograd.backward")


class set_detect_anomaly:
    def __init__(self, mode: bool = True, check_nan: bool = True):
        pass

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exception: Any) -> None:
        return None


detect_anomaly = set_detect_anomaly
__getattr__ = _missing.attribute_of(__name__, "grad_mode variable")
__all__ = ["Function", "enable_grad", "graph", "inference_mode", "no_grad", "set_grad_enabled"]
