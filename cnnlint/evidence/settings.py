"""Values that a file gives to names: what its command line, its calls, its constants and its signatures say.

They are for the arguments of a model that nothing constructs where it can be read: a project calls the
same thing by the same name (`--sample_size 112` here, `ResNet(sample_size=…)` there).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cnnlint.source.file import SourceFile
from cnnlint.source.names import FunctionDef, Imports
from cnnlint.source.slice import LIBRARIES


@dataclass(frozen=True)
class Setting:
    """A value of a name, and where it stands (`opts.py, line 12`)."""

    value: Any
    where: str


@dataclass(frozen=True)
class Source:
    """Names that one place gives values to; a lower rank speaks with more weight."""

    rank: int
    settings: dict[str, Setting]


def sources(file: SourceFile) -> list[Source]:
    """The places of a file that give values to names. Its text must parse."""
    imports = Imports(file.tree)
    options: dict[str, Setting] = {}
    found: list[Source] = []
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
                options.update(_option(node, file))
            elif (imports.qualified(node.func) or "").partition(".")[0] not in LIBRARIES:
                given = {item.arg: item.value for item in node.keywords if item.arg}
                found.append(Source(1, _literals(given.items(), file)))
        elif isinstance(node, FunctionDef):
            found.append(Source(3, _literals(_defaults(node.args), file)))
    found.append(Source(0, options))
    found.append(Source(2, _literals(_constants(file.tree), file)))
    return [source for source in found if source.settings]


def chosen(names: Iterable[str], given: Iterable[Source]) -> dict[str, Setting]:
    """Values for names: those of the place that knows the most of them, then of the next."""
    missing = list(names)
    ordered = list(given)
    found: dict[str, Setting] = {}
    while missing and ordered:
        best = min(
            ordered, key=lambda source: (-sum(name in source.settings for name in missing), source.rank)
        )
        known = [name for name in missing if name in best.settings]
        if not known:
            break
        found.update((name, best.settings[name]) for name in known)
        missing = [name for name in missing if name not in found]
    return found


def _option(call: ast.Call, file: SourceFile) -> dict[str, Setting]:
    """`parser.add_argument("--sample-size", default=112)`."""
    keywords = {item.arg: item.value for item in call.keywords if item.arg}
    flags = [item.value for item in call.args if isinstance(item, ast.Constant)]
    names = [keywords["dest"].value] if isinstance(keywords.get("dest"), ast.Constant) else flags  # type: ignore[attr-defined]
    if "default" not in keywords:
        return {}
    pairs = [
        (name.lstrip("-").replace("-", "_"), keywords["default"]) for name in names if isinstance(name, str)
    ]
    return _literals(pairs, file)


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The names that the module, or its `__main__` block, sets to something."""
    blocks = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.If))]
    for statement in (statement for block in blocks for statement in block):
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id.lower(), statement.value


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    behind = positional[len(positional) - len(arguments.defaults) :]
    yield from ((item.arg, value) for item, value in zip(behind, arguments.defaults, strict=True))
    for item, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if value is not None:
            yield item.arg, value


def _literals(pairs: Iterable[tuple[str, ast.expr]], file: SourceFile) -> dict[str, Setting]:
    """Those that are written as literals; None says nothing."""
    found: dict[str, Setting] = {}
    for name, node in pairs:
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        if value is not None:
            found.setdefault(name, Setting(value, file.line(node.lineno)))
    return found
