"""Names that may be imported, inherited from and handed on, and ask for torch when they are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnlint.standin.needs import NeedsTorch


def placeholders(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module all of whose names are such: a class each."""
    made: dict[str, Any] = {}

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        if name not in made:

            def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:
                raise NeedsTorch(f"{module}.{name}")

            made[name] = type(name, (), {"__new__": __new__, "__module__": module})
        return made[name]

    return __getattr__
