"""`cnnlint rule`: what a rule says of itself."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from textwrap import dedent

from cnnlint.option import shown
from cnnlint.plugin import Rule


def listing(rules: Sequence[Rule]) -> str:
    """A table of rules, one a row."""
    from tabulate import tabulate

    rows = [
        (rule.code, rule.name, rule.severity, "" if rule.default else "off", rule.summary()) for rule in rules
    ]
    return tabulate(rows, headers=("Code", "Name", "Severity", "Default", "What it finds"), tablefmt="simple")


def explanation(rule: Rule) -> str:
    """The rule's documentation as Markdown: docstring, then its examples."""
    selection = "on by default" if rule.default else f"off by default: --extend-select {rule.code}"
    parts = [
        f"# {rule.name} ({rule.code})",
        f"Severity: {rule.severity}; {selection}.",
        inspect.cleandoc(type(rule).__doc__ or ""),
        *_options(rule),
        *_examples("Found", rule.invalid),
        *_examples("Not found", rule.valid),
    ]
    return "\n\n".join(parts)


def _options(rule: Rule) -> list[str]:
    """What can be set, under which key, with type, range and default."""
    options = rule.options().values()
    if not options:
        return []
    lines = [
        f"- `{option.name} = {shown(option.default)}` ({option.expected}): {option.meaning}"
        for option in options
    ]
    return ["## Options", f"In pyproject.toml under `[tool.cnnlint.rules.{rule.name}]`:", "\n".join(lines)]


def _examples(title: str, snippets: Sequence[str]) -> list[str]:
    if not snippets:
        return []
    return [f"## {title}", *(f"```python\n{dedent(snippet).strip()}\n```" for snippet in snippets)]
