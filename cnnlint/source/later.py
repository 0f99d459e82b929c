"""Where code reads a name again: is a tensor that an in-place operator overwrote still needed?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

METADATA = frozenset(
    {"shape", "size", "device", "dtype", "dim", "ndim", "numel", "is_cuda", "requires_grad", "layout", "type"}
    | {"new_zeros", "new_ones", "new_empty", "new_full", "new_tensor"}
)
"""Attributes of a tensor that do not depend on its values."""


class Position(NamedTuple):
    """A stretch of source: rows from 1, offsets in UTF-8 bytes from 0, the end exclusive."""

    row: int
    offset: int
    end_row: int
    end_offset: int

    def holds(self, node: ast.AST) -> bool:
        """Whether a node lies inside."""
        there = position(node)
        return (self.row, self.offset) <= there[:2] and there[2:] <= (self.end_row, self.end_offset)


def position(node: ast.AST) -> Position:
    return Position(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]


def read_again(tree: ast.Module, call: Position, names: frozenset[str]) -> ast.Name | None:
    """The next place after a call at which the function reads one of `names`, whose values the call
    overwrote; None where it does not, or gives them new values before.

    A name that the call's own statement assigns has the new value on purpose. Reads of a tensor's shape
    and other metadata do not count; loops are followed to their end only, not round again.
    """
    path = _statements_around(tree, call)
    if not path:
        return None
    body, index = path[-1]
    statement = body[index]
    if isinstance(statement, ast.Expr) and call.holds(statement.value):
        return None  # `x.add_(y)` as a statement: the new values are what the name is read for
    if not _bodies(statement):
        again = next((node for node in _reads(statement, names) if not call.holds(node)), None)
        if again is not None:
            return again
        names -= _stores(statement)
        if isinstance(statement, (ast.Return, ast.Raise)):
            return None
    for body, index in reversed(path):
        for statement in body[index + 1 :]:
            again = next(_reads(statement, names), None)
            if again is not None:
                return again
            names -= _stores(statement)
            if not names or isinstance(statement, (ast.Return, ast.Raise, ast.Continue, ast.Break)):
                return None
    return None


def _statements_around(tree: ast.Module, call: Position) -> list[tuple[Sequence[ast.stmt], int]]:
    """The statements that hold a call, outermost first, from the body of the innermost function on."""
    path: list[tuple[Sequence[ast.stmt], int]] = []
    bodies: list[Sequence[ast.stmt]] = [tree.body]
    while bodies:
        inner: list[Sequence[ast.stmt]] = []
        for body in bodies:
            for index, statement in enumerate(body):
                if position(statement)[:2] <= call[:2] and call[2:] <= position(statement)[2:]:
                    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                        path = []
                    else:
                        path.append((body, index))
                    inner = _bodies(statement)
        bodies = inner
    return path


def _bodies(statement: ast.stmt) -> list[Sequence[ast.stmt]]:
    """The blocks of a compound statement."""
    found = [getattr(statement, name, None) for name in ("body", "orelse", "finalbody")]
    found += [handler.body for handler in getattr(statement, "handlers", ())]
    found += [case.body for case in getattr(statement, "cases", ())]
    return [body for body in found if isinstance(body, list) and body]


def _reads(node: ast.AST, names: frozenset[str], parent: ast.AST | None = None) -> Iterator[ast.Name]:
    """The places in a node that read the values of names, in order, up to the first that assigns them."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
        return
    if isinstance(node, ast.Name):
        if node.id in names and isinstance(node.ctx, ast.Load) and not _is_metadata(node, parent):
            yield node
        return
    for child in _in_order(node):
        yield from _reads(child, names, node)
        if isinstance(child, ast.stmt):
            names -= _stores(child)


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Children in the order of evaluation: what is assigned comes before where it goes to."""
    if isinstance(node, ast.AugAssign):
        yield (
            ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
            if isinstance(node.target, ast.Name)
            else node.target
        )
        yield node.value
    else:
        yield from ast.iter_child_nodes(node)


def _is_metadata(name: ast.Name, parent: ast.AST | None) -> bool:
    if isinstance(parent, ast.Attribute):
        return parent.attr in METADATA
    if isinstance(parent, ast.Compare):
        return all(isinstance(operator, (ast.Is, ast.IsNot)) for operator in parent.ops)
    return isinstance(parent, ast.Delete)


def _stores(statement: ast.stmt) -> frozenset[str]:
    """The names that a statement assigns."""
    return frozenset(
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
