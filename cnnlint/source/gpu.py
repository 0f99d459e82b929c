"""What code does for a GPU, by its text: branches that a machine without one does not take."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

Position = tuple[int, int, int | None, int | None]
"""(row, offset, end row, end offset), in rows from 1 and bytes from 0, as a frame's instructions have it."""

_SPEAKS_OF_GPU = re.compile(r"cuda|\bgpu|\.device\b|\.is_cpu\b", re.IGNORECASE)

_TAKES_TO_GPU = re.compile(r"\.cuda\b|\.to\(|\bdevice\s*=|['\"]cuda")


def demanded(tree: ast.AST, at: Position) -> bool:
    """Whether what raises here is the code's own remark that there is no GPU: a `raise` or `assert` that
    hangs on a question about devices."""
    path = list(_path(tree, at))
    raising = next((node for node in reversed(path) if isinstance(node, (ast.Raise, ast.Assert))), None)
    if raising is None:
        return False
    tests = [raising.test] if isinstance(raising, ast.Assert) else []
    tests += [node.test for node in _in_function(path) if isinstance(node, ast.If)]
    return any(_SPEAKS_OF_GPU.search(ast.unparse(test)) for test in tests)


@cache
def follows(tree: ast.AST, at: Position) -> bool:
    """Whether the tensor that a call here makes, or reads by its name, is taken to the GPU in a branch that
    is for one: `if torch.cuda.is_available(): noise = noise.cuda()`, also where the call is the other
    branch's."""
    path = list(_path(tree, at))
    function = next((node for node in reversed(path) if isinstance(node, _FUNCTIONS)), None)
    if function is None:
        return False
    given = {item.arg for item in (*function.args.args, *function.args.kwonlyargs)}
    made = {
        node.id
        for statement in path
        if isinstance(statement, (ast.Assign, ast.AnnAssign))
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    } | (_names(path[-1]) - given)
    for branch in ast.walk(function):
        if not isinstance(branch, (ast.If, ast.IfExp)):
            continue
        for taken in _branches(branch):
            moved = [node for node in taken for node in ast.walk(node) if _takes_to_gpu(node)]
            if moved and (branch in path or any(_names(node) & made for node in moved)):
                return True
    return False


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _path(tree: ast.AST, at: Position) -> Iterator[ast.AST]:
    """The nodes that hold a position, outermost first."""
    node: ast.AST | None = tree
    while node is not None:
        yield node
        node = next((child for child in ast.iter_child_nodes(node) if _holds(child, at)), None)


def _holds(node: ast.AST, at: Position) -> bool:
    row, offset, end_row, end_offset = at
    if not isinstance(node, (ast.stmt, ast.expr, ast.excepthandler, ast.withitem, ast.keyword)):
        return False
    if isinstance(node, ast.withitem):
        return _holds(node.context_expr, at)
    end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return (node.lineno, node.col_offset) <= (row, offset) and (
        (end_row or row, end_offset if end_offset is not None else offset) <= end
    )


def _in_function(path: list[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a path that are in its innermost function, innermost first."""
    for node in reversed(path):
        if isinstance(node, _FUNCTIONS):
            return
        yield node


def _branches(node: ast.If | ast.IfExp) -> tuple[list[ast.AST], list[ast.AST]]:
    if isinstance(node, ast.If):
        return [*node.body], [*node.orelse]
    return [node.body], [node.orelse]


def _takes_to_gpu(node: ast.AST) -> bool:
    return isinstance(node, (ast.Assign, ast.AnnAssign, ast.Return, ast.Expr, ast.Call)) and bool(
        _TAKES_TO_GPU.search(ast.unparse(node))
    )


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
