"""`--output-format concise`: one line a finding."""

from __future__ import annotations

from collections.abc import Iterator

from cnnlint.config import Settings
from cnnlint.diagnostic import Applicability, Diagnostic
from cnnlint.report.style import Style
from cnnlint.report.summary import fixable_lines, last_line, model_lines
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
        yield from fixable_lines(result, settings)


def line(finding: Diagnostic, style: Style) -> str:
    """`mnist.py:15:29: error CNN102 [*] flatten-mismatch: Linear expects 1568 features, …`; the mark
    stands where there is a safe fix."""
    head = style.severity(f"{finding.severity} {finding.code}", finding.severity)
    mark = "[*] " if finding.fix and finding.fix.applicability is Applicability.SAFE else ""
    return f"{style.bold(location(finding.span))}: {head} {mark}{finding.name}: {one_line(finding.message)}"
