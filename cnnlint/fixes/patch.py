"""`--diff`: changes of files as a patch that `git apply` takes."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator

from cnnlint.fixes.fixing import Change


def patch(changes: Iterable[Change]) -> Iterator[bytes]:
    """The lines of the patch, in the bytes of the files; paths are relative to this folder, and those of
    the files that symbolic links point to."""
    for change in changes:
        name = os.path.relpath(os.path.realpath(change.filename), os.path.realpath(os.curdir)).replace(
            os.sep, "/"
        )
        mark = "\t" if " " in name else ""  # ends a name that has blanks
        lines = difflib.unified_diff(
            _lines(change.before), _lines(change.after), f"a/{name}{mark}", f"b/{name}{mark}"
        )
        for at, line in enumerate(lines):
            data = os.fsencode(line) if at < 2 else line.encode("latin-1")
            yield data if data.endswith(b"\n") else data + b"\n\\ No newline at end of file\n"


def _lines(data: bytes) -> list[str]:
    """The lines as git splits them, a character for each byte."""
    return [f"{line}\n" for line in data.decode("latin-1").split("\n")[:-1]] + (
        [data.decode("latin-1").rpartition("\n")[2]] if not data.endswith(b"\n") and data else []
    )
