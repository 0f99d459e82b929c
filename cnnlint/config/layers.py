"""One place that sets something (a configuration file, a `--config` argument, the flags), and how
several of them become the settings of a file."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnlint.config import keys
from cnnlint.config.patterns import DEFAULT_EXCLUDE, Pattern, relative
from cnnlint.config.settings import (
    FileIgnores,
    FileInputs,
    FileModels,
    RuleOptions,
    Selection,
    Settings,
    UsageError,
)
from cnnlint.diagnostic import Severity, Span
from cnnlint.plugin import Plugin
from cnnlint.traces import ClassCount, LossUse

PYPROJECT = "pyproject.toml"
FILES = (".cnnlint.toml", "cnnlint.toml", PYPROJECT)
"""The names of configuration files; the first that is there is the folder's."""


@dataclass(frozen=True)
class Layer:
    """What one place sets.

    Attributes:
        origin: the place as messages call it: a file's name, `--config`; "" for the flags.
        root: the folder that its patterns and plugins are relative to.
        values: by key, read by `keys.read`.
        text: the text of a file, to point at lines of it.
    """

    origin: str
    root: str
    values: Mapping[str, Any]
    text: str = ""

    def span(self, key: str) -> Span | None:
        """The line of a file that sets a key at the top level; None for what is no file."""
        found = re.search(rf"^[ \t]*({re.escape(key)}\s*=.*?)\s*(#.*)?$", self.text, re.MULTILINE)
        if not found:
            return None
        row = self.text.count("\n", 0, found.start(1)) + 1
        column = found.start(1) - self.text.rfind("\n", 0, found.start(1))
        return Span(self.origin, row, column, row, column + len(found[1]))


# -- from places to layers


def of_folder(folder: str) -> list[Layer] | None:
    """The layers of the configuration file in a folder, None where there is none.

    Raises:
        UsageError: it cannot be read, or says what there is not.
    """
    for name in FILES:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and (name != PYPROJECT or _has_section(path)):
            return of_file(path, folder)
    return None


def of_file(path: str, root: str | None = None) -> list[Layer]:
    """The layers of a configuration file and of those that it extends, which come first. The patterns of
    the file itself are relative to `root`, by default to its folder.

    Raises:
        UsageError: one cannot be read, extends itself, or says what there is not.
    """
    layers: list[Layer] = []
    seen: list[str] = []
    while True:
        path = os.path.abspath(path)
        origin = _shown(path)
        if path in seen:
            raise UsageError(f"{origin}: extend goes round in a circle: {' → '.join(map(_shown, seen))}")
        seen.append(path)
        text = _text(path, origin)
        layer = Layer(origin, root or os.path.dirname(path), _read(_table(path, text, origin), origin), text)
        layers.insert(0, layer)
        if "extend" not in layer.values:
            return layers
        path = os.path.join(os.path.dirname(path), os.path.expanduser(layer.values["extend"]))
        root = None
        if not os.path.isfile(path):
            raise UsageError(f"{origin}: extend: {layer.values['extend']}: no such file")


def of_assignment(argument: str) -> Layer:
    """The layer of `--config key=value`. The value is TOML; a plain word needs no quotes.

    Raises:
        UsageError: it is no assignment, or says what there is not.
    """
    origin = f"--config {argument!r}"
    key, _, value = argument.partition("=")
    for written in (value, json.dumps(value.strip(), ensure_ascii=False)):
        try:
            table = tomllib.loads(f"{key} = {written}")
        except tomllib.TOMLDecodeError:
            continue
        if "extend" in table:
            raise UsageError(f"{origin}: extend can be set in a file only")
        return Layer(origin, os.getcwd(), _read(table, origin))
    raise UsageError(f"{origin} is neither a file nor key=value")


def of_flags(values: Mapping[str, Any]) -> Layer:
    """The layer of flags that were given, by key; they are checked already."""
    return Layer("", os.getcwd(), values)


def _has_section(path: str) -> bool:
    """Whether a pyproject.toml speaks of cnnlint. Others are not even parsed."""
    text = _text(path, _shown(path))
    return "cnnlint" in text and isinstance(_section(_parse(text, _shown(path))), Mapping)


def _section(document: Mapping[str, Any]) -> Any:
    tool = document.get("tool")
    return tool.get("cnnlint") if isinstance(tool, Mapping) else None


def _table(path: str, text: str, origin: str) -> Mapping[str, Any]:
    document = _parse(text, origin)
    if os.path.basename(path) != PYPROJECT:
        return document
    section = _section(document)
    if not isinstance(section, Mapping):
        raise UsageError(f"{origin} has no table [tool.cnnlint]")
    return section


def _read(table: Mapping[str, Any], origin: str) -> dict[str, Any]:
    try:
        return keys.read(table)
    except ValueError as error:
        raise UsageError(f"{origin}: {error}") from None


def _parse(text: str, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{origin} is not valid TOML: {error}") from None


def _text(path: str, origin: str) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{origin} cannot be read: {reason}") from None


def _shown(path: str) -> str:
    """A path as the user knows it: relative where it lies below the current folder."""
    return relative(path, os.getcwd()) or path


# -- from layers to settings


def merged(layers: Sequence[Layer], run: Mapping[str, Any]) -> Settings:
    """The settings that layers make, those of less weight first, with fields that only flags set.

    Plain values and lists replace those of earlier layers, `extend-` lists and tables add to them.
    """
    values: dict[str, Any] = {}
    set_by: dict[str, Layer] = {}
    for layer in layers:
        for key, value in layer.values.items():
            values[key], set_by[key] = value, layer
    by_exclude = set_by.get("exclude")
    exclude = [
        Pattern(text, by_exclude.root if by_exclude else _base(layers))
        for text in values.get("exclude", DEFAULT_EXCLUDE)
    ]
    fields: dict[str, Any] = {key: values[key] for key in ("device", "timeout") if key in values}
    if "fail-level" in values:
        fields["fail_level"] = Severity(values["fail-level"])
    if "num-classes" in values:
        span = set_by["num-classes"].span("num-classes")
        fields["num_classes"] = ClassCount(values["num-classes"], span, _reason(set_by["num-classes"]), True)
    if "loss" in values:
        fields["loss"] = LossUse(values["loss"], set_by["loss"].span("loss"))
    return Settings(
        selections=tuple(filter(None, map(_selection, layers))),
        per_file_ignores=_last_by_pattern(
            FileIgnores(layer.origin, Pattern(name, layer.root), selectors)
            for layer, name, selectors in _entries(layers, "per-file-ignores")
        ),
        rule_options=tuple(
            RuleOptions(layer.origin, rule, options) for layer, rule, options in _entries(layers, "rules")
        ),
        plugins=tuple(
            Plugin(layer.origin, module, layer.root)
            for layer in layers
            for module in layer.values.get("plugins", ())
        ),
        exclude=(
            *exclude,
            *(
                Pattern(text, layer.root)
                for layer in layers
                for text in layer.values.get("extend-exclude", ())
            ),
        ),
        file_inputs=tuple(
            FileInputs(layer.origin, Pattern(name.partition("::")[0], layer.root), _model(name), inputs)
            for layer, name, inputs in _entries(layers, "inputs")
        ),
        file_models=tuple(
            FileModels(layer.origin, Pattern(name, layer.root), calls)
            for layer, name, calls in _entries(layers, "models")
        ),
        sources=tuple(layer.origin for layer in layers if layer.text),
        **fields,
        **run,
    )


def _base(layers: Sequence[Layer]) -> str:
    """The folder of the project: that of the closest configuration file, else the current one."""
    return next((layer.root for layer in reversed(layers) if layer.text), os.getcwd())


def _entries(layers: Iterable[Layer], key: str) -> Iterator[tuple[Layer, str, Any]]:
    for layer in layers:
        for name, value in layer.values.get(key, {}).items():
            yield layer, name, value


def _last_by_pattern(entries: Iterable[FileIgnores]) -> tuple[FileIgnores, ...]:
    """The entries, of which a later one for the same pattern replaces an earlier one."""
    return tuple({entry.pattern: entry for entry in entries}.values())


def _selection(layer: Layer) -> Selection | None:
    names = ("select", "extend-select", "ignore")
    if not any(name in layer.values for name in names):
        return None
    select, extend, ignore = (layer.values.get(name) for name in names)
    return Selection(layer.origin, select, extend or (), ignore or ())


def _model(name: str) -> str | None:
    return name.partition("::")[2] or None


def _reason(layer: Layer) -> str:
    return f"num-classes in {layer.origin}" if layer.text else "--config num-classes"
