"""`--output-format gitlab`: a Code Quality report, which GitLab shows in merge requests."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cnnlint.config import Settings
from cnnlint.diagnostic import Severity
from cnnlint.report.checkout import from_checkout
from cnnlint.report.fingerprint import fingerprinted
from cnnlint.report.stored import stored_span
from cnnlint.report.style import Style
from cnnlint.report.text import sentences
from cnnlint.result import Result

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.ADVICE: "info"}


def render(result: Result, settings: Settings, style: Style) -> Iterator[str]:
    """The report in one piece, valid JSON for no finding too."""
    records = []
    for _, finding, fingerprint in fingerprinted(result):
        span = stored_span(finding.span)
        records.append(
            {
                "description": " ".join(sentences(finding)),
                "check_name": f"{finding.code} {finding.name}",
                "fingerprint": fingerprint,
                "severity": SEVERITIES[finding.severity],
                "location": {
                    "path": from_checkout(span.filename),
                    "positions": {
                        "begin": {"line": span.row, "column": span.column},
                        "end": {"line": span.end_row, "column": span.end_column},
                    },
                },
            }
        )
    yield json.dumps(records, indent=2)
