"""Notebooks as Python: code cells joined, magics and shell lines blanked, rows kept."""

from __future__ import annotations

import ast
import re
import warnings

TIMED_MAGICS = {"%%time", "%%timeit", "%%capture", "%%prun"}
"""Cell magics whose cell is Python all the same; the cells of all others are left out."""

_LINE_MAGIC = re.compile(r"\s*(?:[%!?]|.*\?\s*$)")
_ASSIGNED_MAGIC = re.compile(r"(\s*[\w.,\s]+=\s*)[%!]")


class NotebookError(Exception):
    """The file is no notebook; the message is for the user."""


def join_cells(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The joined code cells, and per line the cell's number (all cells are counted, from 1) and the
    row in it.

    Raises:
        NotebookError: the text is not JSON, or not a notebook.
    """
    import nbformat  # late: plain files need not pay for its import

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cells = nbformat.reads(text, as_version=4).cells
            sources = [
                (number, cell.source)
                for number, cell in enumerate(cells, start=1)
                if cell.cell_type == "code"
            ]
    except Exception as error:  # nbformat raises its own, jsonschema's, KeyError and AttributeError
        reason = str(error).partition("\n")[0][:200]
        raise NotebookError(f"the file is not a notebook: {reason}") from error
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    for number, source in sources:
        rows = blank_magics(source.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
        lines.extend(rows)
        places.extend((number, row) for row in range(1, len(rows) + 1))
    return "".join(f"{line}\n" for line in lines), tuple(places)


def blank_magics(lines: list[str]) -> list[str]:
    """A cell with IPython's own syntax blanked, of the same number of lines."""
    lines = _without_indent(lines)
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%"):
        if first.split()[0] not in TIMED_MAGICS:
            return [""] * len(lines)
        magic = next(index for index, line in enumerate(lines) if line.strip())
        lines = [*lines[:magic], "", *lines[magic + 1 :]]
    # A line that begins with % may go on with an expression of the line before: only lines at which
    # the parser stumbles are taken for magics.
    for _ in lines:
        row = _stumbles_at(lines)
        if row is None:
            return lines
        blanked = _blank(lines, row)
        if blanked is None:
            break
        lines = blanked
    for row, line in enumerate(lines):
        if re.match(r"\s*[%!]", line):
            lines = _blank(lines, row) or lines
    return lines


def _without_indent(lines: list[str]) -> list[str]:
    """A cell as IPython reads it: the indent of its first line belongs to no line. A form feed stands at its
    end, behind which Python counts anew, so that columns stay."""
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    if not indent:
        return lines
    return [f"{indent[:-1]}\f{line[len(indent) :]}" if line.startswith(indent) else line for line in lines]


def _stumbles_at(lines: list[str]) -> int | None:
    """The index of the line where the parser stops, or None where it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse("\n".join(lines))
    except SyntaxError as error:
        return min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


def _blank(lines: list[str], row: int) -> list[str] | None:
    """The lines without the magic in this row (and the rows that a backslash joins to it); None where
    there is none."""
    line = lines[row]
    assigned = _ASSIGNED_MAGIC.match(line)
    if assigned:
        replacement = assigned[1] + "[]"
    elif _LINE_MAGIC.match(line):
        replacement = line[: len(line) - len(line.lstrip())] + "pass"
    else:
        return None
    end = row
    while lines[end].endswith("\\") and end + 1 < len(lines):
        end += 1
    return [*lines[:row], replacement, *[""] * (end - row), *lines[end + 1 :]]
