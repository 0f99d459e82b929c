"""What a line of a model delivers to a mode is the same operators on the stand-in as in torch, one after the
other, and what it gives has the same sizes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch

from cnnlint.operators import registry
from cnnlint.operators.base import Operator
from cnnlint.runtime.functions import operators
from tests.operators.test_arrivals import CALLS, Recorder, tensors
from tests.standin.light import NeedsTorch, alike, light, lightly


@cache
def described() -> dict[Any, Operator]:
    """The operators by the functions of the stand-in."""
    found: dict[Any, Operator] = {}
    for name, operator in registry().items():
        value: Any = light
        try:
            for part in name.split(".")[1:]:
                value = getattr(value, part)
        except NeedsTorch:
            continue
        found.setdefault(value, operator)
    return found


class LightRecorder(light.overrides.TorchFunctionMode):  # type: ignore[misc, name-defined]
    """Notes every function that the stand-in delivers."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen.append(func)
        return func(*args, **(kwargs or {}))


def delivered(
    line: str, names: dict[str, Any], recorder: Any, table: dict[Any, Operator], about: dict[str, Any]
) -> list[Operator]:
    """The operators that reach the mode while a line runs; initialisers and questions left out."""
    with warnings.catch_warnings(), recorder:
        warnings.simplefilter("ignore")
        exec(f"result = {line}" if not _is_statement(line) else line, names)
    about["result"] = names.get("result")
    return [table[function] for function in recorder.seen if function in table]


def _is_statement(line: str) -> bool:
    try:
        compile(line, "<line>", "eval")
    except SyntaxError:
        return True
    return False


def flat(value: Any) -> Iterator[Any]:
    if isinstance(value, (torch.Tensor, light.Tensor)):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from flat(item)


LINES = {
    kind: [line.strip() for line in text.replace("\n", ";").split(";") if line.strip()]
    for kind, text in CALLS.items()
}


@pytest.mark.parametrize("kind", LINES)
def test_the_same_operators_arrive(kind: str) -> None:
    asked = 0
    for line in LINES[kind]:
        theirs: dict[str, Any] = {}
        ours: dict[str, Any] = {}
        names = tensors()
        lights = {name: lightly(value) for name, value in names.items()}
        lights |= {"torch": light, "nn": light.nn, "F": light.nn.functional}
        with torch.device("meta"):
            expected = delivered(line, names, Recorder(), operators(), theirs)
        try:
            found = delivered(line, lights, LightRecorder(), described(), ours)
        except NeedsTorch:
            asked += 1
            continue
        if line.startswith("nn."):  # weights, which torch fills, and counts batches
            expected, found = (
                [item for item in each if item.kind != "factory" and item.name != "add_"]
                for each in (expected, found)
            )
        assert [item.name for item in found] == [item.name for item in expected], line
        for here, there in zip(flat(ours["result"]), flat(theirs["result"]), strict=True):
            one, other = alike(here, there)
            assert one[:2] == other[:2], line
    assert asked <= len(LINES[kind]) // 5
