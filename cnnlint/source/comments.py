"""The comments that speak to cnnlint: `# cnnlint: input=3x32x32`, `# cnnlint: ignore[CNN102]`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cnnlint.diagnostic import Span
from cnnlint.source.file import SourceFile

_DIRECTIVE = re.compile(r"#\s*cnnlint:\s*(?P<name>[\w-]*)\s*(?:=\s*(?P<value>.*)|\[(?P<items>[^\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Directive:
    """One comment for cnnlint: `name=value` or `name[value]`; `value` is None where neither is written.

    `alone` is whether nothing but the comment stands in its line.
    """

    name: str
    value: str | None
    span: Span
    alone: bool


def scan(file: SourceFile) -> tuple[Directive, ...]:
    """All comments for cnnlint, in order. Text in strings is none."""
    if "cnnlint:" not in file.text:
        return ()
    found: list[Directive] = []
    for comment in file.tokens.comments:
        for match in _DIRECTIVE.finditer(comment.text):
            row, column = comment.row, comment.column + match.start()
            text = match[0].rstrip()
            span = Span(file.filename, row, column, row, column + len(text))
            value = match["value"] if match["value"] is not None else match["items"]
            found.append(
                Directive(match["name"], value.strip() if value is not None else None, span, comment.alone)
            )
    return tuple(found)
