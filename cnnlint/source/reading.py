"""From bytes to a `SourceFile`: encodings, byte order marks, null bytes, notebooks, syntax errors."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import stat
import tokenize
import warnings
from pathlib import Path
from typing import NamedTuple

from cnnlint.diagnostic import Span
from cnnlint.source.file import SourceFile
from cnnlint.source.notebook import NotebookError, join_cells
from cnnlint.traces import Problem


class Reading(NamedTuple):
    """A file's text; `problem` says why it cannot be parsed, if it cannot (`file` then has what text
    there is, for the report)."""

    file: SourceFile
    problem: Problem | None = None


def read(path: str | Path, filename: str | None = None) -> Reading:
    """Read a Python file or a notebook, shown as `filename`. What cannot be read is a problem too."""
    filename = filename or str(path)
    try:
        data = _regular_file_bytes(Path(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problem = Problem("syntax-error", f"the file cannot be read: {reason}", Span(filename, 1, 1, 1, 1))
        return Reading(SourceFile(filename, ""), problem)
    return read_bytes(data, filename)


def read_path(path: Path, filename: str) -> SourceFile:
    """A module that another one imports.

    Raises:
        OSError: it cannot be read.
        SyntaxError: it does not parse.
    """
    file, problem = read_bytes(_regular_file_bytes(path), filename)
    if problem is not None:
        raise SyntaxError(problem.message, (filename, problem.span.row, problem.span.column, None))
    return file


def _regular_file_bytes(path: Path) -> bytes:
    """The bytes of a file; a device or a pipe, which could block for ever, is refused."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise OSError(0, "it is a folder" if stat.S_ISDIR(mode) else "it is not a regular file")
    return path.read_bytes()


def read_bytes(data: bytes, filename: str) -> Reading:
    """Read what a file, or the standard input, held; a name that ends in `.ipynb` means a notebook."""
    text, problem = _decode(data, filename)
    file = SourceFile(filename, text)
    if problem is None and filename.endswith(".ipynb"):
        try:
            file = SourceFile(filename, *join_cells(text))
        except NotebookError as error:
            problem = Problem("syntax-error", str(error), Span(filename, 1, 1, 1, 1))
    return Reading(file, problem or syntax_problem(file))


def syntax_problem(file: SourceFile) -> Problem | None:
    """Why the text does not parse, at the exact place; None when it does."""
    try:
        _check_symbols(file)
    except SyntaxError as error:
        if "null bytes" in str(error) and "\0" in file.text:
            return Problem("syntax-error", "the file has a null byte", _null_byte(file))
        message = error.msg or "invalid syntax"
        return Problem("syntax-error", message, _syntax_span(file, error))
    return None


def _check_symbols(file: SourceFile) -> None:
    """Raises SyntaxError for what does not parse, and for what only the compiler refuses: `return` outside
    a function, two parameters of one name. Each cell of a notebook is compiled by itself, and may await."""
    tree, flags = file.tree, 0
    if file.cells:
        tree = ast.Module([item for item in tree.body if not _is_future(item)], [])
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    with warnings.catch_warnings(), contextlib.suppress(ValueError, RecursionError, MemoryError):
        warnings.simplefilter("ignore")
        compile(tree, "<source>", "exec", flags=flags, dont_inherit=True)


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _decode(data: bytes, filename: str) -> tuple[str, Problem | None]:
    """The text, by PEP 263 or a byte order mark; wrong bytes become � and a problem."""
    encoding = "utf-8"
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding), None
    except SyntaxError as error:
        text = data.decode("utf-8", errors="replace")
        if "unknown encoding" in str(error) or "encoding problem" in str(error):
            declared = str(error).rpartition(": ")[2]
            message = f"the file declares the encoding {declared!r}, which Python does not know"
            return text, Problem("syntax-error", message, _coding_line(filename, text))
        encoding = "utf-8"
    except UnicodeDecodeError:
        pass
    return data.decode(encoding, errors="replace"), _wrong_bytes(data, encoding, filename)


def _wrong_bytes(data: bytes, encoding: str, filename: str) -> Problem:
    try:
        data.decode(encoding)
        offset, reason = 0, "the declared encoding and the byte order mark disagree"
    except UnicodeDecodeError as error:
        offset = error.start
        reason = f"byte 0x{data[offset]:02x} is not valid in {encoding}"
    lines = re.split("\r\n|\r|\n", data[:offset].decode(encoding, errors="replace"))
    row, column = len(lines), len(lines[-1]) + 1
    return Problem(
        "syntax-error",
        reason,
        Span(filename, row, column, row, column + 1),
        help="save the file as UTF-8, or declare its encoding in the first line: # -*- coding: latin-1 -*-",
    )


def _coding_line(filename: str, text: str) -> Span:
    for row, line in enumerate(text.split("\n", 2)[:2], start=1):
        if "coding" in line:
            return Span(filename, row, 1, row, len(line.rstrip("\r")) + 1)
    return Span(filename, 1, 1, 1, 1)


def _null_byte(file: SourceFile) -> Span:
    for row, line in enumerate(file.lines, start=1):
        column = line.find("\0") + 1
        if column:
            return Span(file.filename, row, column, row, column + 1)
    return Span(file.filename, 1, 1, 1, 1)


def _syntax_span(file: SourceFile, error: SyntaxError) -> Span:
    """The place that the parser names, kept within the file and at least one character wide where the
    line has one."""
    row = min(max(error.lineno or 1, 1), len(file.lines))
    line = file.lines[row - 1]
    column = min(max(error.offset or 1, 1), len(line) + 1)
    end = error.end_offset or 0
    if error.end_lineno != row or end <= column:
        end = column + 1
    return Span(file.filename, row, column, row, min(end, len(line) + 1) if column <= len(line) else column)
