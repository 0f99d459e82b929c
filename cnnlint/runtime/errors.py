"""Exceptions of the user's code: what the trace and its problems tell of them, and whose they are."""

from __future__ import annotations

import dis
import errno
import os
import re
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnnlint.source.gpu import demanded

if TYPE_CHECKING:
    from cnnlint.runtime.frames import UserFiles

from cnnlint import standin

LONGEST = 300
"""Characters of an exception's words that are told."""

OWN_CODE = os.path.dirname(os.path.dirname(__file__)) + os.sep


class Refused(PermissionError):
    """An effect that cnnlint does not allow while it lints."""

    def __init__(self, what: str):
        super().__init__(errno.EPERM, f"cnnlint refuses {what} while a file is linted")


class Unread(FileNotFoundError):
    """What a data set would read from its files, which it does not while a file is linted."""


def words(error: BaseException) -> str:
    """What an exception says, which is its own code and may raise or be endless; nothing that a terminal
    would take for a command."""
    try:
        text = str(error)[: 20 * LONGEST]
    except BaseException:
        return ""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "?" for sign in text)


def first_line(error: BaseException) -> str:
    """The first line of an exception's own words."""
    line = words(error).strip().partition("\n")[0]
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"


def said(error: BaseException) -> str:
    """An exception in one line, with its type."""
    line = first_line(error)
    return f"{type(error).__name__}: {line}" if line else type(error).__name__


def is_refusal(error: BaseException | None) -> bool:
    """Whether an exception is a refused effect, or what became of one."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, Refused):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an allocation failed: of Python's, or one that torch words itself."""
    return isinstance(error, MemoryError) or (error is not None and "allocate memory" in words(error))


_NO_GPU = re.compile(
    r"no NVIDIA driver|not compiled with CUDA|CUDA driver|torch\.cuda\.\w+Tensor not available"
    r"|\b(cuda|gpu)\b.{0,20}\b(not|un)\s?(available|found)"
    r"|\b(no|requires?|needs?|only)\b.{0,30}\b(cuda|gpus?)\b",
    re.IGNORECASE,
)
"""What torch, and those who write for a GPU alone, say where there is none."""


def lacks_gpu(error: BaseException, files: UserFiles) -> bool:
    """Whether an exception is raised only because there is no GPU here, by its words or by the question that
    its `raise` hangs on."""
    if _NO_GPU.search(words(error)):
        return True
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None or traceback.tb_frame.f_code.co_filename not in files:
        return False
    code = traceback.tb_frame.f_code
    return demanded(files.file(code.co_filename).tree, files.position(code, traceback.tb_lasti))


def hand_over(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls what is not ours: an exception that has no frame beyond this one is that function's."""
    return function(*args, **kwargs)


def raised_in(error: BaseException) -> types.FrameType | None:
    """The frame that raised an exception."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame if traceback else None


def is_ours(error: BaseException) -> bool:
    """Whether an exception is a fault of cnnlint's own: it was raised in its code, and is none that its
    code raises for the user's."""
    frame = raised_in(error)
    if frame is None or frame.f_code is hand_over.__code__:
        return False
    if isinstance(error, (Refused, Unread, RecursionError, MemoryError)):
        return False
    file = frame.f_code.co_filename
    return file.startswith(OWN_CODE) and not file.startswith(standin.FOLDER)


def require_torch(error: BaseException) -> None:
    """Raises NeedsTorch where an exception may not be torch's: the stand-in said so or failed itself, or does
    not take arguments that torch may take."""
    if not standin.installed():
        return
    if isinstance(error, standin.NeedsTorch):
        raise error
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return
    code = traceback.tb_frame.f_code
    if code.co_filename.startswith(standin.FOLDER):
        raised = dis.opname[code.co_code[traceback.tb_lasti]] == "RAISE_VARARGS"
        # A forward or a function of the file's that it calls with arguments which do not fit.
        calls = isinstance(error, TypeError) and code.co_name in _CALLING and _CALLED.match(words(error))
        if not (raised or calls or isinstance(error, (RecursionError, MemoryError))):
            raise standin.NeedsTorch(f"what the stand-in fails at ({said(error)})") from error
    elif isinstance(error, TypeError) and (called := _CALLED.match(words(error))):
        owner, _, name = called[1].rpartition(".")
        if owner == "Tensor" or (not owner and name in _FUNCTIONS):
            raise standin.NeedsTorch(f"torch's words for the arguments of {name}") from error


_CALLED = re.compile(r"([\w.]+)\(\) (?:got|takes|missing)")
_CALLING = frozenset({"_call_impl", "apply", "forward"})
_FUNCTIONS = frozenset(
    "as_tensor broadcast_shapes can_cast promote_types result_type set_grad_enabled tensor".split()
)
"""Functions of the stand-in whose arguments Python itself binds."""
