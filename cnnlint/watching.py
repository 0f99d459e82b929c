"""`--watch`: lints again whenever a file that matters is saved, with torch imported already."""

from __future__ import annotations

import contextlib
import os
import queue
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

import click
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from cnnlint.config import Configuration, UsageError
from cnnlint.config.layers import FILES
from cnnlint.config.patterns import relative
from cnnlint.files import SUFFIXES
from cnnlint.job import WorkersUnavailable
from cnnlint.plugin import PluginError
from cnnlint.result import Result
from cnnlint.workers import Workers

QUIET = 0.02
"""Seconds without a further change after which a save is taken to be over, where nothing says so."""

LAST = frozenset({"closed", "moved"})
"""The events that end a save."""

CHANGES = frozenset({"created", "modified", "closed", "moved", "deleted"})
"""The events that are no mere reading."""

NAMES = frozenset({*FILES, ".gitignore"})
"""Files that decide on what is linted, and how, wherever they appear."""


def watch(
    paths: Sequence[str],
    configure: Callable[[], Configuration],
    lint: Callable[[Configuration, Workers], Result],
    say: Callable[[str], object],
) -> NoReturn:
    """Lints now and after each change, until KeyboardInterrupt. What goes wrong later than at first is
    said, and may be mended by the next change.

    Raises:
        UsageError, PluginError, WorkersUnavailable: as `check` does, at first.
    """
    configuration = configure()
    changes = Changes(paths)
    with Workers(configuration.run.jobs) as workers:
        workers.start()
        changes.rest_on(lint(configuration, workers))
        while True:
            say("Watching for file changes, Ctrl-C ends.")
            path = changes.wait()
            click.clear()
            say(f"{time.strftime('%H:%M:%S')} {relative(path, os.getcwd()) or path} changed.")
            try:
                changes.rest_on(lint(configure(), workers))
            except (UsageError, PluginError, WorkersUnavailable) as error:
                say(f"error: {error}")


class Changes(FileSystemEventHandler):
    """What changes below the paths of a run, and in what their models were seen to rest on.

    Raises:
        UsageError: the system watches no more folders.
    """

    def __init__(self, paths: Sequence[str]):
        self._changed: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._files: frozenset[str] = frozenset()
        self._followed: dict[str, bool] = {}
        self._observer = Observer()
        self._observer.daemon = True
        self._observer.start()
        for path in paths:
            if os.path.isdir(path):
                self._follow(path, recursive=True)
            else:
                self._follow(os.path.dirname(path))

    def rest_on(self, result: Result) -> None:
        """From now on also notices what the traces of a run rest on, and its configuration files."""
        reads = [file.reads for file in result.files]
        sources = [os.path.abspath(path) for file in result.files for path in file.settings.sources]
        self._files = frozenset(path for read in reads for path in read.files) | set(sources)
        folders = {path for read in reads for path in read.folders} | set(map(os.path.dirname, self._files))
        for folder in sorted(folders):
            self._follow(folder)

    def wait(self) -> str:
        """Until something that matters has changed; gives the path of the first."""
        first, kind = self._changed.get()
        with contextlib.suppress(queue.Empty):
            while True:
                _, kind = self._changed.get(timeout=0 if kind in LAST else QUIET)
        return first

    def on_any_event(self, event: FileSystemEvent) -> None:
        """In the observer's thread."""
        if event.event_type not in CHANGES:
            return
        for path in (os.fsdecode(event.dest_path), os.fsdecode(event.src_path)):
            if path and self._matters(path, event.is_directory, event.event_type):
                away = event.event_type == "moved" and path != os.fsdecode(event.dest_path)
                self._changed.put((path, "deleted" if away else event.event_type))
                return

    def _matters(self, path: str, is_folder: bool, kind: str) -> bool:
        if is_folder:
            return kind in ("moved", "deleted")
        name = os.path.basename(path)
        return name.endswith(SUFFIXES) or name in NAMES or os.path.realpath(path) in self._files

    def _follow(self, folder: str, *, recursive: bool = False) -> None:
        folder = os.path.abspath(folder)
        if any(
            folder == other or (below and folder.startswith(os.path.join(other, "")))
            for other, below in self._followed.items()
        ):
            return
        try:
            self._observer.schedule(self, folder, recursive=recursive)
        except FileNotFoundError:
            return
        except OSError as error:
            raise UsageError(f"{folder} cannot be watched: {error.strerror or error}") from error
        self._followed[folder] = recursive
