"""Where the text of a class gives its objects their parts: `self.conv = nn.Conv2d(3, 8, 3)`."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cached_property

from cnnlint.source.file import SourceFile


class Attributes:
    """The attributes that the classes of a file give their objects."""

    def __init__(self, file: SourceFile):
        self.file = file

    def value(self, class_name: str, attribute: str) -> ast.expr | None:
        """What is assigned to an attribute; None where nothing is, or several things are."""
        found = self._assigned.get((class_name, attribute), [])
        return found[0] if len(found) == 1 else None

    @cached_property
    def _assigned(self) -> dict[tuple[str, str], list[ast.expr]]:
        found: dict[tuple[str, str], list[ast.expr]] = defaultdict(list)
        for node in ast.walk(self.file.tree):
            if not isinstance(node, ast.ClassDef):
                continue
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.args.args:
                    own = method.args.args[0].arg
                    for name, value in _assignments(method, own):
                        found[node.name, name].append(value)
        return found


def _assignments(method: ast.FunctionDef, own: str) -> list[tuple[str, ast.expr]]:
    """(attribute, value) of each assignment to an attribute of the method's first parameter."""
    found = []
    for node in ast.walk(method):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        for target in targets:
            if (
                isinstance(target, ast.Attribute)
                and isinstance(target.value, ast.Name)
                and target.value.id == own
                and isinstance(value, ast.expr)
            ):
                found.append((target.attr, value))
    return found


def part(call: ast.Call, name: str) -> ast.expr | None:
    """What a call that builds a container puts in under a name: `nn.Sequential(first, second)`, also of a
    list, a dictionary, and an `OrderedDict` of pairs. None where that is not written out."""
    items: list[ast.expr] = list(call.args)
    if len(items) == 1 and isinstance(items[0], ast.Call) and len(items[0].args) == 1:
        inner = items[0]
        if isinstance(inner.func, (ast.Name, ast.Attribute)) and ast.unparse(inner.func).endswith("Dict"):
            items = list(inner.args)
    if len(items) == 1 and isinstance(items[0], ast.Dict):
        return next((value for key, value in _pairs(items[0]) if key == name), None)
    if len(items) == 1 and isinstance(items[0], (ast.List, ast.Tuple)):
        items = items[0].elts
    if any(isinstance(item, ast.Starred) for item in items):
        return None
    for item in items:
        if isinstance(item, ast.Tuple) and len(item.elts) == 2 and _text(item.elts[0]) == name:
            return item.elts[1]
    return items[int(name)] if name.isdecimal() and int(name) < len(items) else None


def _pairs(node: ast.Dict) -> list[tuple[str | None, ast.expr]]:
    return [(_text(key), value) for key, value in zip(node.keys, node.values, strict=True)]


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
