"""`--show-settings`: the effective settings of a file, as its configuration file could say them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from cnnlint.config import Settings
from cnnlint.config.patterns import Pattern, relative
from cnnlint.option import shown
from cnnlint.plugin import Rule


def render(path: str, settings: Settings, rules: Iterable[Rule]) -> Iterator[str]:
    """The lines: what the settings of the file at `path` come from, the settings, its rules."""
    rules = list(rules)
    yield f"# {path}"
    yield f"# from {', '.join(settings.sources) or 'no configuration file'}"
    yield f"fail-level = {shown(str(settings.fail_level))}"
    yield f"device = {shown(settings.device)}"
    yield f"timeout = {settings.timeout:g}"
    if settings.num_classes:
        yield f"num-classes = {settings.num_classes.count}"
    if settings.loss:
        yield f"loss = {shown(settings.loss.name)}"
    if settings.plugins:
        yield f"plugins = {shown([plugin.module for plugin in settings.plugins])}"
    yield f"exclude = {shown([_written(pattern) for pattern in settings.exclude])}"
    yield "select = ["
    yield from (f'    "{rule.code}",  # {rule.name}' for rule in rules)
    yield "]"
    yield from _table(
        "per-file-ignores",
        {_written(entry.pattern): shown(entry.ignore) for entry in settings.per_file_ignores},
    )
    yield from _table(
        "inputs",
        {
            _written(entry.pattern) + (f"::{entry.model}" if entry.model else ""): shown(
                ["x".join(map(str, item.shape)) or "scalar" for item in entry.inputs]
            )
            for entry in settings.file_inputs
        },
    )
    yield from _table(
        "models", {_written(entry.pattern): shown(entry.calls) for entry in settings.file_models}
    )
    for rule in rules:
        if rule.values:
            yield ""
            yield f"[rules.{rule.name}]"
            yield from (f"{name} = {shown(value)}" for name, value in rule.values.items())


def _table(name: str, rows: Mapping[str, str]) -> Iterator[str]:
    if rows:
        yield ""
        yield f"[{name}]"
        yield from (f'"{key}" = {value}' for key, value in rows.items())


def _written(pattern: Pattern) -> str:
    """The pattern, with its folder where that is another than the current one."""
    inside = relative(pattern.root, os.getcwd())
    if inside == "." or "/" not in pattern.text.strip("/"):
        return pattern.text
    return f"{inside or pattern.root}/{pattern.text.lstrip('/')}"
