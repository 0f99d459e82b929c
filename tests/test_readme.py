"""The README is true: its sessions print what it shows, and its rule table is the rules'."""

from __future__ import annotations

import pytest

from tests import readme


@pytest.mark.parametrize(("command", "shown"), readme.sessions(), ids=lambda value: value.partition("\n")[0])
def test_sessions_print_what_is_shown(command: str, shown: str) -> None:
    assert readme.run(command) == shown


def test_the_rule_table_is_made_from_the_rules() -> None:
    assert readme.rule_table() in readme.README.read_text(encoding="utf-8")


def test_there_are_two_commands_that_do_all_the_set_up() -> None:
    commands = readme.setup_commands()
    assert len(commands) == 2
    assert readme.sessions()[0][0] in commands[0]
