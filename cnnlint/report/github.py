"""`--output-format github`: workflow commands, which GitHub shows as annotations of the changed lines."""

from __future__ import annotations

from collections.abc import Iterator

from cnnlint.config import Settings
from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.report.checkout import from_checkout
from cnnlint.report.stored import stored_span
from cnnlint.report.style import Style
from cnnlint.report.text import location, one_line, sentences
from cnnlint.result import Result

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "notice"}


def render(result: Result, settings: Settings, style: Style) -> Iterator[str]:
    """One command a finding."""
    for finding in result.shown():
        yield _command(finding)


def _command(finding: Diagnostic) -> str:
    span = stored_span(finding.span)
    properties = {
        "title": f"{finding.code} {finding.name}",
        "file": from_checkout(span.filename),
        "line": span.row,
        "endLine": span.end_row,
    }
    if span.row == span.end_row:  # GitHub takes columns within one line only
        properties |= {"col": span.column, "endColumn": span.end_column}
    written = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    lines = [f"{location(finding.span)}: {one_line(finding.message)}", *sentences(finding)[1:]]
    return f"::{COMMANDS[finding.severity]} {written}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    """A message as GitHub reads it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property's value as GitHub reads it."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
