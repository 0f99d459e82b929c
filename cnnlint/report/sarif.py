"""`--output-format sarif`: SARIF 2.1.0, which GitHub code scanning, Azure DevOps and editors read.

Rows and columns are those of the file as it is stored, columns in Unicode code points.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cnnlint import __version__
from cnnlint.config import Settings
from cnnlint.diagnostic import Applicability, Diagnostic, Edit, Fix, Severity, Span
from cnnlint.plugin import Rule, all_rules
from cnnlint.report.checkout import from_checkout, root
from cnnlint.report.fingerprint import fingerprinted
from cnnlint.report.judged import summary
from cnnlint.report.rules import explanation
from cnnlint.report.stored import stored_edit, stored_span
from cnnlint.report.style import Style
from cnnlint.report.text import one_line, sentence, sentences
from cnnlint.result import Result

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
BASE = "SRCROOT"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}
PROBLEM_LEVELS = {**LEVELS, Severity.ADVICE: "recommendation"}
"""GitHub's own words for how bad a rule is."""

FINGERPRINT = "cnnlint/v1"


def render(result: Result, settings: Settings, style: Style) -> Iterator[str]:
    """The log in one piece, a valid one for no finding too."""
    found = [(finding, fingerprint) for _, finding, fingerprint in fingerprinted(result)]
    rules = _rules([finding for finding, _ in found])
    indexes = {rule["id"]: index for index, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "cnnlint",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": rules,
            }
        },
        "automationDetails": {"id": "cnnlint/"},
        "invocations": [{"executionSuccessful": not any(result.crashes())}],
        "originalUriBaseIds": {BASE: {"uri": f"{root().as_uri().rstrip('/')}/"}},
        "columnKind": "unicodeCodePoints",
        "properties": {"summary": summary(result)},
        "results": [_result(finding, indexes[finding.code], print_) for finding, print_ in found],
    }
    yield json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rules(findings: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """The rules that found something, in the order of their codes."""
    known = {rule.code: rule for rule in all_rules()}
    named = {finding.code: finding.name for finding in findings}
    return [_rule(code, named[code], known.get(code)) for code in sorted(named)]


def _rule(code: str, name: str, rule: Rule | None) -> dict[str, Any]:
    record: dict[str, Any] = {"id": code, "name": "".join(word.capitalize() for word in name.split("-"))}
    if rule is None:
        return record
    text = inspect.cleandoc(type(rule).__doc__ or "")
    return record | {
        "shortDescription": {"text": rule.summary()},
        "fullDescription": {"text": _paragraph(text) or rule.summary()},
        "help": {"text": text, "markdown": explanation(rule)},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "tags": ["correctness" if rule.severity != Severity.ADVICE else "maintainability"],
            "problem.severity": PROBLEM_LEVELS[rule.severity],
        },
    }


def _paragraph(text: str) -> str:
    """What the documentation says below its first heading, as one paragraph."""
    body = text.partition("\n## ")[2].partition("\n")[2].partition("\n## ")[0]
    return " ".join(body.split())


def _result(finding: Diagnostic, index: int, fingerprint: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": " ".join(sentences(finding))},
        "locations": [_location(finding.span) | _logical(finding)],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }
    if finding.related:
        record["relatedLocations"] = [
            _location(item.span) | {"id": number, "message": {"text": one_line(item.message)}}
            for number, item in enumerate(finding.related, 1)
        ]
    if finding.fix:
        record["fixes"] = [_fix(finding.fix)]
    return record


def _location(span: Span) -> dict[str, Any]:
    place: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": _artifact(span.filename),
            "region": _region(stored_span(span)),
        }
    }
    if span.cell is not None:
        place["message"] = {"text": f"Cell {span.cell}, line {span.row}."}
    return place


def _logical(finding: Diagnostic) -> dict[str, Any]:
    """The model and its layers, as `Net.features.0`."""
    if not finding.model:
        return {}
    names = [f"{finding.model}.{layer}" for layer in finding.layers] or [finding.model]
    return {
        "logicalLocations": [
            {
                "name": name.rpartition(".")[2],
                "fullyQualifiedName": name,
                "kind": "member" if finding.layers else "type",
            }
            for name in names
        ]
    }


def _artifact(filename: str) -> dict[str, str]:
    path = from_checkout(filename)
    if path.startswith("/"):
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(path.encode(errors="surrogateescape")), "uriBaseId": BASE}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.row,
        "startColumn": span.column,
        "endLine": span.end_row,
        "endColumn": span.end_column,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    """The fix by the files that it edits."""

    def edited(edit: Edit) -> str:
        return edit.span.filename

    doubt = "" if fix.applicability == Applicability.SAFE else " (unsafe: look at it first)"
    return {
        "description": {"text": sentence(fix.message + doubt)},
        "artifactChanges": [
            {"artifactLocation": _artifact(name), "replacements": [_replacement(edit) for edit in edits]}
            for name, edits in groupby(sorted(fix.edits, key=edited), key=edited)
        ],
    }


def _replacement(edit: Edit) -> dict[str, Any]:
    stored = stored_edit(edit)
    return {"deletedRegion": _region(stored.span), "insertedContent": {"text": stored.content}}
