"""The module `torch._dynamo`: nothing is compiled."""

from __future__ import annotations

from typing import Any


def is_compiling() -> bool:
    return False


def disable(function: Any = None, *args: Any, **kwargs: Any) -> Any:
    return (lambda given: given) if function is None else function


allow_in_graph = disable
