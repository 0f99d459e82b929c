"""The language server: what the editor asks, answered from the session."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn, cast

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from cnnlint import __version__
from cnnlint.config import Configuration
from cnnlint.config.layers import FILES
from cnnlint.config.selection import known_rules
from cnnlint.server import actions
from cnnlint.server.document import Cell, Document
from cnnlint.server.hints import label
from cnnlint.server.hover import hover, rule_text
from cnnlint.server.lenses import lenses
from cnnlint.server.positions import changed
from cnnlint.server.problems import problems
from cnnlint.server.session import PAUSE, Session

NOTEBOOKS = types.NotebookDocumentSyncOptions(
    [types.NotebookDocumentFilterWithCells(cells=[types.NotebookCellLanguage("python")])]
)

WATCHED = ("**/*.py", *(f"**/{name}" for name in FILES))

FIRST_HINTS = 10.0
"""Seconds that hints wait for a check where the client cannot be told later that there are some."""


class Server(LanguageServer):
    """The protocol's side of a session."""

    def __init__(self, configure: Callable[[], Configuration]):
        super().__init__("cnnlint", __version__, notebook_document_sync=NOTEBOOKS)
        self.session = Session(configure, self._publish, self._complain)
        self.asked_to_end = False
        self._complaint: str | None = None

    # -- documents

    def file(self, uri: str, text: str, version: int | None) -> Document:
        return Document(uri, [Cell(uri, text, version)], self.workspace.position_codec)

    def notebook(self, uri: str, before: Document | None = None) -> list[Cell]:
        """The cells of a notebook, in their order now. Texts that are known already stay as they are."""
        notebook = self.workspace.get_notebook_document(notebook_uri=uri)
        known = {cell.uri: cell for cell in before.cells} if before else {}
        cells = []
        for item in notebook.cells if notebook else ():
            text = self.workspace.get_text_document(item.document)
            code = item.kind == types.NotebookCellKind.Code
            cells.append(known.get(item.document) or Cell(item.document, text.source, text.version, code))
        return cells

    def at(self, uri: str) -> tuple[Document, Cell] | None:
        """The document that a file or a cell of a notebook belongs to, if it is open."""
        for document in self.session.documents.values():
            for cell in document.cells:
                if cell.uri == uri:
                    return document, cell
        return None

    # -- what the client is told

    def _publish(self, document: Document) -> None:
        self._complaint = None
        by_cell: dict[str, list[types.Diagnostic]] = {cell.uri: [] for cell in document.cells}
        for _, cell, problem in problems(document):
            if not self._shows_related:
                problem.related_information = None
            by_cell[cell.uri].append(problem)
        for cell in document.cells:
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(cell.uri, by_cell[cell.uri], cell.version)
            )
        if self.refreshes_hints:
            self.workspace_inlay_hint_refresh(None)
        if _can(self.client_capabilities.workspace, "code_lens", "refresh_support"):
            self.workspace_code_lens_refresh(None)

    def _complain(self, message: str) -> None:
        """Shows why nothing can be checked; the same only once in a row."""
        if message != self._complaint:
            self._complaint = message
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"cnnlint: {message}"))

    @property
    def refreshes_hints(self) -> bool:
        """Whether the client asks for hints again when it is told to."""
        return _can(self.client_capabilities.workspace, "inlay_hint", "refresh_support")

    @property
    def resolves_actions(self) -> bool:
        """Whether the client asks for the edit of an action only when it is chosen."""
        can = self.client_capabilities.text_document
        support = can.code_action.resolve_support if can and can.code_action else None
        return support is not None and "edit" in support.properties

    @property
    def _shows_related(self) -> bool:
        return _can(self.client_capabilities.text_document, "publish_diagnostics", "related_information")

    def watch_files(self) -> None:
        """Asks to be told of changes outside of the editor."""
        if not _can(self.client_capabilities.workspace, "did_change_watched_files", "dynamic_registration"):
            return
        watchers = [types.FileSystemWatcher(pattern) for pattern in WATCHED]
        self.client_register_capability(
            types.RegistrationParams(
                [
                    types.Registration(
                        "watched-files",
                        types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                        types.DidChangeWatchedFilesRegistrationOptions(watchers),
                    )
                ]
            )
        )

    def end(self, code: int) -> NoReturn:
        """Ends the process with its workers, without waiting for its threads."""
        self.session.workers.end()
        os._exit(code)


def _can(capabilities: object, group: str, ability: str) -> bool:
    return bool(getattr(getattr(capabilities, group, None), ability, False))


def serve(configure: Callable[[], Configuration]) -> NoReturn:
    """Serves the editor on standard input and output until it goes. `configure` reads the configuration."""
    commands, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what a rule prints is no answer
    server = _server(configure)
    try:
        server.start_io(commands, answers)
    finally:
        server.end(0)


def _server(configure: Callable[[], Configuration]) -> Server:
    server = Server(configure)

    @server.feature(types.INITIALIZE)
    def initialize(ls: Server, params: types.InitializeParams) -> None:
        """Paths are shown, and patterns without a configuration file are meant, from the project's folder."""
        if ls.workspace.root_path and os.path.isdir(ls.workspace.root_path):
            os.chdir(ls.workspace.root_path)

    @server.feature(types.INITIALIZED)
    def initialized(ls: Server, params: types.InitializedParams) -> None:
        ls.session.workers.start()
        ls.watch_files()

    @server.feature(types.SHUTDOWN)
    def shutdown(ls: Server, params: None) -> None:
        ls.asked_to_end = True

    @server.feature(types.EXIT)
    def exit(ls: Server, params: None) -> None:
        ls.end(0 if ls.asked_to_end else 1)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        ls.session.open(ls.file(item.uri, item.text, item.version))

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def edited(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
        found = ls.at(params.text_document.uri)
        if found is not None:
            document, cell = found
            text = changed(cell.text, params.content_changes, document.codec)
            document.write([Cell(cell.uri, text, params.text_document.version)])
            ls.session.check(document, PAUSE)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
        if path := uris.to_fs_path(params.text_document.uri):
            ls.session.files_changed([path])

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
        _close(ls, params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
        paths = (uris.to_fs_path(change.uri) for change in params.changes)
        ls.session.files_changed(path for path in paths if path)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def notebook_opened(ls: Server, params: types.DidOpenNotebookDocumentParams) -> None:
        uri = params.notebook_document.uri
        cells = ls.notebook(uri)
        ls.session.open(Document(uri, cells, ls.workspace.position_codec, notebook=True))

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def notebook_edited(ls: Server, params: types.DidChangeNotebookDocumentParams) -> None:
        document = ls.session.documents.get(params.notebook_document.uri)
        cells = params.change.cells
        if document is None or cells is None:
            return
        changes = {item.document.uri: item for item in cells.text_content or ()}
        now = []
        for cell in ls.notebook(document.uri, document):
            if item := changes.get(cell.uri):
                text = changed(cell.text, item.changes, document.codec)
                cell = Cell(cell.uri, text, item.document.version, cell.code)
            now.append(cell)
        document.write(now)
        ls.session.check(document, PAUSE)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def notebook_closed(ls: Server, params: types.DidCloseNotebookDocumentParams) -> None:
        _close(ls, params.notebook_document.uri)

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hints(ls: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
        found = ls.at(params.text_document.uri)
        if found is None:
            return []
        document, cell = found
        if not ls.refreshes_hints:
            await ls.session.settle(document, FIRST_HINTS)
        return [
            types.InlayHint(position, label(outputs), padding_left=True)
            for position, outputs in document.hints(cell)
            if params.range.start.line <= position.line <= params.range.end.line
        ]

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hovered(ls: Server, params: types.HoverParams) -> types.Hover | None:
        found = ls.at(params.text_document.uri)
        return _hover(*found, params.position) if found else None

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=False))
    def code_lenses(ls: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
        found = ls.at(params.text_document.uri)
        return list(lenses(*found)) if found else []

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(
            code_action_kinds=[types.CodeActionKind.QuickFix, actions.FIX_ALL], resolve_provider=True
        ),
    )
    async def code_actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
        found = ls.at(params.text_document.uri)
        only = params.context.only
        if found is None or found[0].result is None:
            return []
        document, cell = found
        offered: list[types.CodeAction] = []
        if actions.wanted(types.CodeActionKind.QuickFix, only):
            offered += actions.quick_fixes(document, cell, params.range)
        if actions.wanted(actions.FIX_ALL, only) and actions.has_safe_fix(document):
            action = types.CodeAction(
                "apply all safe fixes of cnnlint", actions.FIX_ALL, data=params.text_document.uri
            )
            if ls.resolves_actions:
                offered.append(action)
            elif only:  # it is surely wanted
                offered.append(await _resolved(ls, action))
        return offered

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolved(ls: Server, params: types.CodeAction) -> types.CodeAction:
        return await _resolved(ls, params)

    return server


def _close(ls: Server, uri: str) -> None:
    document = ls.session.documents.get(uri)
    if document is not None:
        ls.session.close(document)
        for cell in document.cells:
            ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(cell.uri, []))


def _hover(document: Document, cell: Cell, position: types.Position) -> types.Hover | None:
    """The findings at a place, then what is computed there."""
    parts, place = [], None
    row, column = document.positions(cell).place(position)
    rules = {rule.code: rule for rule in known_rules(document.result.settings)} if document.result else {}
    for finding, where, shown in problems(document):
        start, end = (document.positions(cell).place(at) for at in (shown.range.start, shown.range.end))
        if where is cell and start <= (row, column) <= end:
            place = shown.range
            parts.append(f"**{finding.code}** {shown.message}".replace("\n", "  \n"))
            if finding.code in rules:
                parts.append(rule_text(rules[finding.code]))
    for known in document.models:
        at = document.place_in(known, cell, position)
        found = hover(known, *at) if at else None
        if found is not None and found[1] not in parts:
            now = document.range_of(known, found[0])
            place = place or (now[1] if now else None)
            parts.insert(0, found[1])
    if not parts:
        return None
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, "\n\n---\n\n".join(parts)), place)


async def _resolved(ls: Server, action: types.CodeAction) -> types.CodeAction:
    found = ls.at(cast(str, action.data)) if action.kind == actions.FIX_ALL else None
    if found is not None and found[0].result is not None:
        document = found[0]
        data, before = await ls.session.fix(document), document.data
        if document.data is before:  # else it was edited meanwhile
            action.edit = actions.rewritten(document, data)
    return action
