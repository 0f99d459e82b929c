"""Modes, which are asked before every function of torch."""

from __future__ import annotations

from typing import Any

from . import _dispatch


class TorchFunctionMode:
    """Sees every function that is called within it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Any:
        _dispatch.modes.append(self)
        return self

    def __exit__(self, *exception: Any) -> None:
        _dispatch.modes.pop()


class _Without:
    """Within it no mode is asked."""

    def __enter__(self) -> None:
        self._modes = list(_dispatch.modes)
        _dispatch.modes.clear()

    def __exit__(self, *exception: Any) -> None:
        _dispatch.modes[:] = self._modes


def has_torch_function(args: Any) -> bool:
    return bool(_dispatch.modes)


has_torch_function_unary = has_torch_function_variadic = has_torch_function


def handle_torch_function(public_api: Any, relevant_args: Any, *args: Any, **kwargs: Any) -> Any:
    mode = _dispatch.modes.pop()
    try:
        return mode.__torch_function__(public_api, (), args, kwargs)
    finally:
        _dispatch.modes.append(mode)


def is_tensor_like(value: Any) -> bool:
    from ._tensor import Tensor

    return isinstance(value, Tensor)
