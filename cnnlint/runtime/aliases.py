"""Whether the user's code still needs a tensor that an in-place operator overwrites."""

from __future__ import annotations

import types
from collections.abc import Iterable
from functools import cache

import torch

from cnnlint.diagnostic import Span
from cnnlint.runtime.frames import UserFiles
from cnnlint.source.file import SourceFile
from cnnlint.source.later import Position, read_again


def read_later(files: UserFiles, frames: Iterable[types.FrameType], tensor: torch.Tensor) -> Span | None:
    """Where one of the running functions reads the tensor again, under a name that it did not give to
    the result of the running call."""
    for frame in frames:
        if frame.f_code.co_name.startswith("<"):
            continue  # module level, comprehensions
        names = frozenset(name for name, value in frame.f_locals.items() if value is tensor)
        row, offset, end_row, end_offset = files.position(frame.f_code, frame.f_lasti)
        if not names or end_row is None or end_offset is None:
            continue
        file = files.file(frame.f_code.co_filename)
        span = _next_read(file, Position(row, offset, end_row, end_offset), names)
        if span is not None:
            return span
    return None


@cache
def _next_read(file: SourceFile, call: Position, names: frozenset[str]) -> Span | None:
    node = read_again(file.tree, call, names)
    return None if node is None else file.span(node)
