"""Code actions: the fix of a finding, all safe fixes, a comment that ignores a finding."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from lsprotocol import types

from cnnlint.diagnostic import Applicability, Edit
from cnnlint.fixes.ignoring import ignoring
from cnnlint.server.document import Cell, Document, text_of
from cnnlint.server.positions import Positions, whole_lines
from cnnlint.server.problems import problems

FIX_ALL = "source.fixAll.cnnlint"


def wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a client that asks for some kinds only wants this one."""
    return not only or any(kind == asked or kind.startswith(f"{asked}.") for asked in only)


def quick_fixes(document: Document, cell: Cell, place: types.Range) -> Iterator[types.CodeAction]:
    """For the findings that a range touches, the fixes first."""
    assert document.result is not None
    here = [
        (finding, shown)
        for finding, where, shown in problems(document)
        if where is cell and _touch(shown.range, place)
    ]
    for finding, shown in here:
        if fix := finding.fix:
            safe = fix.applicability is Applicability.SAFE
            yield types.CodeAction(
                title=fix.message if safe else f"{fix.message} (unsafe: look at it)",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[shown],
                is_preferred=safe,
                edit=_edit(document, fix.edits),
            )
    for finding, shown in here:
        edits, _ = ignoring(document.result.source, [finding], document.result.settings)
        if edits:
            yield types.CodeAction(
                title=f"ignore {finding.code} ({finding.name}) with a comment",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[shown],
                edit=_edit(document, edits),
            )


def has_safe_fix(document: Document) -> bool:
    """Whether fixing all may change the document."""
    return any(
        finding.fix is not None and finding.fix.applicability is Applicability.SAFE
        for finding in document.findings()
    )


def rewritten(document: Document, data: bytes) -> types.WorkspaceEdit:
    """The edit that makes the document what `data` holds; lines that stay are not touched."""
    text = text_of(data)
    texts = [text]
    if document.notebook:
        sources = [cell["source"] for cell in json.loads(text)["cells"]]
        texts = [source if isinstance(source, str) else "".join(source) for source in sources]
    return types.WorkspaceEdit(
        changes={
            cell.uri: list(_line_edits(document.positions(cell), cell.text, new))
            for cell, new in zip(document.cells, texts, strict=True)
            if cell.text != new
        }
    )


def _line_edits(positions: Positions, before: str, after: str) -> Iterator[types.TextEdit]:
    old, new = whole_lines(before), whole_lines(after)
    for kind, start, end, there, there_end in SequenceMatcher(None, old, new).get_opcodes():
        if kind != "equal":
            place = types.Range(positions.position(start + 1, 1), positions.position(end + 1, 1))
            yield types.TextEdit(place, "".join(new[there:there_end]))


def _edit(document: Document, edits: Sequence[Edit]) -> types.WorkspaceEdit:
    changes: dict[str, list[types.TextEdit]] = {}
    for edit in edits:
        place = document.location(edit.span)
        changes.setdefault(place.uri, []).append(types.TextEdit(place.range, edit.content))
    return types.WorkspaceEdit(changes=changes)


def _touch(one: types.Range, other: types.Range) -> bool:
    return _key(one.start) <= _key(other.end) and _key(other.start) <= _key(one.end)


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
