"""Classes and functions that are defined inside other ones: how the module's namespace gives them."""

from __future__ import annotations

import ast

from cnnlint.source.expressions import Expression, Expressions
from cnnlint.source.scopes import Scope


def definition(scope: Scope, expressions: Expressions) -> Expression | None:
    """The class or function of a scope as an expression: of a class in a class by its dotted name, of one
    in a function by what runs before the function's end. None where that hangs on what the text does not
    say (a parameter that no call gives)."""
    name = scope.name
    parent = scope.parent
    while parent is not None and isinstance(parent.node, ast.ClassDef):
        name = f"{parent.name}.{name}"
        parent = parent.parent
    if parent is None or parent.parent is None:
        root = name.partition(".")[0]
        return Expression(name, "", frozenset({root}), expressions.file.span(scope.node))
    if "." in name:
        return None
    return expressions.after(name, parent, scope.node)
