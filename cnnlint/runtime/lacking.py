"""Whether an exception speaks of arguments that nobody gave, or of a mistake in the code."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Iterator
from typing import Any

from cnnlint.runtime.errors import words
from cnnlint.runtime.frames import UserFiles
from cnnlint.source.locate import innermost


def leaves_open(error: BaseException, files: UserFiles) -> bool:
    """Whether a function raises for want of an argument that has a default, or that it hands on (`**kwargs`).

    The expression of the user's that raised then uses a parameter that holds nothing (`config["width"]` of
    `config={}`, `backbone.features` of `backbone=None`), or hands it on to what lacks an argument.
    """
    frames = list(_frames(error, files))
    if not frames:
        return False
    empty = {name for frame, _ in frames for name in _empty_parameters(frame)}
    frame, instruction = frames[-1]
    if empty:  # what is made of nothing is nothing
        empty |= {name for name, value in frame.f_locals.items() if _is_empty(value)}
    code = frame.f_code
    node = innermost(files.file(code.co_filename).tree, files.position(code, instruction))
    if isinstance(error, TypeError) and "required" in words(error):
        handed_on = empty | set(_rest_parameters(frame))
        return isinstance(node, ast.Call) and any(_names(item) & handed_on for item in _rest(node))
    if isinstance(error, LookupError) or "None" in words(error):
        return node is not None and bool(_names(node) & empty)
    return False


def _frames(error: BaseException, files: UserFiles) -> Iterator[tuple[types.FrameType, int]]:
    """The user's frames that an exception passed, outermost first, each with its instruction."""
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename in files:
            yield traceback.tb_frame, traceback.tb_lasti
        traceback = traceback.tb_next


def _rest_parameters(frame: types.FrameType) -> tuple[str, ...]:
    """The names of `*args` and `**kwargs` among the parameters of a function."""
    code = frame.f_code
    first = code.co_argcount + code.co_kwonlyargcount
    rest = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[first : first + rest]


def _empty_parameters(frame: types.FrameType) -> Iterator[str]:
    """The parameters of a function that hold None or nothing."""
    code = frame.f_code
    for name in (*code.co_varnames[: code.co_argcount + code.co_kwonlyargcount], *_rest_parameters(frame)):
        if _is_empty(frame.f_locals.get(name, ...)):
            yield name


def _is_empty(value: Any) -> bool:
    return value is None or (type(value) in (dict, list, tuple) and not value)


def _rest(call: ast.Call) -> Iterator[ast.expr]:
    """What a call hands on whole: `*args`, `**kwargs`."""
    yield from (item.value for item in call.args if isinstance(item, ast.Starred))
    yield from (item.value for item in call.keywords if item.arg is None)


def _names(node: ast.AST) -> set[str]:
    """Names and attributes in an expression: a parameter `config` may be kept as `self.config`."""
    found = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return found | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
