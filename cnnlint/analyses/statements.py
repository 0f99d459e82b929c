"""Which operators are applied in a statement of their own, whose result nobody can read."""

from __future__ import annotations

import ast
from functools import lru_cache

from cnnlint.diagnostic import Span
from cnnlint.graph import Trace
from cnnlint.source.file import SourceFile
from cnnlint.traces import Operation


def stands_alone(trace: Trace, operation: Operation) -> bool:
    """Whether the call that applies an operator is a statement of its own: `F.relu(x)`, `x.flatten(1)`."""
    if trace.source is None or not operation.calls:
        return False
    return operation.calls[0] in _statements(trace.source)


@lru_cache(maxsize=4)
def _statements(source: SourceFile) -> frozenset[Span]:
    """The calls that are statements."""
    return frozenset(
        source.span(node.value)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    )
