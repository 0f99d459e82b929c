"""Every fix of a rule, on the rule's own snippets: with it the finding is gone and no error has come."""

from __future__ import annotations

import ast
from collections import Counter

import pytest
from pipeline import Snippets
from test_snippets import cases, parsed

from cnnlint.diagnostic import Applicability, Diagnostic, Severity
from cnnlint.fixes.editing import apply
from cnnlint.plugin import Rule, all_rules

SAFE = {"CNN101", "CNN102", "CNN107", "CNN513"}
UNSAFE = {
    *("CNN103", "CNN104", "CNN105", "CNN108", "CNN109", "CNN110"),
    *("CNN201", "CNN202", "CNN203", "CNN205", "CNN207"),
    *("CNN301", "CNN308", "CNN405", "CNN501", "CNN505", "CNN507", "CNN514"),
}


@pytest.fixture(scope="module")
def fixes(snippets: Snippets) -> list[tuple[Rule, str, Diagnostic]]:
    """The fixes of all invalid snippets, with the rule and the text."""
    texts = [(case.values[0], parsed(case.values[1])[0]) for case in cases("invalid")]
    snippets.add(text for _, text in texts)
    return [
        (rule, text, finding)
        for rule, text in texts
        for finding in snippets.findings(text, rule)
        if finding.fix is not None
    ]


def test_rules_with_fixes(fixes: list[tuple[Rule, str, Diagnostic]]) -> None:
    of = {kind: set() for kind in Applicability}
    for rule, _, finding in fixes:
        of[finding.fix.applicability].add(rule.code)
    assert of[Applicability.SAFE] == SAFE
    assert of[Applicability.UNSAFE] >= UNSAFE


def test_each_fix_removes_its_finding(fixes: list[tuple[Rule, str, Diagnostic]], snippets: Snippets) -> None:
    mended = [(rule, text, apply(text, finding.fix.edits)) for rule, text, finding in fixes]
    snippets.add(new for _, _, new in mended)
    errors = [rule for rule in all_rules() if rule.severity is Severity.ERROR]
    for rule, text, new in mended:
        ast.parse(new)
        before, after = snippets.findings(text, rule), snippets.findings(new, rule)
        assert len(after) < len(before), new
        had, has = (
            Counter(item.code for item in snippets.findings(source, *errors)) for source in (text, new)
        )
        assert has <= had, new
