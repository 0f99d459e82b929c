"""The comments of a file, each with the statement that it belongs to."""

from __future__ import annotations

import contextlib
import tokenize
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

_LAYOUT = frozenset({tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING})


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows from `first` to `last`, both included."""

    first: int
    last: int

    def meet(self, other: Rows) -> bool:
        """Whether a row is in both."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with its `#`, at a row and column from 1; `alone` is whether nothing else is in its line."""

    text: str
    row: int
    column: int
    alone: bool


class Tokens:
    """The comments and the statements of a file, as Python's tokenizer sees them: as far as it gets, where
    the text is broken. The header of a class or a function (`class Net(nn.Module):`) is a statement."""

    def __init__(self, lines: Sequence[str]):
        self._lines = lines
        self.comments: list[Comment] = []
        self.statements: list[Rows] = []
        self._inside: set[int] = set()
        ended = iter([f"{line}\n" for line in lines])
        with contextlib.suppress(tokenize.TokenError, SyntaxError):
            self._read(tokenize.generate_tokens(lambda: next(ended, "")))

    def _read(self, tokens: Iterator[tokenize.TokenInfo]) -> None:
        first: int | None = None
        for token in tokens:
            (row, column), (end_row, _) = token.start, token.end
            if token.type == tokenize.COMMENT:
                alone = not self._lines[row - 1][:column].strip()
                self.comments.append(Comment(token.string, row, column + 1, alone))
            elif token.type == tokenize.NEWLINE:
                self.statements.append(Rows(first or row, row))
                first = None
            elif token.type not in _LAYOUT:
                first = first or row
                self._inside.update(range(row, end_row))  # a string over several rows

    @cached_property
    def _starts(self) -> list[int]:
        return [rows.first for rows in self.statements]

    def statement(self, row: int) -> Rows | None:
        """The rows of the statement that a row belongs to; the last one where several share it."""
        at = bisect_right(self._starts, row) - 1
        found = self.statements[at] if at >= 0 else None
        return found if found and row <= found.last else None

    def below(self, comment: Comment) -> Rows | None:
        """The statement directly below a comment that is alone in its line; comments may stand between."""
        row = comment.row + 1
        while row <= len(self._lines) and self._lines[row - 1].lstrip().startswith("#"):
            row += 1
        return self.statement(row)

    def takes_comment(self, row: int) -> bool:
        """Whether a comment can be written at the end of a row: not inside a string, nor where a backslash
        joins the next row."""
        return row not in self._inside and not self._lines[row - 1].endswith("\\")
