"""Which rules are selected, by one place and by several."""

from __future__ import annotations

import pytest

from cnnlint.config import UsageError
from cnnlint.config.selection import find_rule, selected_rules
from cnnlint.config.settings import Selection
from cnnlint.diagnostic import Severity
from cnnlint.plugin import Rule


def make(code: str, name: str, on: bool = True) -> Rule:
    """A rule that finds nothing."""
    members = {"__doc__": name, "code": code, "name": name, "severity": Severity.ERROR, "default": on}
    rule_class: type[Rule] = type(name, (Rule,), members)
    return rule_class()


RULES = (
    make("ABC1", "third-party"),
    make("CNN001", "syntax-error"),
    make("CNN101", "channel-mismatch"),
    make("CNN102", "flatten-mismatch"),
    make("CNN311", "even-kernel", on=False),
)


def selection(text: str) -> Selection:
    """`select=CNN1,CNN2 ignore=ALL`."""
    given: dict[str, tuple[str, ...]] = {}
    for part in text.split():
        key, _, value = part.partition("=")
        given[key] = tuple(value.split(","))
    return Selection("", **given)  # type: ignore[arg-type]


def codes(*places: str) -> list[str]:
    return [rule.code for rule in selected_rules(map(selection, places), RULES)]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("", "ABC1 CNN001 CNN101 CNN102"),
        ("select=CNN102", "CNN001 CNN102"),
        ("select=cnn102", "CNN001 CNN102"),
        ("select=flatten-mismatch", "CNN001 CNN102"),
        ("select=CNN1", "CNN001 CNN101 CNN102"),
        ("select=ALL", "ABC1 CNN001 CNN101 CNN102 CNN311"),
        ("select=ABC", "ABC1 CNN001"),
        ("extend_select=even-kernel", "ABC1 CNN001 CNN101 CNN102 CNN311"),
        ("ignore=CNN1", "ABC1 CNN001"),
        ("ignore=CNN", "ABC1"),
        ("ignore=CNN001", "ABC1 CNN101 CNN102"),
        ("ignore=ALL", ""),
        ("select=CNN001 ignore=CNN001", ""),
    ],
)
def test_selection(place: str, expected: str) -> None:
    assert codes(place) == expected.split()


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ("CNN1", "CNN1", ""),  # the same: ignore wins
        ("CNN102", "CNN1", "CNN102"),  # the longer selector wins
        ("CNN1", "CNN102", "CNN101"),
        ("CNN102", "flatten-mismatch", ""),  # a name is a full code
        ("CNN102", "ALL", "CNN102"),
        ("ALL", "CNN", "ABC1"),
    ],
)
def test_the_more_specific_selector_wins(select: str, ignore: str, expected: str) -> None:
    found = [code for code in codes(f"select={select} ignore={ignore}") if code != "CNN001"]
    assert found == expected.split()


def test_extend_select_beats_a_shorter_ignore() -> None:
    assert "CNN311" in codes("extend_select=CNN311 ignore=CNN3")
    assert "CNN311" not in codes("extend_select=CNN3 ignore=CNN311")


@pytest.mark.parametrize(
    ("file", "flags", "expected"),
    [
        ("select=CNN1", "", "CNN101 CNN102"),
        ("select=CNN101", "select=CNN102", "CNN102"),  # select starts anew
        ("select=CNN101", "extend_select=ABC", "ABC1 CNN101"),
        ("select=CNN101,CNN102", "ignore=CNN1", ""),  # each place is applied to what the last one left
        ("ignore=CNN101", "ignore=CNN102", "ABC1"),
        ("ignore=CNN101", "select=ALL", "ABC1 CNN102 CNN311"),  # what a project ignores stays ignored
        ("ignore=CNN101", "select=CNN101", "CNN101"),
        ("ignore=CNN101", "select=CNN1", "CNN102"),
        ("ignore=CNN1", "select=CNN101", "CNN101"),
        ("ignore=CNN101", "extend_select=CNN101", "ABC1 CNN101 CNN102"),
        ("extend_select=CNN311", "select=CNN101", "CNN101"),
        ("select=ABC ignore=CNN101", "select=CNN1", "CNN101 CNN102"),
    ],
)
def test_a_closer_place_is_applied_to_what_the_others_left(file: str, flags: str, expected: str) -> None:
    assert [code for code in codes(file, flags) if code != "CNN001"] == expected.split()


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("CNN105x", "'CNN105x'"),
        ("CNN192", "did you mean CNN102?"),
        ("flaten-mismatch", "did you mean flatten-mismatch?"),
        ("CN", "no rule has the code, prefix or name 'CN'"),
        ("zebra", "`cnnlint rule --all` lists them"),
    ],
)
def test_unknown_selectors_are_usage_errors(selector: str, hint: str) -> None:
    for key in ("select", "extend_select", "ignore"):
        with pytest.raises(UsageError) as caught:
            codes(f"{key}={selector}")
        assert hint in str(caught.value)
        assert str(caught.value).startswith(f"--{key.replace('_', '-')}: ")


def test_a_rule_is_found_by_code_and_name() -> None:
    assert find_rule("cnn102", RULES) is find_rule("Flatten-Mismatch", RULES)
    with pytest.raises(UsageError, match="did you mean even-kernel"):
        find_rule("even-kernels", RULES)
    with pytest.raises(UsageError):
        find_rule("CNN1", RULES)  # a prefix is not a rule
