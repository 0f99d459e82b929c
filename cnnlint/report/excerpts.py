"""The text that findings point at, by file and notebook cell."""

from __future__ import annotations

from cnnlint.result import TracedFile
from cnnlint.source.file import SourceFile
from cnnlint.source.reading import read


def rows(file: TracedFile, filename: str, cell: int | None) -> dict[int, str]:
    """The lines by row of the file that a finding of `file` points at, or of one cell of a notebook;
    {} where there is no text."""
    source = file.source if filename == file.source.filename else read(filename).file
    return _rows(source, cell)


def _rows(source: SourceFile, cell: int | None) -> dict[int, str]:
    if not source.text:
        return {}
    if cell is None:
        return dict(enumerate(source.lines, 1))
    return {
        row: text.replace("\f", " ")  # see `blank_magics`
        for (number, row), text in zip(source.cells, source.lines, strict=False)
        if number == cell
    }
