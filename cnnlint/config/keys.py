"""The keys of a configuration: what each takes, and what is said where it is given something else."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cnnlint.evidence.facts import InputShape
from cnnlint.option import Option, shown

DEVICES = ("meta", "cpu", "cuda")
FAIL_LEVELS = ("error", "warning", "advice")
LONGEST = 86400
"""Seconds that a time limit may be."""


def read(table: Mapping[str, object]) -> dict[str, Any]:
    """The values of a table of keys, checked as far as that goes without the rules.

    Raises:
        ValueError: a key that there is not, or a value that it does not take; the message begins with
            the key.
    """
    found = {}
    for key, value in table.items():
        if key not in READERS:
            raise ValueError(f"no such key {key!r}{nearest(key, READERS)}")
        try:
            found[key] = READERS[key](value)
        except ValueError as error:
            raise ValueError(f"{key} {error}") from None
    return found


def nearest(word: str, known: Iterable[str]) -> str:
    """`, did you mean select?` where some known word is near, else ""."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""


def is_call(text: str) -> bool:
    """Whether a text is a constructor call, such as `Net(10)`."""
    try:
        return isinstance(ast.parse(text.strip(), mode="eval").body, ast.Call)
    except (SyntaxError, ValueError):
        return False


def _strings(value: object) -> tuple[str, ...]:
    """A list of strings; a single string stands for a list of it."""
    return Option(("",), "").read([value] if isinstance(value, str) else value)


def _choice(choices: Iterable[str]) -> Callable[[object], str]:
    def reader(value: object) -> str:
        known = list(choices)
        if not isinstance(value, str) or value not in known:
            hint = nearest(value, known) if isinstance(value, str) else ""
            listed = f"{', '.join(known[:-1])} or {known[-1]}"
            raise ValueError(f"must be {listed}, not {shown(value)}{hint}")
        return value

    return reader


def _loss(value: object) -> str:
    """A loss by the name of its class, or of its function in torch.nn.functional."""
    from cnnlint.evidence.losses import FUNCTIONAL_LOSSES, LOSS_CLASSES

    name = Option("", "").read(value).rpartition(".")[2]
    name = FUNCTIONAL_LOSSES.get(name, name)
    if name not in LOSS_CLASSES:
        known = sorted(LOSS_CLASSES | FUNCTIONAL_LOSSES.keys())
        hint = nearest(name, known) or ": write its class in torch.nn, such as CrossEntropyLoss"
        raise ValueError(f"{shown(value)} is no loss of torch{hint}")
    return name


def _table(read_value: Callable[[str, object], Any]) -> Callable[[object], dict[str, Any]]:
    """A table whose values are read one by one."""

    def reader(value: object) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValueError(f"must be a table, not {shown(value)}")
        found = {}
        for name, item in value.items():
            try:
                found[name] = read_value(name, item)
            except ValueError as error:
                raise ValueError(f"of {name!r}: {error}") from None
        return found

    return reader


def _inputs(name: str, value: object) -> tuple[InputShape, ...]:
    from cnnlint.evidence.directives import parse_inputs

    return tuple(shape for text in _strings(value) for shape in parse_inputs(text))


def _calls(name: str, value: object) -> tuple[str, ...]:
    calls = _strings(value)
    for call in calls:
        if not is_call(call):
            raise ValueError(f"{call!r} is not a call such as 'Net(num_classes=10)'")
    return calls


def _options(name: str, value: object) -> tuple[tuple[str, object], ...]:
    """The options of a rule, which only the rule can check."""
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a table of the rule's options, not {shown(value)}")
    return tuple((key, tuple(item) if isinstance(item, list) else item) for key, item in value.items())


def _timeout(value: object) -> float:
    seconds = Option(1.0, "", most=LONGEST).read(value)
    if not seconds > 0:
        raise ValueError(f"must be a number above 0, not {shown(value)}")
    return seconds


READERS: dict[str, Callable[[object], Any]] = {
    "extend": Option("", "").read,
    "select": _strings,
    "extend-select": _strings,
    "ignore": _strings,
    "per-file-ignores": _table(lambda name, value: _strings(value)),
    "rules": _table(_options),
    "plugins": _strings,
    "fail-level": _choice(FAIL_LEVELS),
    "exclude": _strings,
    "extend-exclude": _strings,
    "device": _choice(DEVICES),
    "timeout": _timeout,
    "num-classes": Option(1, "", least=1).read,
    "loss": _loss,
    "inputs": _table(_inputs),
    "models": _table(_calls),
}
"""What reads the value of each key."""
