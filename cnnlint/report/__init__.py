"""The reports: one module a format, each with `render(result, settings, style)` that yields lines."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnlint.config import Settings
    from cnnlint.report.style import Style
    from cnnlint.result import Result

FORMATS = ("full", "concise", "json", "github", "gitlab", "sarif", "junit", "html")


def render(name: str, result: Result, settings: Settings, style: Style) -> Iterator[str]:
    """The lines of the report in one of the FORMATS."""
    yield from importlib.import_module(f"cnnlint.report.{name}").render(result, settings, style)
