"""From Python frames to places in the user's files."""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache

from cnnlint.diagnostic import Span
from cnnlint.source.file import SourceFile

Place = tuple[types.CodeType, int]
"""A code object and the offset of the instruction being executed in it."""

MOST_FRAMES = 60
"""Nested calls of the user's code that are told."""


class UserFiles:
    """The files whose frames are shown: the linted one and the project's modules that it imports.

    Attributes:
        entry: code whose callers are not part of what is traced, if it has any.
    """

    entry: types.CodeType | None = None

    def __init__(self) -> None:
        self._files: dict[str, SourceFile] = {}
        self._shifts: dict[str, int] = {}
        self._spans: dict[Place, Span | None] = {}

    def add(self, path: str, file: SourceFile, shift: int = 0) -> None:
        """Make frames of code that was compiled with the file name `path` visible. In the file it stands
        `shift` rows further down."""
        self._files[path] = file
        self._shifts[path] = shift

    def shows(self, code: types.CodeType) -> bool:
        """Whether code stands in one of the files."""
        return code.co_filename in self._files

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def file(self, path: str) -> SourceFile:
        return self._files[path]

    def stack(self, frame: types.FrameType | None) -> list[types.FrameType]:
        """The user's frames from `frame` outwards, innermost first; of an endless recursion only the last."""
        found: list[types.FrameType] = []
        while frame is not None and frame.f_code is not self.entry and len(found) < MOST_FRAMES:
            if self.shows(frame.f_code):
                found.append(frame)
            frame = frame.f_back
        return found

    def span(self, code: types.CodeType, instruction: int) -> Span | None:
        """The exact stretch of source that an instruction comes from."""
        key = (code, instruction)
        if key not in self._spans:
            self._spans[key] = self._span(code, instruction)
        return self._spans[key]

    def position(self, code: types.CodeType, instruction: int) -> tuple[int, int, int | None, int | None]:
        """(row, offset, end row, end offset) of an instruction, in rows from 1 and bytes from 0."""
        row, end_row, offset, end_offset = _positions(code)[instruction // 2]
        shift = self._shifts[code.co_filename]
        return (row or 0) + shift, offset or 0, end_row and end_row + shift, end_offset

    def _span(self, code: types.CodeType, instruction: int) -> Span | None:
        if _positions(code)[instruction // 2][0] is None:
            return None
        file = self._files[code.co_filename]
        row, offset, end_row, end_offset = self.position(code, instruction)
        if end_row is None or end_offset is None:
            line = file.lines[row - 1]
            return Span(file.filename, row, len(line) - len(line.lstrip()) + 1, row, len(line) + 1)
        return file.byte_span(row, offset, end_row, end_offset)

    def calls(self, frames: list[types.FrameType]) -> tuple[Span, ...]:
        """The places that frames are at."""
        spans = (self.span(frame.f_code, frame.f_lasti) for frame in frames)
        return tuple(span for span in spans if span is not None)

    def traceback_calls(self, traceback: types.TracebackType | None) -> tuple[Span, ...]:
        """The user's places in an exception's traceback, innermost first."""
        return tuple(reversed(list(self._walk(traceback))))

    def _walk(self, traceback: types.TracebackType | None) -> Iterator[Span]:
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if self.shows(code):
                span = self.span(code, traceback.tb_lasti)
                if span is not None:
                    yield span
            traceback = traceback.tb_next


def within(code: types.CodeType, frame: types.FrameType | None) -> bool:
    """Whether a frame, or one of its callers, runs this code."""
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


@cache
def _positions(code: types.CodeType) -> list[tuple[int | None, ...]]:
    return list(code.co_positions())
