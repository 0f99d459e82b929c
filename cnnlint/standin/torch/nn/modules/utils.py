"""One number as one an axis, and constructors by their signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cnnlint.operators.layer_signatures import INTERFACE, REQUIRED

from .module import Module


def ntuple(count: int) -> Callable[[Any], tuple[Any, ...]]:
    def repeated(value: Any) -> tuple[Any, ...]:
        return tuple(value) if isinstance(value, Iterable) else (value,) * count

    return repeated


_single, _pair, _triple, _quadruple = (ntuple(count) for count in (1, 2, 3, 4))
_ntuple = ntuple


def consume_prefix_in_state_dict_if_present(state_dict: Any, prefix: str) -> None:
    return None


def constructor(name: str, construct: Callable[..., None]) -> Any:
    """The `__init__` of a layer with torch's parameters, which hands them to `construct` by position."""
    parameters = [key if value == REQUIRED else f"{key}={value!r}" for key, value in INTERFACE[name].items()]
    given = ", ".join(["self", *INTERFACE[name]])
    text = f"def __init__({', '.join(['self', *parameters])}):\n    construct({given})\n"
    namespace: dict[str, Any] = {"construct": construct}
    exec(compile(text, __file__, "exec"), namespace)
    made = namespace["__init__"]
    made.__qualname__ = f"{name}.__init__"
    return made


def layer(name: str, forward: Any, module: str, base: Any = Module, **attributes: Any) -> Any:
    """A layer that keeps its arguments as its attributes."""
    names = list(INTERFACE[name])

    def construct(self: Any, *values: Any) -> None:
        Module.__init__(self)
        for key, value in zip(names, values, strict=True):
            setattr(self, key, value)

    forward.__name__ = "forward"
    forward.__qualname__ = f"{name}.forward"
    if "__init__" not in attributes:
        attributes["__init__"] = constructor(name, construct)
    return type(name, (base,), {"forward": forward, "__module__": module, **attributes})
