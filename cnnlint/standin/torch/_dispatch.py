"""How every function of torch is called: first by the mode that is active, then by its kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

modes: list[Any] = []
"""The active modes (`torch.overrides.TorchFunctionMode`), the innermost last."""

functions: dict[str, Any] = {}
"""The functions that go through the modes, by their qualified names (`torch.Tensor.add`)."""


def through(asked: Any, kernel: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What the active mode makes of the call of a function, else its kernel."""
    if modes:
        mode = modes.pop()
        try:
            return mode.__torch_function__(asked, (), args, kwargs)
        finally:
            modes.append(mode)
    return kernel(*args, **kwargs)


def function(
    name: str,
    kernel: Callable[..., Any],
    sign: bool = False,
    look: Callable[[Any], None] | None = None,
) -> Callable[..., Any]:
    """The function of this qualified name, which the active mode is asked for first. A kernel runs without
    the mode that called it, as in torch. `sign`: Python calls it for a sign; `look` is given the arguments
    before all that."""

    def called(*args: Any, **kwargs: Any) -> Any:
        if look is not None:
            look(args)
        return through(asked, kernel, args, kwargs)

    parts = name.split(".")
    asked = called = refusing(called) if sign else called
    called.__name__ = called.__qualname__ = parts[-2] if parts[-1] == "__get__" else parts[-1]
    if parts[-1] == "__get__":
        called.__name__ = "__get__"
    called.__module__ = ".".join(parts[:-1])
    called.__doc__ = None
    functions[name] = called
    return called


def is_operand(value: Any) -> bool:
    """Whether torch takes a value for a tensor or a number: one of its own, Python's or numpy's."""
    return (
        isinstance(value, (int, float, complex))
        or hasattr(type(value), "dtype")
        or hasattr(type(value), "untyped_storage")
    )


def parsed(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that a sign calls and whose operands torch looks at before any mode is asked."""

    def sign(self: Any, *others: Any) -> Any:
        return method(self, *others) if all(map(is_operand, others)) else NotImplemented

    return sign


def refusing(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that a sign calls: for what it does not take Python asks the other side."""

    def sign(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except TypeError:
            return NotImplemented

    return sign


def reached_by_mode(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The decorator form of `function`."""
    return lambda kernel: function(name, kernel)
