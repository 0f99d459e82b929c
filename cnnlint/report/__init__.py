"""The reports: one module a format. Each has `render(result, settings, style)` that yields lines, or a class
`Report` where a run can be told file by file."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cnnlint.config import Settings
    from cnnlint.report.style import Style
    from cnnlint.result import FileResult, Result

STREAMED = ("full", "concise")
"""The formats that are written while a run goes on."""

FORMATS = (*STREAMED, "json", "json-full", "github", "gitlab", "sarif", "junit", "html")


class Streamed(Protocol):
    """A report that is written while its run goes on."""

    def file(self, file: FileResult) -> Iterator[str]:
        """The lines on the next file."""

    def end(self, result: Result) -> Iterator[str]:
        """The lines below all of them."""


class AtOnce:
    """A report that is written in the end."""

    def __init__(self, render: Callable[[Result], Iterator[str]]):
        self.end = render

    def file(self, file: FileResult) -> Iterator[str]:
        """No line."""
        return iter(())


def streamed(name: str, settings: Settings, style: Style, advice: bool = True) -> Streamed:
    """A report in one of the FORMATS, with or without advice."""
    if name not in STREAMED:
        return AtOnce(lambda result: render(name, result, settings, style))
    report: Streamed = importlib.import_module(f"cnnlint.report.{name}").Report(settings, style, advice)
    return report


def render(name: str, result: Result, settings: Settings, style: Style) -> Iterator[str]:
    """The lines of the report in one of the FORMATS."""
    if name not in STREAMED:
        module = importlib.import_module(f"cnnlint.report.{name.replace('-', '_')}")
        yield from module.render(result, settings, style)
        return
    report = streamed(name, settings, style, result.advice)
    for file in result.files:
        yield from report.file(file)
    yield from report.end(result)
