"""The module `torch.utils.checkpoint`: nothing is computed twice."""

from __future__ import annotations

from typing import Any

_OPTIONS = ("use_reentrant", "preserve_rng_state", "context_fn", "determinism_check", "debug", "early_stop")


def checkpoint(function: Any, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **{name: value for name, value in kwargs.items() if name not in _OPTIONS})


def checkpoint_sequential(functions: Any, segments: int, input: Any, **kwargs: Any) -> Any:
    from ..nn import Sequential

    for function in functions.children() if isinstance(functions, Sequential) else functions:
        input = function(input)
    return input


class CheckpointFunction:
    @staticmethod
    def apply(function: Any, preserve_rng_state: bool, *args: Any) -> Any:
        return function(*args)
