"""Whether gradients are on."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from ._tensor import gradients


def is_grad_enabled() -> bool:
    return gradients[0]


def is_inference_mode_enabled() -> bool:
    return False


class _Context:
    """A context that sets whether gradients are on, and the decorator of that."""

    _mode = True

    def __enter__(self) -> None:
        self._before = gradients[0]
        gradients[0] = self._mode

    def __exit__(self, *exception: Any) -> None:
        gradients[0] = self._before

    def clone(self) -> Any:
        return type(self)()

    def __call__(self, function: Any) -> Any:
        if inspect.isclass(function):
            function.__init__ = self(function.__init__)
            return function
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                with self.clone():
                    yield from function(*args, **kwargs)

            return generator

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return wrapped


class no_grad(_Context):
    _mode = False

    def __new__(cls, function: Any = None) -> Any:
        return object.__new__(cls) if function is None else cls()(function)


class enable_grad(no_grad):
    _mode = True


class inference_mode(_Context):
    def __new__(cls, mode: Any = True) -> Any:
        return object.__new__(cls) if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: bool = True):
        self._mode = gradients[0] and not mode
        self.mode = mode

    def clone(self) -> Any:
        return inference_mode(self.mode)


class set_grad_enabled(_Context):
    """At once, and as a context that sets it back."""

    def __init__(self, mode: bool):
        self._outside = gradients[0]
        self._mode = self.mode = bool(mode)
        gradients[0] = self._mode

    def __enter__(self) -> None:
        self._before = self._outside
        gradients[0] = self._mode

    def clone(self) -> Any:
        return set_grad_enabled(self.mode)

    def __call__(self, function: Any) -> Any:
        gradients[0] = self._outside
        return super().__call__(function)


for _kind in (no_grad, enable_grad, inference_mode, set_grad_enabled):
    _kind.__module__ = "torch.autograd.grad_mode"
