"""Findings as editors show them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from lsprotocol import types
from pygls import uris

from cnnlint.config.selection import known_rules
from cnnlint.diagnostic import Diagnostic, Related, Severity
from cnnlint.plugin import Rule
from cnnlint.report.text import location, one_line, other_layers
from cnnlint.server.document import Cell, Document

SOURCE = "cnnlint"

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.ADVICE: types.DiagnosticSeverity.Information,
}


def problems(document: Document) -> Iterator[tuple[Diagnostic, Cell, types.Diagnostic]]:
    """The findings of a document, each with the cell that shows it. One whose place is in an imported module
    is shown at its model, and leads there."""
    if document.result is None:
        return
    rules = {rule.code: rule for rule in known_rules(document.result.settings)}
    for finding in document.findings():
        span, related, message = finding.span, list(finding.related), finding.message
        if document.cell(span) is None:
            model = document.result.model(finding.model)
            related.insert(0, Related(finding.label or "here", span))
            message = f"{location(span)}: {message}"
            at_model = document.range(document.source.place(model.span)) if model else None
            cell, place = at_model or (document.cells[0], types.Range(_START, _START))
        else:
            found = document.range(span)
            assert found is not None
            cell, place = found
        if others := other_layers(finding):
            related.append(Related(f"the same in {others}", span))
        rule = rules.get(finding.code)
        yield (
            finding,
            cell,
            types.Diagnostic(
                range=place,
                message=_text(message, finding),
                severity=_SEVERITIES[finding.severity],
                code=finding.code,
                code_description=_documentation(rule),
                source=SOURCE,
                tags=[types.DiagnosticTag.Unnecessary] if rule and rule.unnecessary else None,
                related_information=[
                    types.DiagnosticRelatedInformation(document.location(item.span), one_line(item.message))
                    for item in related
                ],
            ),
        )


_START = types.Position(0, 0)


def _text(message: str, finding: Diagnostic) -> str:
    lines = [message, finding.label]
    if finding.help:
        lines.append(f"help: {finding.help}")
    return "\n".join(one_line(line) for line in lines if line)


def _documentation(rule: Rule | None) -> types.CodeDescription | None:
    """The file of a rule, which begins with what it says of itself."""
    path = inspect.getsourcefile(type(rule)) if rule else None
    uri = uris.from_fs_path(path) if path else None
    return types.CodeDescription(uri) if uri else None
