"""Methods of models whose names are slips: `def _init_`, `def foward`, a `forward` inside `__init__`.

They are mended in the tree, so that the model is judged as it was meant; the text keeps its places.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator

from cnnlint.evidence.models import Models, Verdict
from cnnlint.source.file import SourceFile
from cnnlint.source.names import FunctionDef, Imports, positional_parameters
from cnnlint.traces import Problem

_MAY_BE_A_SLIP = re.compile(
    r"\bdef +(?!__init__\b|forward\b)(_*ini?t?i?_+|_+in?i?t\w*|[Ff]\w{5,8})\s*\(|^\s{2,}def +forward\b",
    re.MULTILINE,
)

CONSTRUCTORS = frozenset(
    "_init_ __init __init_ _init__ init__ __int__ __inti__ __initi__ __ini__ __nit__".split()
)

ALIKE = 0.82
"""How alike a name must be to `forward`, by difflib, to be a slip: `foward` is 0.92, `reward` 0.77."""


def mend(file: SourceFile) -> tuple[Problem, ...]:
    """Gives the methods of the tree the names that were meant, and says which. Asked again of the same file,
    it says the same."""
    if not _MAY_BE_A_SLIP.search(file.text):
        return ()
    models = Models(file.tree, Imports(file.tree))
    return tuple(
        problem
        for name, node in models.classes.items()
        if models.verdict(name) is Verdict.MODEL
        for problem in _mended(file, models, node)
    )


def _mended(file: SourceFile, models: Models, node: ast.ClassDef) -> Iterator[Problem]:
    own = [item for item in node.body if isinstance(item, FunctionDef)]
    names = {_written(item) for item in own}
    for method in own:
        written = _written(method)
        if written in CONSTRUCTORS and "__init__" not in names:
            then = "so that it is never called, and the layers are not there"
            yield _renamed(file, node, method, "__init__", then)
        elif _is_slip(written, method) and not _has_forward(models, node):
            yield _renamed(file, node, method, "forward", "so that the model cannot be called")
        elif written == "__init__" and not _has_forward(models, node):
            _take_out(method, node)
    for item in node.body:
        if isinstance(item, FunctionDef) and getattr(item, "moved", False):
            yield Problem(
                "misspelt-method",
                f"forward of {node.name} is defined inside __init__, so that the model cannot be called",
                file.span_of_name(item, "forward"),
                help="indent it as deep as __init__",
                model=node.name,
            )


def _take_out(constructor: FunctionDef, owner: ast.ClassDef) -> None:
    """Gives the class the forward that its constructor defines."""
    for inner in [item for item in constructor.body if isinstance(item, ast.FunctionDef)]:
        if inner.name == "forward" and inner.args.args[:1] and inner.args.args[0].arg == "self":
            constructor.body.remove(inner)
            owner.body.append(inner)
            inner.moved = True  # type: ignore[attr-defined]


def _renamed(file: SourceFile, owner: ast.ClassDef, method: FunctionDef, right: str, then: str) -> Problem:
    written = _written(method)
    method.name = right
    method.written = written  # type: ignore[union-attr]
    return Problem(
        "misspelt-method",
        f"{owner.name} defines {written}, not {right}, {then}",
        file.span_of_name(method, written),
        help=f"write {right}",
        model=owner.name,
        replacement=right,
    )


def _written(method: FunctionDef) -> str:
    """The name as it stands in the text."""
    return getattr(method, "written", method.name)


def _is_slip(name: str, method: FunctionDef) -> bool:
    if (
        name == "forward"
        or abs(len(name) - len("forward")) > 1
        or len(positional_parameters(method.args)) < 2
    ):
        return False
    return difflib.SequenceMatcher(None, name.lower(), "forward").ratio() >= ALIKE


def _has_forward(models: Models, node: ast.ClassDef) -> bool:
    """Whether the class, or a base of the file, has a forward that is written so."""
    return any(
        isinstance(item, FunctionDef) and _written(item) == "forward" and not getattr(item, "moved", False)
        for owner in models.chain(node.name)
        for item in owner.body
    )
