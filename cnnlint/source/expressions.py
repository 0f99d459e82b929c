"""Expressions of a file made fit to be evaluated later: with the local statements that they need."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from cnnlint.diagnostic import Span
from cnnlint.source.file import SourceFile
from cnnlint.source.names import BUILTINS, FunctionDef, Imports, bound_names, needs, parameter_names
from cnnlint.source.scopes import Scope, Scopes, Use, argument_for, default_for
from cnnlint.source.slice import Block, BodySlice, branches, is_main_guard

DEEPEST_CALL_CHAIN = 5
"""How many calls outwards a parameter is followed to its argument."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of the file, to be evaluated in the module's namespace.

    Attributes:
        text: the expression's source (`Net(args.classes)`).
        prelude: the statements of the enclosing functions that it needs, in order, as source text
            without indentation (`args = parser.parse_args()`); "" at module level.
        names: the module-level names that text and prelude need, for the slice.
        span: where it stands.
        places: of each statement of the prelude where it stands in the file, None for one that does not
            stand there as it is.
    """

    text: str
    prelude: str
    names: frozenset[str]
    span: Span
    places: tuple[Span | None, ...] = ()


class _Prelude(NamedTuple):
    """Statements to run before an expression, and the names of the module that both need."""

    statements: list[ast.stmt]
    names: frozenset[str]


class Expressions:
    """Makes `Expression`s of a file."""

    def __init__(self, file: SourceFile, scopes: Scopes, imports: Imports):
        self.file = file
        self.scopes = scopes
        self.imports = imports

    def make(self, use: Use, rewritten: ast.expr | None = None) -> Expression | None:
        """An expression with what it needs of its surroundings; None where it hangs on something that
        the text does not say (`self`, a parameter that no call gives).

        With `rewritten` given, that is evaluated in the place of `use.node`.
        """
        place = (use.node.lineno, use.node.col_offset)
        node = rewritten or use.node
        prelude = self._prelude(needs(node).names, use, place, DEEPEST_CALL_CHAIN)
        if prelude is None:
            return None
        span = self.file.span(use.node)
        text = ast.unparse(node) if rewritten is not None else self.file.segment(span)
        return self._expression(text, prelude, span)

    def after(self, name: str, scope: Scope, span_of: ast.AST) -> Expression | None:
        """The value that a local variable has at the end of its function or `__main__` block."""
        place = (10**9, 0)
        use = Use(span_of, scope, ())  # type: ignore[arg-type]
        prelude = self._prelude(frozenset({name}), use, place, DEEPEST_CALL_CHAIN)
        if prelude is None:
            return None
        return self._expression(name, prelude, self.file.span(span_of))

    def _expression(self, text: str, prelude: _Prelude, span: Span) -> Expression:
        source = "\n".join(map(ast.unparse, prelude.statements))
        places = tuple(
            self._place(statement) if id(statement) in self._written else None
            for statement in prelude.statements
        )
        return Expression(text, source, prelude.names - BUILTINS, span, places)

    def _place(self, statement: ast.stmt) -> Span:
        """Where a statement stands, with its decorators."""
        place = self.file.span(statement)
        decorators = getattr(statement, "decorator_list", [])
        if not decorators:
            return place
        return replace(place, row=decorators[0].lineno)

    @cached_property
    def _written(self) -> frozenset[int]:
        """The statements that stand in the file, in contrast to what slicing makes of them."""
        return frozenset(id(node) for node in ast.walk(self.file.tree) if isinstance(node, ast.stmt))

    def _prelude(
        self, names: frozenset[str], use: Use, place: tuple[int, int], depth: int
    ) -> _Prelude | None:
        """What must run so that the names have their values at a place in a scope."""
        scope = use.scope
        node = scope.node
        if isinstance(node, ast.Module):
            return self._module_prelude(names, place)
        assert scope.parent is not None
        if isinstance(node, ast.ClassDef):
            return self._prelude(names, use._replace(scope=scope.parent), place, depth)
        body = _preceding(node.body, place) if isinstance(node, FunctionDef) else _comprehension(node)
        sliced = BodySlice(body, self.imports)
        statements, needed = sliced.close(names)
        parameters = needed & frozenset(parameter_names(node.args)) if hasattr(node, "args") else frozenset()
        outer_names = needed - sliced.bound - parameters if sliced.bound else needed - parameters
        outside = self._prelude(
            outer_names, Use(use.node, scope.parent, scope.path), _definition(node), depth
        )
        if outside is None:
            return None
        if not parameters:
            return _Prelude([*outside.statements, *statements], outside.names)
        passed = self._parameters(parameters, scope, depth)
        if passed is None:
            return None
        return _Prelude([*outside.statements, *passed.statements, *statements], outside.names | passed.names)

    def _parameters(self, names: frozenset[str], function: Scope, depth: int) -> _Prelude | None:
        """Assignments that give parameters the values of one call of their function, the first that
        says them all; else their defaults."""
        if depth == 0 or not isinstance(function.node, FunctionDef):
            return None
        arguments = function.node.args
        in_class = function.parent is not None and function.parent.is_class
        positional = [item.arg for item in (*arguments.posonlyargs, *arguments.args)][1 if in_class else 0 :]
        ordered = sorted(names)
        sites = [*self.scopes.calls_to(function), None]
        for site in sites:
            values: list[ast.expr] = []
            for name in ordered:
                value = argument_for(site.node, name, positional) if site is not None else None
                value = value or default_for(arguments, name) or _empty_rest(arguments, name)
                if value is None:
                    break
                values.append(value)
            if len(values) < len(ordered):
                continue
            where = site or Use(values[0], function.parent or function, function.path)
            place = (where.node.lineno, where.node.col_offset) if site else _definition(function.node)
            prelude = self._prelude(needs(*values).names, where, place, depth - 1)
            if prelude is not None:
                targets: list[ast.expr] = [ast.Name(name, ast.Store()) for name in ordered]
                single = len(ordered) == 1
                assignment = ast.Assign(
                    [targets[0] if single else ast.Tuple(targets, ast.Store())],
                    values[0] if single else ast.Tuple(values, ast.Load()),
                )
                ast.fix_missing_locations(ast.copy_location(assignment, function.node))
                return _Prelude([*prelude.statements, assignment], prelude.names)
        return None

    def _module_prelude(self, names: frozenset[str], place: tuple[int, int]) -> _Prelude:
        """The statements of a `__main__` block, which the module's slice does not run, before a place
        in it."""
        for statement in self.file.tree.body:
            if is_main_guard(statement) and statement.lineno <= place[0]:
                inside = place <= (statement.end_lineno or 0, 10**9)
                if not inside and place[0] != 10**9:
                    continue
                body = _preceding(statement.body, place)  # type: ignore[attr-defined]
                sliced = BodySlice(body, self.imports)
                if not sliced.bound & names:
                    continue
                statements, needed = sliced.close(names)
                return _Prelude(statements, needed - _defined_in(statements))
        return _Prelude([], names)


def _definition(node: ast.AST) -> tuple[int, int]:
    """The place up to which the scope around a function is followed: its end, since the function is
    called later than it is defined."""
    return (10**9, 0) if isinstance(node, (FunctionDef, ast.Lambda)) else (node.lineno, node.col_offset)  # type: ignore[attr-defined]


def _defined_in(statements: Iterable[ast.stmt]) -> frozenset[str]:
    return frozenset(bound_names(statements))


def _empty_rest(arguments: ast.arguments, name: str) -> ast.expr | None:
    """`()` and `{}` for `*args` and `**kwargs`."""
    if arguments.vararg is not None and arguments.vararg.arg == name:
        return ast.Tuple([], ast.Load())
    if arguments.kwarg is not None and arguments.kwarg.arg == name:
        return ast.Dict([], [])
    return None


def _preceding(body: list[ast.stmt], place: tuple[int, int]) -> list[ast.stmt]:
    """The statements of a body that run before a place in it; of blocks around the place only what
    leads there, of loops around it the first round."""
    found: list[ast.stmt] = []
    for statement in body:
        if (statement.lineno, statement.col_offset) > place:
            break
        end = (statement.end_lineno or 0, statement.end_col_offset or 0)
        if end <= place:
            found.append(statement)
            continue
        if isinstance(statement, Block):
            found += _entered(statement)
            for branch in branches(statement):
                if branch and _covers(branch, place):
                    found += _preceding(branch, place)
        break
    return found


def _covers(branch: list[ast.stmt], place: tuple[int, int]) -> bool:
    first, last = branch[0], branch[-1]
    return (first.lineno, first.col_offset) <= place < (last.end_lineno or 0, last.end_col_offset or 0)


def _entered(block: Block) -> list[ast.stmt]:
    """What entering a block binds, as plain assignments."""
    assignments: list[ast.stmt] = []
    if isinstance(block, (ast.For, ast.AsyncFor)):
        assignments.append(ast.Assign([block.target], _first(block.iter)))
    elif isinstance(block, (ast.With, ast.AsyncWith)):
        for item in block.items:
            if item.optional_vars is not None:
                enter = ast.Call(ast.Attribute(item.context_expr, "__enter__", ast.Load()), [], [])
                assignments.append(ast.Assign([item.optional_vars], enter))
    return [ast.fix_missing_locations(ast.copy_location(node, block)) for node in assignments]


def _first(iterable: ast.expr) -> ast.expr:
    inner = ast.Call(ast.Name("iter", ast.Load()), [iterable], [])
    return ast.Call(ast.Name("next", ast.Load()), [inner], [])


def _comprehension(node: ast.AST) -> list[ast.stmt]:
    if not isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return []
    return [
        ast.fix_missing_locations(ast.copy_location(ast.Assign([part.target], _first(part.iter)), node))
        for part in node.generators
    ]
