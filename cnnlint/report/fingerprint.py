"""What makes a finding the same finding in the next commit."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from cnnlint.diagnostic import Diagnostic
from cnnlint.report.checkout import from_checkout
from cnnlint.report.excerpts import rows
from cnnlint.result import FileResult, Result


def fingerprinted(result: Result) -> Iterator[tuple[FileResult, Diagnostic, str]]:
    """The findings that are shown, each with its file and a fingerprint.

    The fingerprint rests on the file, the rule, the model, the layers and the text of the line, never on
    the line's number; findings that are alike in all of these are told apart by their order.
    """
    shown = {id(finding) for finding in result.shown()}
    for file in result.files:
        seen: Counter[tuple[str, ...]] = Counter()
        for finding in file.findings:
            if id(finding) not in shown:
                continue
            key = _key(file, finding)
            seen[key] += 1
            parts = "\0".join((*key, str(seen[key])))
            yield file, finding, hashlib.sha256(parts.encode(errors="replace")).hexdigest()[:32]


def _key(file: FileResult, finding: Diagnostic) -> tuple[str, ...]:
    span = finding.span
    line = rows(file, span.filename, span.cell).get(span.row, "")
    return (
        from_checkout(span.filename),
        finding.code,
        finding.model or "",
        *finding.layers,
        " ".join(line.split()),
    )
