"""An editor for tests: pygls' own client on the pipes of `cnnlint server`, in a loop of its own thread."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self

from lsprotocol import types
from pygls.lsp.client import LanguageClient
from pygls.protocol import default_converter
from pygls.workspace import PositionCodec

from cnnlint.server.positions import Positions, changed, lines_of

PATIENCE = 60.0
"""Seconds for an answer; a server that is slow on a busy machine is not wrong."""

SERVER = (sys.executable, "-m", "cnnlint", "server")

CAPABILITIES = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        publish_diagnostics=types.PublishDiagnosticsClientCapabilities(related_information=True),
        code_action=types.CodeActionClientCapabilities(
            resolve_support=types.ClientCodeActionResolveOptions(["edit"])
        ),
    ),
    workspace=types.WorkspaceClientCapabilities(
        inlay_hint=types.InlayHintWorkspaceClientCapabilities(refresh_support=True),
        did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
    ),
    notebook_document=types.NotebookDocumentClientCapabilities(
        types.NotebookDocumentSyncClientCapabilities()
    ),
)


class Editor:
    """A session with a server of its own. Texts that it holds are what the server was told."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        capabilities: types.ClientCapabilities = CAPABILITIES,
        command: tuple[str, ...] = SERVER,
    ):
        self.folder = folder
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.messages: list[str] = []
        self._published: dict[str, types.PublishDiagnosticsParams] = {}
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client = self.run(self._start([*command, *arguments], capabilities))
        self.codec = PositionCodec()

    async def _start(self, command: list[str], capabilities: types.ClientCapabilities) -> LanguageClient:
        client = LanguageClient("editor", "1", converter_factory=_converter)

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            with self._news:
                self._published[params.uri] = params
                self._news.notify_all()

        @client.feature(types.WINDOW_SHOW_MESSAGE)
        def shown(params: types.ShowMessageParams) -> None:
            with self._news:
                self.messages.append(params.message)
                self._news.notify_all()

        for request in (types.WORKSPACE_INLAY_HINT_REFRESH, types.WORKSPACE_CODE_LENS_REFRESH):
            client.feature(request)(lambda *params: None)
        client.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda params: None)
        await client.start_io(command[0], *command[1:], cwd=self.folder)
        await client.initialize_async(
            types.InitializeParams(
                capabilities=capabilities, process_id=os.getpid(), root_uri=self.folder.as_uri()
            )
        )
        client.initialized(types.InitializedParams())
        return client

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """The result of a coroutine in the client's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.returncode is None:
            self.leave()

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The server's."""
        assert self._client._server is not None
        return self._client._server

    def leave(self) -> int:
        """Shuts the server down as an editor does, and gives its exit code."""

        async def leave() -> int:
            await self._client.shutdown_async(None)
            self._client.exit(None)
            return await self.process.wait()

        return self.run(leave())

    # -- documents

    def open(self, name: str, text: str) -> str:
        """Opens a file, which need not exist, and gives its URI."""
        uri = (self.folder / name).as_uri()
        self.texts[uri], self.versions[uri] = text, 0
        item = types.TextDocumentItem(uri, types.LanguageKind.Python, 0, text)
        self._tell(self._client.text_document_did_open, types.DidOpenTextDocumentParams(item))
        return uri

    def edit(self, uri: str, *changes: types.TextDocumentContentChangeEvent) -> None:
        """Sends changes."""
        self.texts[uri] = changed(self.texts[uri], changes, self.codec)
        self.versions[uri] += 1
        document = types.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        self._tell(
            self._client.text_document_did_change,
            types.DidChangeTextDocumentParams(document, list(changes)),
        )

    def write(self, uri: str, text: str) -> None:
        """Replaces the whole text."""
        self.edit(uri, types.TextDocumentContentChangeWholeDocument(text))

    def replace(self, uri: str, old: str, new: str) -> None:
        """Replaces the first occurrence of a text, as typing there would."""
        self.edit(uri, types.TextDocumentContentChangePartial(self.range(uri, old), new))

    def apply(self, edit: types.WorkspaceEdit | None) -> None:
        """Makes the edit of an action."""
        assert edit is not None and edit.changes
        for uri, edits in edit.changes.items():
            last_first = sorted(edits, key=lambda one: (one.range.start.line, one.range.start.character))
            self.edit(
                uri,
                *(
                    types.TextDocumentContentChangePartial(one.range, one.new_text)
                    for one in last_first[::-1]
                ),
            )

    def saved_elsewhere(self, name: str) -> None:
        """Says that a file was changed on the disk."""
        change = types.FileEvent((self.folder / name).as_uri(), types.FileChangeType.Changed)
        self._tell(
            self._client.workspace_did_change_watched_files, types.DidChangeWatchedFilesParams([change])
        )

    def notify(self, method: str, params: Any) -> None:
        """Any other notification."""
        self._tell(self._client.protocol.notify, method, params)

    def _tell(self, function: Any, *arguments: Any) -> None:
        async def tell() -> None:
            function(*arguments)

        self.run(tell())

    # -- what the server says

    def problems(self, uri: str) -> list[types.Diagnostic]:
        """The diagnostics of the text as it is now."""
        return self.news(uri, lambda params: params.version == self.versions[uri])

    def codes(self, uri: str) -> list[object]:
        return [item.code for item in self.problems(uri)]

    def news(self, uri: str, is_it: Any = lambda params: True) -> list[types.Diagnostic]:
        """The diagnostics of a document as soon as they are what is waited for."""
        with self._news:
            found = self._news.wait_for(
                lambda: uri in self._published and is_it(self._published[uri]), PATIENCE
            )
            assert found, f"no diagnostics that fit: {self._published.get(uri)} {self.messages}"
            return list(self._published[uri].diagnostics)

    def forget(self, uri: str) -> None:
        """Waits for diagnostics that are yet to come."""
        with self._news:
            self._published.pop(uri, None)

    def message(self) -> str:
        """The next message to the user."""
        with self._news:
            assert self._news.wait_for(lambda: self.messages, PATIENCE)
            return self.messages.pop(0)

    def hints(self, uri: str) -> dict[str, list[str]]:
        """The hints by the line that they stand in, each with what is before it."""
        last = types.Position(10_000, 0)
        params = types.InlayHintParams(
            types.TextDocumentIdentifier(uri), types.Range(types.Position(0, 0), last)
        )
        found: dict[str, list[str]] = {}
        for hint in self.run(self._client.text_document_inlay_hint_async(params)) or ():
            row, column = Positions(lines_of(self.texts[uri]), self.codec).place(hint.position)
            line = lines_of(self.texts[uri])[row - 1]
            found.setdefault(line.strip(), []).append(f"{line[: column - 1].strip()} {hint.label}")
        return found

    def hover(self, uri: str, text: str) -> str:
        """What is shown at the first occurrence of a text."""
        params = types.HoverParams(types.TextDocumentIdentifier(uri), self.range(uri, text).start)
        found = self.run(self._client.text_document_hover_async(params))
        return found.contents.value if found else ""

    def lenses(self, uri: str) -> list[str]:
        params = types.CodeLensParams(types.TextDocumentIdentifier(uri))
        return [item.command.title for item in self.run(self._client.text_document_code_lens_async(params))]

    def actions(self, uri: str, at: str, *only: str) -> dict[str, types.CodeAction]:
        """The actions at the first occurrence of a text, by title; those without an edit are resolved."""
        context = types.CodeActionContext(self.problems(uri), only=list(only) or None)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), self.range(uri, at), context)
        found = {}
        for action in self.run(self._client.text_document_code_action_async(params)) or ():
            if action.edit is None:
                action = self.run(self._client.code_action_resolve_async(action))
            found[action.title] = action
        return found

    def text_at(self, uri: str, place: types.Range) -> str:
        """The text of a range in one line."""
        positions = Positions(lines_of(self.texts[uri]), self.codec)
        (row, start), (_, end) = positions.place(place.start), positions.place(place.end)
        return lines_of(self.texts[uri])[row - 1][start - 1 : end - 1]

    def range(self, uri: str, text: str) -> types.Range:
        """Where a text first occurs."""
        before = lines_of(self.texts[uri][: self.texts[uri].index(text)])
        after = lines_of(self.texts[uri][: self.texts[uri].index(text) + len(text)])
        positions = Positions(lines_of(self.texts[uri]), self.codec)
        return types.Range(
            positions.position(len(before), len(before[-1]) + 1),
            positions.position(len(after), len(after[-1]) + 1),
        )


def _converter() -> Any:
    """pygls' converter, which cannot read what servers say of notebooks."""
    converter = default_converter()
    converter.register_structure_hook(types.NotebookDocumentSyncOptions, lambda data, _: data)
    return converter


def descendants(pid: int) -> set[int]:
    """The processes that a process has started, and those that these have."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child} | descendants(child)
    return found
