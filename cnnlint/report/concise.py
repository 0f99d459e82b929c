"""`--output-format concise`: one line a finding."""

from __future__ import annotations

from collections.abc import Iterator

from cnnlint.config import Settings
from cnnlint.diagnostic import Diagnostic
from cnnlint.report.style import Style
from cnnlint.report.summary import last_line, model_lines
from cnnlint.report.text import location, one_line
from cnnlint.result import Result


def render(result: Result, settings: Settings, style: Style) -> Iterator[str]:
    """The lines of the report."""
    for finding in result.shown():
        yield line(finding, style)
    if not settings.quiet:
        if settings.verbose:
            yield from model_lines(result, verbose=True)
        yield last_line(result, style)


def line(finding: Diagnostic, style: Style) -> str:
    """`mnist.py:15:29: error CNN102 flatten-mismatch: Linear expects 1568 features, …`."""
    head = style.severity(f"{finding.severity} {finding.code}", finding.severity)
    return f"{style.bold(location(finding.span))}: {head} {finding.name}: {one_line(finding.message)}"
