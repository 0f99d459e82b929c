"""The source of code that runs already: in the files it came from, and in the cells of a notebook."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import linecache
import os
import sys
import sysconfig
import types
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import torch

from cnnlint.runtime.errors import OWN_CODE
from cnnlint.runtime.frames import UserFiles
from cnnlint.source.file import SourceFile

NOTEBOOK = "<notebook>"
"""What the cells of an interactive session are called together."""

INSTALLED = (
    OWN_CODE,
    os.path.dirname(torch.__file__) + os.sep,
    sysconfig.get_path("stdlib") + os.sep,
    f"{os.sep}site-packages{os.sep}",
    f"{os.sep}dist-packages{os.sep}",
)
"""Parts of the paths of code that is nobody's project."""


class LiveFiles(UserFiles):
    """The user's files, found as their code is met. Code that is not in its file any more, which was edited
    since, is not shown.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[types.CodeType, bool] = {}
        self._definitions: dict[str, set[tuple[str, int]]] = {}

    def shows(self, code: types.CodeType) -> bool:
        if code not in self._known:
            self._known[code] = self._find(code)
        return self._known[code]

    def of(self, owner: Any) -> SourceFile | None:
        """The file of a class's own methods, or of a function; None where its source is not there."""
        functions = [owner] if inspect.isfunction(owner) else _functions(owner)
        codes = [function.__code__ for function in functions]
        shown = [code.co_filename for code in codes if self.shows(code)]
        edited = any(code.co_filename in shown and not self.shows(code) for code in codes)
        return self.file(shown[0]) if shown and not edited else None

    @cached_property
    def _cells(self) -> dict[str, tuple[SourceFile, int]]:
        """By the name of its code each cell that ran in this session, as (all of them, rows before it)."""
        lines: list[str] = []
        places: list[tuple[int, int]] = []
        starts = {}
        for number, name, text in sorted(_executed()):
            own = text.removesuffix("\n").split("\n")
            starts[name] = len(lines)
            lines += own
            places += [(number, row) for row in range(1, len(own) + 1)]
        file = SourceFile(NOTEBOOK, "\n".join(lines), tuple(places))
        return {name: (file, start) for name, start in starts.items()}

    def _find(self, code: types.CodeType) -> bool:
        name = code.co_filename
        if name not in self._definitions:
            text = _text(name)
            self._definitions[name] = _definitions(text) if text else set()
            if not self._definitions[name]:
                return False
            if name in self._cells:
                self.add(name, *self._cells[name])
            else:
                self.add(name, SourceFile(_display(name), text))
        return (code.co_qualname, code.co_firstlineno) in self._definitions[name]


def _functions(owner: type) -> list[types.FunctionType]:
    """The functions in the body of a class."""
    found = []
    for value in vars(owner).values():
        value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        value = inspect.unwrap(value) if callable(value) else value
        if inspect.isfunction(value):
            found.append(value)
    return found


def _text(name: str) -> str:
    """The text of the user's code that was compiled under a name; "" for others' or where it is gone."""
    if any(part in name for part in INSTALLED):
        return ""
    return "".join(linecache.getlines(name))


def _definitions(text: str) -> set[tuple[str, int]]:
    """(qualified name, first row) of all code in a text."""
    try:
        pending = [compile(text, "text", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)]
    except (SyntaxError, ValueError):
        return set()
    found = set()
    while pending:
        code = pending.pop()
        found.add((code.co_qualname, code.co_firstlineno))
        pending += [item for item in code.co_consts if isinstance(item, types.CodeType)]
    return found


def _display(name: str) -> str:
    """How a file is shown: relative to the working folder where it lies below it."""
    if name.startswith("<"):
        return name
    relative = os.path.relpath(name)
    return name if relative.startswith("..") else relative


def _executed() -> Iterator[tuple[int, str, str]]:
    """(number, name of its code, text) of the cells that IPython ran and Python can parse."""
    get_shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get_shell() if get_shell else None
    label_of = getattr(getattr(shell, "compile", None), "format_code_name", None)
    if label_of is None:
        return
    for name in list(linecache.cache):
        label = label_of(name)  # ("Cell", "In[3]")
        number = "".join(filter(str.isdecimal, label[1])) if label else ""
        text = "".join(linecache.getlines(name)) if number else ""
        if number and _definitions(text):
            yield int(number), name, text


# -- models without source


@dataclasses.dataclass(frozen=True)
class Printed:
    """A model as a text that would build it: what is shown where its source is not there, as of an
    `nn.Sequential` that was put together in a session.

    Attributes:
        file: a line for each module: `model[3] = Linear(in_features=72, out_features=10, bias=True)`.
        rows: by the module's path.
    """

    file: SourceFile
    rows: dict[str, int]

    def call(self, path: str) -> ast.Call:
        """What builds a module in the text."""
        statement = self.file.tree.body[self.rows[path] - 1]
        assert isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)
        return statement.value


def printed(name: str, modules: list[tuple[str, Any]]) -> Printed:
    """The text of the model with this name and these modules (path, module)."""
    lines = [f"{_subscripted(path)} = {_call(module)}" for path, module in modules]
    rows = {path: row for row, (path, _) in enumerate(modules, 1)}
    return Printed(SourceFile(f"<{name}>", "\n".join(lines)), rows)


def _subscripted(path: str) -> str:
    """`model.features[3]` for `features.3`."""
    text = "model"
    for name in filter(None, path.split(".")):
        if name.isidentifier():
            text += f".{name}"
        else:
            text += f"[{name if name.isdecimal() else repr(name)}]"
    return text


def _call(module: Any) -> str:
    """The module as it prints itself, as far as that is Python."""
    name = type(module).__name__
    try:
        call = f"{name}({module.extra_repr()})"
        ast.parse(call, mode="eval")
    except Exception:  # code of the user's
        return f"{name}()"
    return " ".join(call.split())
