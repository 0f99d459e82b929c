"""Functions with a backward of their own: their forward runs with gradients off."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor, follow, gradients


class FunctionCtx:
    """What forward keeps for backward."""

    def __init__(self, needs: tuple[bool, ...]):
        self.needs_input_grad = needs

    def save_for_backward(self, *tensors: Any) -> None:
        self.saved_tensors = tensors
        self.to_save = tensors

    save_for_forward = save_for_backward

    def mark_dirty(self, *tensors: Any) -> None:
        return None

    mark_non_differentiable = mark_dirty

    def set_materialize_grads(self, value: bool) -> None:
        return None


class Function(FunctionCtx):
    """Base of what has a forward and a backward."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> Any:
        raise NotImplementedError("setup_context is not implemented.")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        tensors = [item for item in args if isinstance(item, Tensor)]
        before = gradients[0]
        ctx = FunctionCtx(tuple(isinstance(item, Tensor) and item.requires_grad for item in args))
        gradients[0] = False
        try:
            if cls.setup_context is not Function.setup_context:
                result = cls.forward(*args, **kwargs)  # type: ignore[attr-defined]
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args, **kwargs)  # type: ignore[attr-defined]
        finally:
            gradients[0] = before
        return _wrapped(result, tensors)


def _wrapped(result: Any, tensors: list[Tensor]) -> Any:
    """The results as they require gradients; one of the arguments comes back as a view of it."""
    if isinstance(result, tuple):
        return tuple(_wrapped(item, tensors) for item in result)
    if not isinstance(result, Tensor):
        return result
    if any(result is tensor for tensor in tensors):
        from .._views import VIEWS

        result = VIEWS["view"](result, tuple(result.shape))
    follow(tensors, result)
    return result


class InplaceFunction(Function):
    """One that may write into its arguments."""


def once_differentiable(function: Any) -> Any:
    return function
