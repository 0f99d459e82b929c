"""The module `torch.compiler`: nothing is compiled."""

from __future__ import annotations

from typing import Any

from . import _missing


def is_compiling() -> bool:
    return False


is_exporting = is_dynamo_compiling = is_compiling


def disable(function: Any = None, *args: Any, **kwargs: Any) -> Any:
    return (lambda given: given) if function is None else function


allow_in_graph = assume_constant_result = disable


def reset() -> None:
    return None


__getattr__ = _missing.attribute_of(__name__)
