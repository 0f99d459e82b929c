"""The Python code in a text of Markdown: what a README shows of a project's use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnnlint.source.file import SourceFile
from cnnlint.source.reading import syntax_problem

_FENCE = re.compile(r"^[ ]{0,3}(```+|~~~+)[ \t]*(?:python|py|python3)\b[^\n]*\n(.*?)^[ ]{0,3}\1", re.M | re.S)


def blocks(filename: str, text: str) -> Iterator[SourceFile]:
    """Each fenced block of Python that parses, as a file of its own with the rows of the text."""
    for found in _FENCE.finditer(text):
        above = text.count("\n", 0, found.start(2))
        file = SourceFile(filename, "\n" * above + found[2])
        if syntax_problem(file) is None:
            yield file
