"""The module `torch.fx`: models are not rewritten here."""

from __future__ import annotations

from typing import Any

from .._placeholders import placeholders
from . import graph, graph_module, node, proxy


def wrap(function: Any) -> Any:
    return function


class Proxy:
    """No value is one."""


__getattr__ = placeholders("torch.fx")
__all__ = ["graph", "graph_module", "node", "proxy"]
