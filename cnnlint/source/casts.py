"""`net.double()` as a statement: the type of numbers that a file gives to a model's weights."""

from __future__ import annotations

import ast

CASTS = frozenset({"double", "float", "half", "bfloat16"})
"""Methods of a module that change its weights, and give it back."""


def cast(tree: ast.Module, model: str) -> str | None:
    """The last of CASTS that a statement calls on what a file calls `model`, or builds of it."""
    held = {model}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(
            isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == model
            for part in ast.walk(node.value)
        ):
            held |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    found = [
        (node.lineno, node.value.func.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr in CASTS
        and isinstance(node.value.func.value, ast.Name)
        and node.value.func.value.id in held
    ]
    return max(found)[1] if found else None
