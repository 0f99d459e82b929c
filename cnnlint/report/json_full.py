"""`--output-format json-full`: the findings and what was looked at, in one object."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cnnlint.config import Settings
from cnnlint.report.json import record
from cnnlint.report.judged import summary
from cnnlint.report.style import Style
from cnnlint.result import Result


def render(result: Result, settings: Settings, style: Style) -> Iterator[str]:
    """The report in one piece; without a finding it still says which models were judged."""
    findings = [record(item) | {"rests_on": list(item.rests_on)} for item in result.findings()]
    yield json.dumps({"findings": findings, "summary": summary(result)}, indent=2)
