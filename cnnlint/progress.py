"""A run as its user sees it while it goes on: findings file by file, and a bar on a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click

from cnnlint.config import Configuration
from cnnlint.engine import Listener, check
from cnnlint.report import Streamed
from cnnlint.result import FileResult, Result

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from cnnlint.workers import Workers

FEW = 10
"""Files for which there is no bar."""

SOON = 0.5
"""Seconds within which no bar appears."""


def lint(
    paths: Sequence[str],
    configuration: Configuration,
    report: Streamed,
    write: Callable[[Iterable[str]], object],
    workers: Workers | None = None,
) -> Result:
    """Lints files and folders as `check` does, and has the lines of the report written as they come."""
    quiet = configuration.run.quiet or not _is_terminal()
    with Live(report, write, None if quiet else Bar()) as live:
        result = check(paths, configuration, workers=workers, listener=live)
    write(report.end(result))
    return result


ERASE_LINE, SHOW_CURSOR = "\r\x1b[K", "\x1b[?25h"


class Live(Listener):
    """Shows a run as it goes on; a context manager that leaves no bar behind."""

    def __init__(self, report: Streamed, write: Callable[[Iterable[str]], object], bar: Bar | None):
        self._report = report
        self._write = write
        self._bar = bar

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar:
            self._bar.hide()

    def began(self, files: int) -> None:
        if self._bar:
            self._bar.start(files)

    def judged(self) -> None:
        if self._bar:
            self._bar.advance()

    def told(self, file: FileResult) -> None:
        lines = list(self._report.file(file))
        if lines:
            if self._bar:
                self._bar.hide()
            self._write(lines)


class Bar:
    """How many files are done, on standard error; it takes the last line."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._bar: ProgressBar[int] | None = None
        self._done = 0
        self._drawn = False

    def start(self, files: int) -> None:
        if files > FEW:
            self._bar = click.progressbar(
                length=files,
                label="Checking",
                show_pos=True,
                show_eta=False,
                show_percent=False,
                file=sys.stderr,
            )

    def advance(self) -> None:
        """One more is done."""
        self._done += 1
        if self._bar and time.monotonic() - self._since > SOON:
            self._bar.update(self._done - self._bar.pos)
            self._drawn = True

    def hide(self) -> None:
        """Gives its line back, until the next file is done."""
        if self._drawn:
            click.echo(ERASE_LINE + SHOW_CURSOR, file=sys.stderr, nl=False)
            self._drawn = False


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
