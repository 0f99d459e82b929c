"""A traced model as editors show it, and where its rows have gone in a text that was edited since."""

from __future__ import annotations

from difflib import SequenceMatcher

from cnnlint.analyses.shapes import shape_table
from cnnlint.graph import Trace
from cnnlint.server.hints import hints
from cnnlint.source.file import SourceFile
from cnnlint.traces import Model


class Shown:
    """A model that was traced at least once.

    Attributes:
        source: the text that was traced; rows of the joined text in a notebook.
        table: of the first pass.
    """

    def __init__(self, source: SourceFile, model: Model):
        self.source = source
        self.model = model
        self.trace = Trace(model, model.passes[0], source)
        self.table = shape_table(model)
        self.hints = tuple(hints(self.trace, self.table, source.filename))


class Moved:
    """Where the rows of a text are in a later one."""

    def __init__(self, before: SourceFile, now: SourceFile):
        self._before, self._now = before, now
        self._rows: dict[int, int] = {}
        self._changed: dict[int, int] = {}
        if before.lines == now.lines:
            self._rows = {row: row for row in range(1, len(now.lines) + 1)}
            return
        for kind, start, end, there, there_end in SequenceMatcher(
            None, before.lines, now.lines
        ).get_opcodes():
            rows = zip(range(start + 1, end + 1), range(there + 1, there_end + 1), strict=False)
            if kind == "equal":
                self._rows.update(rows)
            elif kind == "replace" and end - start == there_end - there:
                self._changed.update(rows)

    def row(self, row: int) -> int | None:
        """The row now, also where its text has changed; None where it is gone."""
        return self._rows.get(row) or self._changed.get(row)

    def column(self, row: int, column: int | None) -> int:
        """A column of a row that is still there, or of its end; in one that has changed by its distance from
        the end."""
        now = len(self._now.lines[(self.row(row) or 1) - 1])
        if column is None:
            return now + 1
        if row in self._rows:
            return column
        return max(1, now + 1 - max(0, len(self._before.lines[row - 1]) + 1 - column))

    def before(self, row: int) -> int | None:
        """The row of the earlier text that is this one now, unchanged."""
        return next((old for old, new in self._rows.items() if new == row), None)
