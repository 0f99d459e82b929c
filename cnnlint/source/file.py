"""A source file as text with exact positions: lines, characters, notebook cells."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property

from cnnlint.diagnostic import Span
from cnnlint.source.tokens import Tokens


@dataclass(frozen=True)
class SourceFile:
    """A Python file, or a notebook whose cells are joined.

    Attributes:
        filename: as it is shown to the user.
        text: Python source; for a notebook, the joined code cells.
        cells: for a notebook, per line of `text` (index 0 is row 1) the cell's number and the row in
            that cell; empty for plain files.
        beside: whether it is another file than the linted one, so that its lines are told by its name too.
    """

    filename: str
    text: str
    cells: tuple[tuple[int, int], ...] = field(default=())
    beside: bool = False

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends; row n is `lines[n - 1]`. Split as Python's tokenizer does (at
        \\n, \\r\\n and \\r only)."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree. Raises SyntaxError (also for null bytes and for code nested too deep); what
        the parser only warns of (`"\\d"`) is not ours to tell."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self.text, self.filename)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error) or "too deeply nested to parse") from error

    @cached_property
    def tokens(self) -> Tokens:
        """The comments, and the statements that they belong to."""
        return Tokens(self.lines)

    def line(self, row: int) -> str:
        """A line in a sentence: `line 24`, `cell 3, line 2`, `train.py, line 24`."""
        told = f"line {row}"
        if self.cells and row <= len(self.cells):
            cell, row_in_cell = self.cells[row - 1]
            told = f"cell {cell}, line {row_in_cell}"
        return f"{self.filename}, {told}" if self.beside else told

    def column(self, row: int, byte_offset: int) -> int:
        """The 1-based column in characters of a 0-based UTF-8 byte offset in a row (ast and
        `co_positions` count bytes)."""
        line = self.lines[row - 1] if row <= len(self.lines) else ""
        if line.isascii():
            return byte_offset + 1
        return len(line.encode()[:byte_offset].decode(errors="ignore")) + 1

    def span(self, node: ast.AST) -> Span:
        """The span of an ast node that has a position."""
        return self.byte_span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def byte_span(self, row: int, offset: int, end_row: int, end_offset: int) -> Span:
        """The span of rows from 1 and byte offsets from 0."""
        return Span(self.filename, row, self.column(row, offset), end_row, self.column(end_row, end_offset))

    def span_of_name(self, node: ast.AST, name: str) -> Span:
        """The name in `class Net` or `def make`, which `node` is."""
        row: int = node.lineno  # type: ignore[attr-defined]
        column = self.column(row, node.col_offset)  # type: ignore[attr-defined]
        found = re.compile(rf"\b{re.escape(name)}\b").search(self.lines[row - 1], column - 1)
        start = found.start() + 1 if found else column
        return Span(self.filename, row, start, row, start + len(name))

    def segment(self, span: Span) -> str:
        """The text at a span of this file (in joined rows)."""
        if span.row == span.end_row:
            return self.lines[span.row - 1][span.column - 1 : span.end_column - 1]
        first = self.lines[span.row - 1][span.column - 1 :]
        last = self.lines[span.end_row - 1][: span.end_column - 1]
        return "\n".join([first, *self.lines[span.row : span.end_row - 1], last])

    def place(self, span: Span) -> Span:
        """The span as it is shown: in a notebook by cell and row within the cell."""
        if not self.cells or span.cell is not None or span.row > len(self.cells):
            return span
        cell, row = self.cells[span.row - 1]
        end_cell, end_row = self.cells[min(span.end_row, len(self.cells)) - 1]
        if end_cell != cell:
            end_row = row
        return replace(span, cell=cell, row=row, end_row=end_row)
