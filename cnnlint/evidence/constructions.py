"""How models are built: the calls of a class or factory."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from cnnlint.evidence.facts import Construction
from cnnlint.source.expressions import Expression, Expressions
from cnnlint.source.file import SourceFile
from cnnlint.source.locate import is_literal
from cnnlint.source.names import needs
from cnnlint.source.scopes import Scope, Use


def ranked(calls: Iterable[Use], expressions: Expressions) -> tuple[Construction, ...]:
    """The calls that can be evaluated, each text once: those that the file runs first, and of these the
    ones that are written in literals."""
    found: list[tuple[tuple[int, int, int], Construction]] = []
    seen: set[tuple[str, str]] = set()
    for use in calls:
        call = use.node
        assert isinstance(call, ast.Call)
        expression = _rebound(use, expressions.file) if not _is_stub(call) else None
        if expression is None and not _is_stub(call):
            expression = expressions.make(use)
        if expression is None:
            continue
        order = (_distance(use.scope), 0 if _has_literals(call) else 1, call.lineno)
        where = expressions.file.line(call.lineno)
        found.append((order, Construction(expression, "evidence", f"as in {where}")))
    ordered = []
    for _, construction in sorted(found, key=lambda item: item[0]):
        text = (construction.expression.text, construction.expression.prelude)
        if text not in seen:
            seen.add(text)
            ordered.append(construction)
    return tuple(ordered)


def unresolved(calls: Iterable[Use], expressions: Expressions) -> tuple[Construction, ...]:
    """The calls that cannot be evaluated, since an argument of their function holds what they need
    (`ResNet(opt.depth)`), as they are written."""
    found: dict[str, Construction] = {}
    for use in calls:
        call = use.node
        assert isinstance(call, ast.Call)
        if not _is_stub(call) and expressions.make(use) is None:
            span = expressions.file.span(call)
            text = ast.unparse(call)
            where = expressions.file.line(call.lineno)
            written = Expression(text, "", needs(call).names, span)
            found.setdefault(text, Construction(written, "evidence", f"as in {where}"))
    return tuple(found.values())


def _rebound(use: Use, file: SourceFile) -> Expression | None:
    """The variable that holds the model, where the call is given what that held before
    (`net = Wrapper(net)`): in the module it has but its last value."""
    if use.scope.is_function:
        return None
    for name in needs(use.node).names:
        values = [binding.value for binding in use.scope.bindings.get(name, ())]
        if len(values) > 1 and values[-1] is use.node:
            return Expression(name, "", frozenset({name}), file.span(use.node))
    return None


def _distance(scope: Scope) -> int:
    """How far a call is from what a file runs: 0 for the module and `main()`, 2 for methods."""
    function = scope.function()
    if function.parent is None or function.name == "main":
        return 0
    return 1 if function.class_scope() is None else 2


def _is_stub(call: ast.Call) -> bool:
    """Whether a call gives nothing but None: it shows that the class can be called, not a model."""
    given = [*call.args, *(item.value for item in call.keywords)]
    return bool(given) and all(isinstance(item, ast.Constant) and item.value is None for item in given)


def _has_literals(call: ast.Call) -> bool:
    return all(is_literal(item) for item in (*call.args, *(item.value for item in call.keywords)))
