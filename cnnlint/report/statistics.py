"""`--statistics`: how often each rule found something, the most frequent first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from cnnlint.config import Settings
from cnnlint.report.style import Style
from cnnlint.report.summary import last_line
from cnnlint.result import Result

FORMATS = ("full", "concise", "json")


def render(name: str, result: Result, settings: Settings, style: Style) -> Iterator[str]:
    """The lines of the report, in one of the FORMATS."""
    found = result.findings() if name == "json" else result.shown()
    counts = Counter((item.code, item.name) for item in found)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    if name == "json":
        records = [{"code": code, "name": title, "count": count} for (code, title), count in rows]
        yield json.dumps(records, indent=2)
        return
    width = max((len(f"{count:,}") for _, count in rows), default=0)
    for (code, title), count in rows:
        yield f"{count:>{width},}  {style.bold(code)}  {title}"
    if not settings.quiet:
        yield last_line(result, style)
