"""Seeing the rest of a model whose constructor raised: statement by statement, with stand-ins."""

from __future__ import annotations

import ast
from typing import Any

import torch
from torch import nn

FAILED = "__cnnlint_failed__"
"""The name under which a recovering module finds the function that notes a failed statement."""


class StandIn(nn.Module):
    """In place of a layer that could not be constructed: gives its first input back, sizes unknown
    (see `Tracer`)."""

    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        for value in (*args, *kwargs.values()):
            if isinstance(value, torch.Tensor):
                return value
        raise TypeError("a layer that could not be constructed was called without a tensor")


class _Guard(ast.NodeTransformer):
    """Wraps each statement of `__init__` in a try, so that the statements after a bad one still run."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if node.name != "__init__" or not node.args.args:
            return node
        own = node.args.args[0].arg
        node.body = [self._guarded(statement, own) for statement in node.body]
        return node

    def _guarded(self, statement: ast.stmt, own: str) -> ast.stmt:
        if isinstance(
            statement, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass, ast.Return)
        ):
            return statement
        names = [
            target.attr
            for node in ast.walk(statement)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Attribute)
            and isinstance(target.value, ast.Name)
            and target.value.id == own
        ]
        call = ast.Call(
            ast.Name(FAILED, ast.Load()),
            [
                ast.Name("__cnnlint_error__", ast.Load()),
                ast.Name(own, ast.Load()),
                ast.Tuple([ast.Constant(name) for name in names], ast.Load()),
            ],
            [],
        )
        handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), "__cnnlint_error__", [ast.Expr(call)])
        guarded = ast.Try([statement], [handler], [], [])
        for node in ast.walk(handler):
            ast.copy_location(node, statement)
        return ast.copy_location(guarded, statement)


def guard_constructors(statement: ast.stmt) -> ast.stmt:
    """The statement with the constructors of its classes guarded; positions stay."""
    if not isinstance(statement, ast.ClassDef):
        return statement
    return ast.fix_missing_locations(_Guard().visit(statement))


def stand_in(module: Any, names: tuple[str, ...]) -> None:
    """Give a half-built module a stand-in for each attribute that it did not get."""
    for name in names:
        if isinstance(module, nn.Module) and "_modules" in vars(module) and not hasattr(module, name):
            setattr(module, name, StandIn())
