"""The options of rules: how they are declared, shown and read."""

from __future__ import annotations

from pathlib import Path

import pytest
from inside import run

from cnnlint.diagnostic import Severity
from cnnlint.plugin import Option, Rule, all_rules


class Picky(Rule):
    """A rule with an option of each type."""

    code = "PIC001"
    name = "picky"
    severity = Severity.WARNING

    share = Option(0.5, "a share", least=0, most=1)
    most_layers = Option(20, "a count", least=2)
    strict = Option(False, "whether it is strict")
    unit = Option("px", "a word")
    allowed = Option(("aux",), "names that are fine")


def test_an_option_is_read_as_an_attribute_of_the_rule() -> None:
    rule = Picky()
    assert (rule.share, rule.most_layers, rule.strict, rule.unit, rule.allowed) == (
        0.5,
        20,
        False,
        "px",
        ("aux",),
    )
    other = rule.configured({"most-layers": 3, "share": 1, "allowed": ["a", "b"]})
    assert (other.most_layers, other.share, other.allowed, other.unit) == (3, 1.0, ("a", "b"), "px")
    assert rule.most_layers == 20


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("shaer", 1, "no option 'shaer', did you mean share?"),
        ("zebra", 1, "no option 'zebra' (it has share, most-layers, strict, unit, allowed)"),
        ("share", 1.5, "share must be a number from 0 to 1, not 1.5"),
        ("share", True, "share must be a number from 0 to 1, not true"),
        ("share", float("nan"), "share must be a number from 0 to 1, not nan"),
        ("most-layers", 1, "most-layers must be an integer of at least 2, not 1"),
        ("most-layers", 2.5, "most-layers must be an integer of at least 2, not 2.5"),
        ("strict", "yes", 'strict must be true or false, not "yes"'),
        ("unit", ["px"], 'unit must be a string, not ["px"]'),
        ("allowed", "aux", 'allowed must be a list of strings, not "aux"'),
        ("allowed", [1], "allowed must be a list of strings, not [1]"),
    ],
)
def test_what_an_option_does_not_take(name: str, value: object, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        Picky().configured({name: value})
    assert str(caught.value) == said


def test_every_option_is_shown_with_default_type_and_meaning(tmp_path: Path) -> None:
    shown = run("rule", "channel-jump", cwd=tmp_path).stdout
    assert "`[tool.cnnlint.rules.channel-jump]`" in shown
    assert "- `growth = 4.0` (a number of at least 1): how many times the channels may grow" in shown
    assert "## Options" not in run("rule", "CNN101", cwd=tmp_path).stdout


def test_the_options_of_all_rules_are_documented_in_one_line() -> None:
    for rule in all_rules():
        for option in rule.options().values():
            assert option.meaning and "\n" not in option.meaning
            assert option.read(option.default) == option.default
