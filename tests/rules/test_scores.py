"""A part of the mistakes: the first one of each rule. `python tests/rules/scores.py` tries all."""

from __future__ import annotations

import pytest
from mistakes import GOOD, MISTAKES, Mistake, good, mistakes
from pipeline import Snippets
from scores import scores

from cnnlint.diagnostic import Severity
from cnnlint.plugin import all_rules


@pytest.fixture(scope="module")
def first_ones(snippets: Snippets) -> list[Mistake]:
    chosen = list({mistake.code: mistake for mistake in reversed(mistakes())}.values())
    snippets.add([good(base) for base in GOOD] + [mistake.text for mistake in chosen])
    return chosen


def test_every_rule_has_its_mistakes() -> None:
    judging = {rule.code for rule in all_rules() if not rule.code.startswith("CNN0")}
    assert judging == set(MISTAKES)


def test_good_models_are_clean(first_ones: list[Mistake], snippets: Snippets) -> None:
    default = [rule for rule in all_rules() if rule.default]
    found = {
        base: [
            f"{finding.code} {finding.message}"
            for finding in snippets.findings(good(base), *default)
            if finding.severity is not Severity.ADVICE
        ]
        for base in GOOD
    }
    assert found == {base: [] for base in GOOD}


def test_mistakes_are_told_and_nothing_untrue_beside_them(
    first_ones: list[Mistake], snippets: Snippets
) -> None:
    table = scores(snippets, first_ones)
    assert [mistake.name for score in table.values() for mistake in score.missed] == []
    assert [
        (mistake.name, finding.code, finding.message)
        for score in table.values()
        for mistake, finding in score.wrong
    ] == []
