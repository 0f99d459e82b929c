"""Holds a description against torch itself: the same verdict, the same sizes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import torch

from cnnlint.operators.base import Operator, Refusal, TensorSpec
from tests.standin.light import NeedsTorch, functions, light, lightly


def spec(tensor: torch.Tensor) -> TensorSpec:
    """The tensor as descriptions see it: strides only where it is not contiguous."""
    strides = None if tensor.is_contiguous() else tuple(tensor.stride())
    return TensorSpec(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), strides)


def specs(value: Any) -> Any:
    """A value with the tensors in it, also in nested lists and tuples, as specs; dtypes by name."""
    if isinstance(value, torch.Tensor):
        return spec(value)
    if isinstance(value, (tuple, list)):
        return type(value)(specs(item) for item in value)
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    return value


def judge(operator: Operator, *args: Any, **kwargs: Any) -> Refusal | None:
    """Our verdict on a call. Arguments that do not bind are a refusal too."""
    try:
        bound = operator.bind(specs(args), {key: specs(value) for key, value in kwargs.items()})
    except TypeError as error:
        return Refusal("argument", str(error), exception="TypeError")
    return operator.refuse(bound)


def assert_agrees(
    operator: Operator, function: Callable[..., Any], *args: Any, strides: bool = True, **kwargs: Any
) -> Refusal | None:
    """Calls torch and asks the description about the same call.

    Asserts that we refuse exactly when torch raises, and else that the tensors that come out have the
    same shapes, dtypes and (unless `strides` is False) strides. Put the tensors on "meta" where torch's
    meta kernel is as strict as the real one, else on "cpu" and keep them small.

    An output that holds nothing is a collapse to us also where torch lets it pass.

    Returns our refusal, for further assertions on it.
    """
    refusal = judge(operator, *args, **kwargs)
    try:
        result = function(*args, **kwargs)
    except Exception as error:
        assert refusal is not None, f"torch raises {type(error).__name__}: {error}"
        return refusal
    if refusal and refusal.reason == "collapse" and any(not tensor.numel() for tensor in flat(result)):
        return refusal
    assert refusal is None, f"torch gives {specs(result)}, but we say: {refusal.message}"
    output = operator.output(operator.bind(specs(args), {key: specs(value) for key, value in kwargs.items()}))
    ours = list(flat(output))
    theirs = [specs(tensor) for tensor in flat(result)]
    assert [one.shape for one in ours] == [one.shape for one in theirs]
    assert [one.dtype for one in ours] == [one.dtype for one in theirs]
    if strides:
        assert [walked(one) for one in ours] == [walked(one) for one in theirs]
    stand_in_agrees(operator, function, args, kwargs, theirs, strides)
    return None


def stand_in_agrees(
    operator: Operator, function: Any, args: Any, kwargs: Any, theirs: list[TensorSpec], strides: bool
) -> None:
    """Asserts that the stand-in's function of this name gives what torch gave, or asks for torch."""
    name = next((name for name in operator.names if name in functions and resolve(name) is function), None)
    if name is None or operator.inplace:
        return
    given = {key: lightly(value) for key, value in kwargs.items()}
    try:
        result = functions[name](*lightly(args), **given)
    except NeedsTorch:
        return
    found = list(flat(result))
    assert [tuple(one.shape) for one in found] == [one.shape for one in theirs]
    assert [one.dtype.name for one in found] == [one.dtype for one in theirs]
    if strides:
        ours = [TensorSpec(tuple(one.shape), one.dtype.name, one.stride()) for one in found]
        assert [walked(one) for one in ours] == [walked(one) for one in theirs]


def flat(value: Any) -> Iterator[Any]:
    """The tensors (or specs) of a result, nested tuples opened."""
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from flat(item)
    elif isinstance(value, (torch.Tensor, TensorSpec, light.Tensor)):
        yield value


def walked(tensor: TensorSpec) -> list[tuple[int, int]]:
    """Size and stride of the axes along which one can step: strides of axes of size 1 mean nothing."""
    if 0 in tensor.shape:
        return []
    strides = tensor.strides or contiguous(tensor.shape)
    return [(size, stride) for size, stride in zip(tensor.shape, strides, strict=True) if size != 1]


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a contiguous tensor."""
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.insert(0, step)
        step *= max(size, 1)
    return tuple(strides)


def resolve(name: str) -> Any:
    """The torch object with a qualified name (`torch.nn.functional.conv2d`), or None."""
    parts = name.split(".")
    found: Any = importlib.import_module(parts[0])
    for part in parts[1:]:
        found = getattr(found, part, None)
    return found


def table(operators: list[Operator]) -> dict[str, Operator]:
    """The operators of a family by their short names."""
    return {operator.name: operator for operator in operators}
