"""Every rule's snippets are its tests: a valid one gives no finding of the rule, an invalid one gives
exactly those that the carets underline."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass

import pytest
from _pytest.mark.structures import ParameterSet
from pipeline import Findings, Snippets

from cnnlint.plugin import Rule, all_rules

CARETS = re.compile(r"^\s*(\^+)\s*(.*)$")

HEADINGS = ("## Why", "## Use instead")

WITHOUT_SNIPPETS = {"CNN005", "CNN006", "CNN007", "CNN008", "CNN009"}
"""Raised by the worker and the engine for what no snippet can show: see their own tests."""


@dataclass(frozen=True)
class Expected:
    row: int
    column: int
    width: int
    text: str


def parsed(snippet: str) -> tuple[str, list[Expected]]:
    """The file and what is underlined in it."""
    lines: list[str] = []
    expected = []
    for line in textwrap.dedent(snippet).strip("\n").split("\n"):
        carets = CARETS.match(line)
        if carets:
            expected.append(Expected(len(lines), carets.start(1) + 1, len(carets[1]), carets[2].strip()))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n", expected


def cases(kind: str) -> list[ParameterSet]:
    return [
        pytest.param(rule, snippet, id=f"{rule.code}-{number}")
        for rule in all_rules()
        for number, snippet in enumerate(getattr(rule, kind))
        if type(rule).__module__.startswith("cnnlint_rules")
    ]


@pytest.fixture(autouse=True, scope="module")
def all_traced(snippets: Snippets) -> None:
    """Every snippet in one run of the engine, which is much faster than one by one."""
    snippets.add(parsed(case.values[1])[0] for kind in ("valid", "invalid") for case in cases(kind))


@pytest.mark.parametrize(("rule", "snippet"), cases("valid"))
def test_valid_snippet_is_clean(rule: Rule, snippet: str, findings: Findings) -> None:
    text, expected = parsed(snippet)
    assert not expected, "a valid snippet has no carets"
    assert [found.message for found in findings(text, rule)] == []


@pytest.mark.parametrize(("rule", "snippet"), cases("invalid"))
def test_invalid_snippet_is_underlined(rule: Rule, snippet: str, findings: Findings) -> None:
    text, expected = parsed(snippet)
    assert expected, "an invalid snippet has carets"
    found = findings(text, rule)
    where = [
        (item.span.row, item.span.column, max(item.span.end_column - item.span.column, 1)) for item in found
    ]
    assert where == [(item.row, item.column, item.width) for item in expected], [f.message for f in found]
    for item, finding in zip(expected, found, strict=True):
        assert item.text in f"{finding.message}\n{finding.label}"


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_rule_documents_itself(rule: Rule) -> None:
    text = inspect.cleandoc(type(rule).__doc__ or "")
    assert rule.summary().endswith("."), "the first line is the summary, a sentence"
    for heading in HEADINGS:
        assert f"\n{heading}\n" in text
    if rule.code not in WITHOUT_SNIPPETS:
        assert len(rule.valid) >= 2
        assert len(rule.invalid) >= 2
