"""Building without pretrained weights: what looks for them, fetches or checks them may fail.

A statement that reads weights into a model, and those around it that find or fetch the file, are run in
`without`: the model goes on without the weights, as its sizes do not rest on them.
"""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from cnnlint.runtime.errors import is_refusal, words

WITHOUT = "__cnnlint_weights__"
"""The name under which a module finds `without`."""

READS = frozenset({"load_state_dict", "load_url", "load_state_dict_from_url", "download_url_to_file"})
"""Functions and methods that read or fetch weights."""

MENTIONED = re.compile("|".join((*READS, r"torch\.load\b")))
"""What the text of a file has that reads weights."""

_ABOUT_FILES = re.compile(
    r"\bos\.|path|file|exist|weight|pretrain|checkpoint|ckpt|download|url|cache|md5|sha256", re.IGNORECASE
)
"""What a statement beside has that finds or fetches the file."""

_NO_FILE = re.compile(r"file|exist|pretrain|checkpoint|download|not found|md5|sha256|corrupt", re.IGNORECASE)
"""What code says where it is not there."""


class Weights(dict[str, Any]):
    """What reading weights gives: no weights, however deep one looks for them."""

    def __missing__(self, key: str) -> Weights:
        return Weights()

    def pop(self, key: str, *default: Any) -> Any:
        return default[0] if default else Weights()


class _Without:
    """Within it nothing is told of effects. What is raised there is passed over where it is `forgiven`, or
    speaks of files."""

    def __init__(self) -> None:
        self.depth = 0
        self._forgiven: list[bool] = []

    def __call__(self, forgiven: bool) -> _Without:
        self._forgiven.append(forgiven)
        return self

    nothing = Weights

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        self.depth -= 1
        forgiven = self._forgiven.pop()
        if not isinstance(error, Exception):
            return False
        own = isinstance(error, (AssertionError, ValueError, RuntimeError))
        about_files = is_refusal(error) or isinstance(error, OSError)
        return forgiven or about_files or (own and bool(_NO_FILE.search(words(error))))


without = _Without()


LIBRARIES = {"timm.models._builder": "load_pretrained"}
"""Modules of packages with their function that fetches weights for a model which is built already."""


def skip_in_libraries() -> None:
    """Let packages build their models without weights, once they are there."""
    for name, function in LIBRARIES.items():
        module = sys.modules.get(name)
        if module is not None:
            setattr(module, function, _nothing)


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


def build_without(statement: ast.stmt) -> ast.stmt:
    """The statement with what reads weights in its functions run `without` them; positions stay."""
    return ast.fix_missing_locations(_Wrapping().visit(statement))


class _Wrapping(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = _wrapped(node.body)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return node


def _wrapped(body: list[ast.stmt], inside: bool = False) -> list[ast.stmt]:
    """A block of statements, with those that are for weights wrapped, if any in it reads some, or the block
    is `inside` of one that does."""
    if not inside and not any(_reads(statement) for statement in body):
        return body
    found: list[ast.stmt] = []
    for statement in body:
        checks = isinstance(statement, ast.Assert) or (
            isinstance(statement, ast.If) and any(isinstance(item, ast.Raise) for item in statement.body)
        )
        if _is_simple(statement) or checks:
            if _reads(statement) or _ABOUT_FILES.search(ast.unparse(statement)):
                found += _without(statement, forgiven=checks or _reads(statement))
            else:
                found.append(statement)
            continue
        if isinstance(statement, (ast.With, ast.AsyncWith)) and _reads(statement):  # what it opens
            found += _without(statement, forgiven=False)
            continue
        for name in ("body", "orelse", "finalbody"):
            if inner := getattr(statement, name, None):
                setattr(statement, name, _wrapped(inner, inside=True))
        found.append(statement)
    return found


def _without(statement: ast.stmt, forgiven: bool) -> list[ast.stmt]:
    before: list[ast.stmt] = []
    if isinstance(statement, ast.Assign) and _reads(statement):
        nothing = ast.Call(ast.Attribute(ast.Name(WITHOUT, ast.Load()), "nothing", ast.Load()), [], [])
        names = [target for target in statement.targets if isinstance(target, ast.Name)]
        before = [ast.Assign([ast.Name(target.id, ast.Store())], nothing) for target in names]
    call = ast.Call(ast.Name(WITHOUT, ast.Load()), [ast.Constant(forgiven)], [])
    wrapped = [*before, ast.With([ast.withitem(call)], [statement])]
    for item in wrapped:
        ast.copy_location(item, statement)
    return wrapped


def _is_simple(statement: ast.stmt) -> bool:
    return isinstance(statement, (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign))


def _reads(statement: ast.stmt) -> bool:
    """Whether a statement, or one in it, reads weights."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in READS or ast.unparse(function) == "torch.load":
                return True
    return False
