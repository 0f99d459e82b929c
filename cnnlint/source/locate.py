"""Exact places of calls: from the positions that Python's frames give to the call's own text."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from cnnlint.source.file import SourceFile
from cnnlint.traces import Argument, CallSite

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Calls:
    """The calls of a file, found by where they end.

    No two calls end at the same character, while the positions of a frame may begin elsewhere than
    the call does: at the method's name, in a chain that is broken over lines.
    """

    def __init__(self, file: SourceFile):
        self.file = file
        self._by_end: dict[tuple[int, int], ast.Call] = {}
        self._function: dict[ast.Call, Function] = {}
        self._assigned: dict[Function, frozenset[str]] = {}
        pending: list[tuple[ast.AST, Function | None]] = [(file.tree, None)]
        while pending:
            node, function = pending.pop()
            if isinstance(node, ast.Call):
                self._by_end[node.end_lineno, node.end_col_offset] = node  # type: ignore[index]
                if function is not None:
                    self._function[node] = function
            if isinstance(node, Function):
                function = node
            pending.extend((child, function) for child in ast.iter_child_nodes(node))

    def at(self, row: int, offset: int, end_row: int | None, end_offset: int | None) -> ast.Call | None:
        """The call at a position of a frame (`co_positions`: rows from 1, offsets in UTF-8 bytes from
        0); None where the operation there is no call (an operator, a decorator without arguments)."""
        if end_row is None or end_offset is None:
            return None
        call = self._by_end.get((end_row, end_offset))
        if call is None or (call.lineno, call.col_offset) > (row, offset):
            return None
        return call

    def site(self, call: ast.Call, function: str, signature: Sequence[str]) -> CallSite:
        """The call with its written arguments bound to the callee's parameters.

        `signature` names the positional parameters of the callee in order, without `self`; arguments
        behind a `*` cannot be bound and are left out, and so is what `**` brings.
        """
        arguments: list[Argument] = []
        for name, value in zip(signature, call.args, strict=False):
            if isinstance(value, ast.Starred):
                break
            arguments.append(self._argument(call, name, value))
        for item in call.keywords:
            if item.arg:
                arguments.append(replace(self._argument(call, item.arg, item.value), keyword=True))
        span = self.file.span(call)
        return CallSite(span, self.file.segment(self.file.span(call.func)), function, tuple(arguments))

    def _argument(self, call: ast.Call, name: str, value: ast.expr) -> Argument:
        span = self.file.span(value)
        parameter = value.id if isinstance(value, ast.Name) and self._is_parameter(call, value.id) else None
        return Argument(name, span, self.file.segment(span), is_literal(value), parameter)

    def _is_parameter(self, call: ast.Call, name: str) -> bool:
        """Whether a name in the call is a parameter of the function around it that keeps its value."""
        function = self._function.get(call)
        if function is None:
            return False
        arguments = function.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        if not any(argument.arg == name for argument in named):
            return False
        if function not in self._assigned:
            self._assigned[function] = frozenset(
                node.id
                for node in ast.walk(function)
                if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
            )
        return name not in self._assigned[function]


def innermost(tree: ast.AST, place: tuple[int, int, int | None, int | None]) -> ast.expr | None:
    """The smallest expression that holds a position of a frame (as in `Calls.at`)."""
    row, offset, end_row, end_offset = place
    found: ast.expr | None = None
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.expr):
            end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
            if (node.lineno, node.col_offset) > (row, offset) or end < (end_row or row, end_offset or offset):
                continue
            found = node
        pending.extend(ast.iter_child_nodes(node))
    return found


def is_literal(value: ast.expr) -> bool:
    """Whether an expression is a plain number or string, or a tuple or list of them."""
    if isinstance(value, (ast.Tuple, ast.List)):
        return all(is_literal(item) for item in value.elts)
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, (ast.USub, ast.UAdd)):
        value = value.operand
    return isinstance(value, ast.Constant)
