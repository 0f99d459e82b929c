"""What a run was asked to do, and which rules that selects."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cnnlint.diagnostic import Severity
from cnnlint.plugin import Rule
from cnnlint.source.facts import InputShape


class UsageError(Exception):
    """The run cannot start; the message is one line for the user (exit 2)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective options of a run.

    Attributes:
        select: selectors that replace the default selection; empty for the default.
        extend_select: selectors that come on top of it.
        ignore: selectors that are taken away.
        fail_level: the least severity that makes the exit code 1.
        advice: whether advice is reported.
        device, inputs, models, timeout, verify, allow_effects: see `cnnlint.job.Job`.
        cache: the folder in which traces are kept between runs; None for none.
        unsafe_fixes: whether fixes that have to be looked at are wanted too.
        verbose: also show the models that were judged, frames for advice, tracebacks of crashed rules.
        quiet: show findings only, no last line.
        stdin_filename: how what is read from standard input is called.
    """

    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_level: Severity = Severity.WARNING
    advice: bool = True
    device: str = "meta"
    inputs: tuple[InputShape, ...] = ()
    models: tuple[str, ...] = ()
    timeout: float = 30.0
    verify: bool = False
    allow_effects: bool = False
    cache: str | None = None
    unsafe_fixes: bool = False
    verbose: bool = False
    quiet: bool = False
    stdin_filename: str = "<stdin>"


ALL = "ALL"
UNJUDGED_FAMILY = "CNN0"
"""Codes that say what could not be judged: `--select` does not turn them off, only `--ignore` does."""


def selected_rules(settings: Settings, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules that the settings ask for, in the order given.

    As in ruff the more specific selector wins (`ALL` < `CNN` < `CNN1` < `CNN102`; a name counts as
    a full code), and at the same length `--ignore` beats `--select`.

    Raises:
        UsageError: a selector is no code, prefix or name of any rule.
    """
    select = [resolve(selector, rules) for selector in settings.select]
    extend = [resolve(selector, rules) for selector in settings.extend_select]
    ignore = [resolve(selector, rules) for selector in settings.ignore]
    chosen = []
    for rule in rules:
        wanted = max(_specificity(rule, select), _specificity(rule, extend))
        by_default = not settings.select and rule.default
        if by_default or rule.code.startswith(UNJUDGED_FAMILY):
            wanted = max(wanted, 0)
        if wanted > _specificity(rule, ignore):
            chosen.append(rule)
    return tuple(chosen)


def find_rule(selector: str, rules: Sequence[Rule]) -> Rule:
    """The rule with this code or name.

    Raises:
        UsageError: there is none.
    """
    for rule in rules:
        if selector.upper() == rule.code or selector.lower() == rule.name:
            return rule
    raise UsageError(_unknown(selector, rules))


def resolve(selector: str, rules: Sequence[Rule]) -> str:
    """A selector as `ALL`, a code or a prefix of codes."""
    upper = selector.upper()
    if upper == ALL:
        return ALL
    for rule in rules:
        if selector.lower() == rule.name:
            return rule.code
        if covers(upper, rule.code):
            return upper
    raise UsageError(_unknown(selector, rules))


def covers(prefix: str, code: str) -> bool:
    """Whether a code belongs to a prefix, which holds all of the code's letters (`CNN`, not `CN`)."""
    return code.startswith(prefix) and prefix.startswith(code.rstrip("0123456789"))


def _specificity(rule: Rule, selectors: Iterable[str]) -> int:
    """How closely the best of the selectors names the rule; −1 where none does."""
    return max(
        (
            0 if selector == ALL else len(selector)
            for selector in selectors
            if selector == ALL or covers(selector, rule.code)
        ),
        default=-1,
    )


def _unknown(selector: str, rules: Sequence[Rule]) -> str:
    known = [word for rule in rules for word in (rule.code, rule.name)]
    asked = selector.upper() if re.fullmatch(r"[A-Za-z]+\d*", selector) else selector.lower()
    close = difflib.get_close_matches(asked, known, n=1)
    hint = f", did you mean {close[0]}?" if close else "; `cnnlint rule --all` lists them"
    return f"no rule has the code, prefix or name {selector!r}{hint}"
