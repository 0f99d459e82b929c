"""Which rules run on a file, and with which options."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from functools import cache

from cnnlint.config.settings import UNJUDGED_FAMILY, Selection, Settings, UsageError
from cnnlint.plugin import Rule, all_rules

ALL = "ALL"


def rules_for(path: str, settings: Settings) -> tuple[Rule, ...]:
    """The rules that run on a file, with their options.

    Raises:
        UsageError: something names a rule or an option that there is not.
        PluginError: a rule package cannot be loaded.
    """
    rules = rules_of(settings)
    path = os.path.abspath(path)
    ignored = {
        selector
        for entry in settings.per_file_ignores
        if entry.pattern.matches(path)
        for selector in _resolved(entry.ignore, known_rules(settings), entry.origin, "per-file-ignores")
    }
    return tuple(rule for rule in rules if _specificity(rule, ignored) < 0)


@cache
def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """The rules that settings select for whichever file, with their options. Raises as `rules_for`."""
    rules = known_rules(settings)
    for ignores in settings.per_file_ignores:
        _resolved(ignores.ignore, rules, ignores.origin, "per-file-ignores")
    by_code = {rule.code: rule for rule in rules}
    for options in settings.rule_options:
        try:
            code = find_rule(options.rule, rules).code
            by_code[code] = by_code[code].configured(dict(options.values))
        except (UsageError, ValueError) as error:
            raise UsageError(f"{_place(options.origin, 'rules')}.{options.rule}: {error}") from None
    return tuple(by_code[rule.code] for rule in selected_rules(settings.selections, rules))


def known_rules(settings: Settings) -> tuple[Rule, ...]:
    """The rules of all installed packages and of the plugins that the settings name.

    Raises:
        PluginError: one of them cannot be loaded.
    """
    return all_rules(settings.plugins)


def selected_rules(selections: Iterable[Selection], rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules that the selections ask for, in the order given.

    As in ruff the more specific selector of one place wins (`ALL` < `CNN` < `CNN1` < `CNN102`; a name
    counts as a full code), and at the same length `ignore` beats `select`. Of several places each is
    applied to what those before left; what they ignored, without a `select` of their own, is selected
    again only by a selector as specific.

    Raises:
        UsageError: a selector is no code, prefix or name of any rule.
    """
    chosen = {rule.code for rule in rules if rule.default or rule.code.startswith(UNJUDGED_FAMILY)}
    carried: list[str] = []
    for selection in selections:
        select = _resolved(selection.select or (), rules, selection.origin, "select")
        extend = _resolved(selection.extend_select, rules, selection.origin, "extend-select")
        ignore = _resolved(selection.ignore, rules, selection.origin, "ignore")
        if selection.select is not None:
            chosen = {code for code in chosen if code.startswith(UNJUDGED_FAMILY)}
        for rule in rules:
            wanted = max(_specificity(rule, select), _specificity(rule, extend))
            unwanted = max(_specificity(rule, ignore), _specificity(rule, carried) - 1)
            if unwanted >= 0 and unwanted >= wanted:
                chosen.discard(rule.code)
            elif wanted >= 0:
                chosen.add(rule.code)
        carried = [*carried, *ignore] if selection.select is None else []
    return tuple(rule for rule in rules if rule.code in chosen)


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
    """A selector as `ALL`, a code or a prefix of codes.

    Raises:
        UsageError: it is no code, prefix or name of any rule.
    """
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


def _resolved(selectors: Iterable[str], rules: Sequence[Rule], origin: str, key: str) -> list[str]:
    """The selectors of one key, resolved; what is refused is told with its place."""
    try:
        return [resolve(selector, rules) for selector in selectors]
    except UsageError as error:
        raise UsageError(f"{_place(origin, key)}: {error}") from None


def _place(origin: str, key: str) -> str:
    return f"{origin}: {key}" if origin else f"--{key}"


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
