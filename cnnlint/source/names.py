"""Names in syntax: what the file's imports call things, and which names a piece of code needs."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from typing import NamedTuple

FunctionDef = ast.FunctionDef | ast.AsyncFunctionDef
BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__class__"}

CONVENTIONS = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional"}
"""What these names mean where only a `from … import *` can have brought them."""


class Imports:
    """The meaning of dotted names by the file's import statements and plain aliases of them."""

    def __init__(self, tree: ast.Module):
        self.table: dict[str, str] = {}
        self.stars: list[str] = []
        self.modules: set[str] = set()
        self._conventional = set(CONVENTIONS)
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Store):
                    self._conventional.discard(node.id)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    root = alias.name.partition(".")[0]
                    self.modules.add(alias.asname or root)
                    self.table.setdefault(alias.asname or root, alias.name if alias.asname else root)
            elif isinstance(node, ast.ImportFrom):
                self._from(node)
        for statement in tree.body:  # Conv = nn.Conv2d
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Attribute):
                meaning = self.qualified(statement.value)
                for target in statement.targets:
                    if isinstance(target, ast.Name) and meaning and self.is_imported(statement.value):
                        self.table.setdefault(target.id, meaning)

    def _from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        separator = "" if module.endswith(".") else "."
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(module)
            else:
                self.table.setdefault(alias.asname or alias.name, f"{module}{separator}{alias.name}")

    def qualified(self, node: ast.AST | None) -> str | None:
        """`torch.nn.Conv2d` for `nn.Conv2d`; a name that is not imported stands for itself; None for
        what is no dotted name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        root = self.table.get(node.id) or (
            CONVENTIONS.get(node.id) if node.id in self._conventional else None
        )
        if root is None and "torch.nn" in self.stars and node.id[:1].isupper():
            root = f"torch.nn.{node.id}"
        return _canonical(".".join([root or node.id, *reversed(parts)]))

    def is_imported(self, node: ast.AST) -> bool:
        """Whether the root of a dotted name is imported."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self.table


def _canonical(name: str) -> str:
    """`torch.nn.Conv2d` for `torch.nn.modules.conv.Conv2d`."""
    if name.startswith("torch.nn.modules."):
        return f"torch.nn.{name.rpartition('.')[2]}"
    return name


class Need(NamedTuple):
    """What code refers to: names that it does not bind itself, and attributes by name.

    `attributes` holds strings that look like names too, since `getattr` takes them.
    """

    names: frozenset[str]
    attributes: frozenset[str]

    def __or__(self, other: Need) -> Need:  # type: ignore[override]
        return Need(self.names | other.names, self.attributes | other.attributes)


def needs(*nodes: ast.AST | None) -> Need:
    """The free names and the attributes of some code."""
    names: set[str] = set()
    attributes: set[str] = set()
    for node in nodes:
        if node is not None:
            _collect(node, names, attributes)
    return Need(frozenset(names), frozenset(attributes))


def _collect(node: ast.AST, names: set[str], attributes: set[str]) -> None:
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            names.add(node.id)
    elif isinstance(node, ast.Attribute):
        attributes.add(node.attr)
        _collect(node.value, names, attributes)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and node.value.isidentifier():
            attributes.add(node.value)
    elif isinstance(node, (FunctionDef, ast.Lambda)):
        _collect_function(node, names, attributes)
    elif isinstance(node, ast.ClassDef):
        inner: set[str] = set()
        for statement in node.body:
            _collect(statement, inner, attributes)
        own = set(bound_names(node.body))
        methods = (statement for statement in node.body if isinstance(statement, FunctionDef))
        names |= (inner - own) | needs(*methods).names
        for part in (*node.bases, *node.keywords, *node.decorator_list):
            _collect(part, names, attributes)
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        inner = set()
        for child in ast.iter_child_nodes(node):
            _collect(child, inner, attributes)
        names |= inner - {name for part in node.generators for name in target_names(part.target)}
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        names.update(node.names)
    else:
        for child in ast.iter_child_nodes(node):
            _collect(child, names, attributes)


def _collect_function(node: FunctionDef | ast.Lambda, names: set[str], attributes: set[str]) -> None:
    inner: set[str] = set()
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    for part in body:
        _collect(part, inner, attributes)
    local = set(parameter_names(node.args))
    if not isinstance(node, ast.Lambda):
        local |= set(bound_names(node.body)) - _declared_global(node.body)
        for decorator in (*node.decorator_list, node.returns):
            if decorator is not None:
                _collect(decorator, names, attributes)
    names |= inner - local
    _collect(node.args, names, attributes)


def _declared_global(body: Iterable[ast.stmt]) -> set[str]:
    """The names that statements declare `global` or `nonlocal`, nested blocks and functions included."""
    found: set[str] = set()
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            found.update(node.names)
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            pending.extend(getattr(node, field, ()))
    return found


def parameter_names(arguments: ast.arguments) -> list[str]:
    """All parameters of a function, `*args` and `**kwargs` included."""
    named = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    return [argument.arg for argument in named if argument is not None]


def positional_parameters(arguments: ast.arguments) -> list[str]:
    """The parameters that positional arguments bind to, in order."""
    return [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]


def target_names(target: ast.expr) -> Iterator[str]:
    """The names that an assignment to `target` binds (not attributes or items)."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from target_names(item)
    elif isinstance(target, ast.Starred):
        yield from target_names(target.value)


def bound_names(body: Iterable[ast.AST]) -> Iterator[str]:
    """The names that statements bind in their own scope, those in nested blocks included."""
    for node in body:
        if isinstance(node, (FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if alias.name != "*":
                    yield alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                yield node.id
        elif isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            yield from _walrus_names(node)
        else:
            if isinstance(node, ast.ExceptHandler) and node.name:
                yield node.name
            if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
                yield node.name
            yield from bound_names(ast.iter_child_nodes(node))


def _walrus_names(node: ast.AST) -> Iterator[str]:
    for child in ast.walk(node):
        if isinstance(child, ast.NamedExpr):
            yield child.target.id
