"""torch is the judge: whenever it raises, an error of family CNN1 says so; whenever it runs, none does
but for the mistakes that run silently."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import torch
from pipeline import Snippets
from seeded import Seeded, good_models, seeded_faults

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.plugin import all_rules

SILENT = {"CNN104", "CNN110", "CNN111", "CNN112"}


@dataclass(frozen=True)
class Raised:
    """What torch says, and the innermost line of the file that it says it at."""

    words: str
    row: int


@cache
def raised(case: Seeded) -> Raised | None:
    """Builds the model and runs it on a small batch; None where it runs."""
    sizes = re.search(r"input=([\dx]+)", case.text)
    assert sizes is not None
    namespace: dict[str, Any] = {}
    try:
        exec(compile(case.text, "seeded.py", "exec"), namespace)
        namespace["Net"]()(torch.zeros(4, *map(int, sizes[1].split("x"))))
    except Exception as error:
        rows = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == "seeded.py"
        ]
        return Raised(f"{type(error).__name__}: {error}", rows[-1] or 0)
    return None


def errors(snippets: Snippets, case: Seeded) -> list[Diagnostic]:
    found = snippets.findings(case.text, *all_rules())
    return [
        finding
        for finding in found
        if (finding.code.startswith("CNN1") and finding.severity is Severity.ERROR)
        or finding.code == "CNN003"
    ]


@pytest.fixture(scope="module")
def cases(snippets: Snippets) -> list[Seeded]:
    found = [*good_models(), *seeded_faults()]
    snippets.add(case.text for case in found)
    return found


def test_good_models_are_clean(cases: list[Seeded], snippets: Snippets) -> None:
    for case in good_models():
        assert raised(case) is None
        assert [finding.message for finding in errors(snippets, case)] == []


def test_torch_and_cnnlint_agree(cases: list[Seeded], snippets: Snippets) -> None:
    missed, invented = [], []
    for case in cases:
        refusal = raised(case)
        found = errors(snippets, case)
        if refusal is not None and not found:
            missed.append((case.name, refusal.words))
        if refusal is None and any(finding.code not in SILENT for finding in found):
            invented.append((case.name, [f"{finding.code} {finding.message}" for finding in found]))
    assert (missed, invented) == ([], [])


def test_a_fault_is_told_where_it_was_made_or_where_it_meets_the_tensor(
    cases: list[Seeded], snippets: Snippets
) -> None:
    """A finding stands at, or shows, the changed line or the one at which torch raises."""
    astray = []
    for case in cases:
        refusal = raised(case)
        found = errors(snippets, case)
        if refusal is None or not found:
            continue
        rows = {row for finding in found for row in _rows(finding)}
        if not rows & {case.row, refusal.row}:
            astray.append(
                (case.name, [(finding.code, finding.span.row, finding.message) for finding in found])
            )
    assert astray == []


def _rows(finding: Diagnostic) -> set[int]:
    spans = [finding.span, *(related.span for related in finding.related)]
    return {row for span in spans for row in range(span.row, span.end_row + 1)}


def test_there_are_enough_cases(cases: list[Seeded]) -> None:
    refused = sum(raised(case) is not None for case in cases)
    assert len(cases) > 300
    assert refused > 100
    assert len(cases) - refused > 100
