"""Where code uses a layer of a class by its name: in what forward runs, or apart from it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from cnnlint.source.file import SourceFile
from cnnlint.source.names import FunctionDef
from cnnlint.traces import Mention

BOOKKEEPING = frozenset(
    """parameters named_parameters buffers state_dict load_state_dict train eval to cuda cpu half float apply
    requires_grad_ zero_grad modules named_modules children named_children""".split()
)
"""Methods of modules that run no forward."""


class Mentions:
    """The uses of layers in one file's text."""

    def __init__(self, file: SourceFile):
        self._file = file
        self._classes = {node.name: node for node in ast.walk(file.tree) if isinstance(node, ast.ClassDef)}
        self._of_class: dict[str, dict[str, Mention]] = {}

    def of(self, name: str) -> dict[str, Mention]:
        """The attributes of a class, by their names, that its own methods use, or else code of the file
        that has an object of it (`net.head(x)`). What only its constructor uses is none."""
        if name not in self._of_class:
            found = {attribute: self._mention(node, False) for attribute, node in self._called}
            if name in self._classes:
                found |= self._own(self._classes[name])
            self._of_class[name] = found
        return self._of_class[name]

    def _own(self, definition: ast.ClassDef) -> dict[str, Mention]:
        methods = {node.name: node for node in definition.body if isinstance(node, FunctionDef)}
        by_forward = _reach("forward", methods)
        by_constructor = _reach("__init__", methods) - by_forward
        found: dict[str, Mention] = {}
        for in_forward in (True, False):
            for name, method in methods.items():
                if name in by_constructor or (name in by_forward) != in_forward:
                    continue
                for attribute, node in _uses(method):
                    if _is_self(node.value, method):
                        found[attribute] = self._mention(node, in_forward)
        return found

    @property
    def _called(self) -> Iterator[tuple[str, ast.Attribute]]:
        """The attributes of other objects than `self` that are called, or of which a method is."""
        for node in ast.walk(self._file.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                callee = node.func
                held = callee.value
                if not _is_name(held, "self"):
                    yield callee.attr, callee
                if callee.attr in BOOKKEEPING or not isinstance(held, ast.Attribute):
                    continue
                if not _is_name(held.value, "self"):
                    yield held.attr, held

    def _mention(self, node: ast.Attribute, in_forward: bool) -> Mention:
        return Mention(self._file.span(node), in_forward)


def _reach(start: str, methods: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]) -> set[str]:
    """The methods that one runs, itself included."""
    found: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name in methods and name not in found:
            found.add(name)
            pending += [attribute for attribute, _ in _uses(methods[name])]
    return found


def _uses(method: ast.AST) -> Iterator[tuple[str, ast.Attribute]]:
    """The attributes that code reads to use them: not to keep books of them, nor to hand them out
    (`return self.head`)."""
    idle: set[int] = set()
    for node in ast.walk(method):
        keeps = isinstance(node, ast.Attribute) and node.attr in BOOKKEEPING
        if (keeps or isinstance(node, ast.Return)) and node.value is not None:  # type: ignore[attr-defined]
            idle.add(id(node.value))  # type: ignore[attr-defined]
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in idle:
            yield node.attr, node


def _is_self(node: ast.expr, method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = [*method.args.posonlyargs, *method.args.args][:1]
    return bool(first) and _is_name(node, first[0].arg)


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
