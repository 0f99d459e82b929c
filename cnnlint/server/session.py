"""The open documents of an editor, and their checks: one at a time for each document, of its newest text."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from cnnlint.config import Configuration, UsageError
from cnnlint.files import is_forced_out
from cnnlint.job import WorkersUnavailable
from cnnlint.plugin import PluginError
from cnnlint.server.checking import Check, Checked
from cnnlint.server.document import Document
from cnnlint.workers import Workers

PAUSE = 0.05
"""Seconds without an edit after which a document is checked."""

MOST_CHECKS = 16
"""Checks at once; each is mostly the wait of a thread for its trace."""


class Session:
    """The documents by the URI of the file or notebook.

    Args:
        configure: reads the configuration files anew.
        checked: is told when a document was checked.
        complain: is told why a document cannot be checked at all.

    Attributes:
        workers: kept open, so that an edit does not wait for `import torch`.
    """

    def __init__(
        self,
        configure: Callable[[], Configuration],
        checked: Callable[[Document], None],
        complain: Callable[[str], None],
    ):
        self.documents: dict[str, Document] = {}
        self.workers = Workers()
        self._configure = configure
        self._checked = checked
        self._complain = complain
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(MOST_CHECKS)

    def open(self, document: Document) -> None:
        self.documents[document.uri] = document
        self.check(document)

    def close(self, document: Document) -> None:
        """Forgets a document; a check of it is ended."""
        self.documents.pop(document.uri, None)
        if task := self._tasks.pop(document.uri, None):
            task.cancel()

    def check(self, document: Document, pause: float = 0.0) -> None:
        """Checks a document after a pause, instead of the check that is under way for it."""
        if task := self._tasks.get(document.uri):
            task.cancel()
        self._tasks[document.uri] = asyncio.create_task(self._check(document, pause))

    def files_changed(self, paths: Iterable[str]) -> None:
        """Checks the documents that rest on these files, or may take their configuration from them."""
        paths = {os.path.realpath(path) for path in paths}
        configuration = any(path.endswith(".toml") for path in paths)
        for document in self.documents.values():
            if configuration or paths & {os.path.realpath(path) for path in document.reads.files}:
                self.check(document)

    async def settle(self, document: Document, timeout: float) -> None:
        """Waits until the check of a document is done, at most `timeout` seconds."""
        if task := self._tasks.get(document.uri):
            await asyncio.wait({task}, timeout=timeout)

    async def fix(self, document: Document) -> bytes:
        """What the document's file would hold with its safe fixes that linting again confirms."""
        assert document.result is not None
        check, loop = Check(self.workers), asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._threads, check.fix, document.result, document.data, self._configure()
            )
        except asyncio.CancelledError:
            check.cancel()
            raise

    async def _check(self, document: Document, pause: float) -> None:
        await asyncio.sleep(pause)
        check, loop = Check(self.workers), asyncio.get_running_loop()
        try:
            checked = await loop.run_in_executor(
                self._threads, self._run, check, document.name, document.data
            )
        except asyncio.CancelledError:
            check.cancel()
            raise
        except (UsageError, PluginError, WorkersUnavailable) as error:
            self._complain(str(error))
        except Exception as error:
            self._complain(f"cnnlint itself failed on {document.name}: {type(error).__name__}: {error}")
        else:
            if checked is not None:
                document.accept(checked)
            else:
                document.leave()
            self._checked(document)

    def _run(self, check: Check, name: str, data: bytes) -> Checked | None:
        """In a thread: None for a file that the configuration excludes."""
        configuration = self._configure()
        if is_forced_out(name, configuration):
            return None
        return check.run(name, data, configuration)
