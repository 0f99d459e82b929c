"""`--output-format concise`: one line a finding."""

from __future__ import annotations

from collections.abc import Iterator

from cnnlint.config import Settings
from cnnlint.diagnostic import Applicability, Diagnostic, Severity
from cnnlint.report.style import Style
from cnnlint.report.summary import fixable_lines, last_line, model_lines
from cnnlint.report.text import location, one_line
from cnnlint.result import FileResult, Result


class Report:
    """The report file by file."""

    def __init__(self, settings: Settings, style: Style, advice: bool = True):
        self._settings, self._style = settings, style
        self._with_advice = advice

    def file(self, file: FileResult) -> Iterator[str]:
        """The findings of one file."""
        for finding in file.findings:
            if self._with_advice or finding.severity != Severity.ADVICE:
                yield line(finding, self._style)

    def end(self, result: Result) -> Iterator[str]:
        """What stands below the findings of all files."""
        if not self._settings.quiet:
            if self._settings.verbose:
                yield from model_lines(result, verbose=True)
            yield last_line(result, self._style)
            yield from fixable_lines(result, self._settings)


def line(finding: Diagnostic, style: Style) -> str:
    """`mnist.py:15:29: error CNN102 [*] flatten-mismatch: Linear expects 1568 features, …`; the mark
    stands where there is a safe fix."""
    head = style.severity(f"{finding.severity} {finding.code}", finding.severity)
    mark = "[*] " if finding.fix and finding.fix.applicability is Applicability.SAFE else ""
    return f"{style.bold(location(finding.span))}: {head} {mark}{finding.name}: {one_line(finding.message)}"
