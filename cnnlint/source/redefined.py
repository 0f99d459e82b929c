"""Files that define a class or a function again: each definition is read with what belongs to it.

What stands between a definition and the next of its name, and refers to it or to what was made of it, is said
of that one alone. A version of the file has one definition of each name; the rows stay.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnnlint.source.file import SourceFile
from cnnlint.source.names import bound_names

MOST_VERSIONS = 8
"""Definitions of one name that are read, from the last one back."""

_Definition = ast.ClassDef | ast.FunctionDef

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def versions(file: SourceFile) -> Iterator[tuple[SourceFile, frozenset[int]]]:
    """The file with the last definition of each name, and then with earlier ones: each with the rows that
    only it has. The file itself, and no rows, where no name is defined again."""
    defined: dict[str, list[int]] = defaultdict(list)
    body = file.tree.body
    for index, statement in enumerate(body):
        if isinstance(statement, _Definition):
            defined[statement.name].append(index)
    again = [
        places
        for name, places in defined.items()
        if len(places) > 1 and not any(_extends(body[index], name) for index in places)
    ]
    if not again:
        yield file, frozenset()
        return
    left_out: set[int] = set()
    for back in range(min(max(map(len, again)), MOST_VERSIONS)):
        now: set[int] = set()
        for places in again:
            kept = len(places) - 1 - (back if back < len(places) else 0)
            for number, place in enumerate(places):
                if number != kept:
                    end = places[number + 1] if number + 1 < len(places) else len(body)
                    now |= _belonging(body, place, end)
        if back:  # what runs behind the next definition is said of that
            following = min(places[len(places) - back] for places in again if back < len(places))
            now |= {
                index
                for index in range(following, len(body))
                if not isinstance(body[index], (*_DEFINITIONS, ast.Import, ast.ImportFrom))
            }
        left_out = left_out or now
        own = frozenset(row for index in left_out - now for row in _rows(body[index]))
        yield _without(file, [body[index] for index in now]), own


def _extends(statement: ast.stmt, name: str) -> bool:
    """Whether a definition builds on the one before: `class Net(Net)`, a decorator that registers."""
    parts: list[ast.expr] = []
    if isinstance(statement, ast.ClassDef):
        parts = [*statement.bases, *statement.decorator_list]
    elif isinstance(statement, ast.FunctionDef):
        parts = statement.decorator_list
    return bool(isinstance(statement, ast.FunctionDef) and parts) or any(
        isinstance(node, ast.Name) and node.id == name for part in parts for node in ast.walk(part)
    )


def _belonging(body: Sequence[ast.stmt], place: int, end: int) -> set[int]:
    """The definition at an index, and the statements up to the next one that rest on it."""
    definition = body[place]
    assert isinstance(definition, _Definition)
    names = {definition.name}
    found = {place}
    for index in range(place + 1, end):
        statement = body[index]
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            continue
        if any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(statement)):
            found.add(index)
            if not isinstance(statement, (ast.For, ast.While, ast.If, ast.With)):
                names |= set(bound_names([statement]))
    return found


def _rows(statement: ast.stmt) -> range:
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(item.lineno for item in decorators)])
    return range(first, (statement.end_lineno or first) + 1)


def _without(file: SourceFile, statements: Sequence[ast.stmt]) -> SourceFile:
    """The file with the rows of statements blank."""
    blank = {row for statement in statements for row in _rows(statement)}
    lines = ["" if row in blank else line for row, line in enumerate(file.lines, start=1)]
    return replace(file, text="\n".join(lines))
