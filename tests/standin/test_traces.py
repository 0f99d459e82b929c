"""Traces of the stand-in are torch's, operator by operator, or torch is asked for."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cnnlint.config.settings import Settings
from cnnlint.engines import needs_torch
from cnnlint.job import STAND_IN, TORCH, Job, Traced
from cnnlint.plugin import all_rules
from cnnlint.source.reading import read
from cnnlint.traces import to_json
from cnnlint.tracing import _prepared
from cnnlint.workers import Workers
from tests.standin.texts import TEXTS

CARETS = re.compile(r"^\s*\^+\s*.*$")

EACH = 1 if os.environ.get("CNNLINT_HYPOTHESIS") == "nightly" else 6
"""Of the rules' snippets one in so many is traced by both engines."""


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(2) as processes:
        yield processes


def snippets() -> dict[str, str]:
    found = {}
    for rule in all_rules():
        for kind in ("valid", "invalid"):
            for number, snippet in enumerate(getattr(rule, kind)):
                lines = textwrap.dedent(snippet).strip("\n").split("\n")
                text = "\n".join(line for line in lines if not CARETS.match(line)) + "\n"
                found[f"{rule.code}-{kind}-{number}"] = text
    return dict(list(found.items())[::EACH])


def job(folder: Path, text: str) -> Job | None:
    (folder / "pyproject.toml").touch()
    path = folder / "net.py"
    path.write_text(text, encoding="utf-8")
    return _prepared(read(str(path)), True, Settings()).job


def without_engine(traced: Traced) -> Any:
    record = to_json(traced.trace)
    for model in record.get("models", ()):
        model.pop("engine", None)
        model.pop("needed", None)
    return record


def traced_by_both(workers: Workers, folder: Path, text: str) -> Traced | None:
    """The stand-in's trace, which is asserted to be torch's; None where torch is asked for."""
    asked = job(folder, text)
    if asked is None or needs_torch(asked):
        return None
    ours = workers.start(STAND_IN).submit(asked).result()
    if ours.needs is not None:
        return None
    theirs = workers.start(TORCH).submit(asked).result()
    assert without_engine(ours) == without_engine(theirs)
    return ours


@pytest.mark.parametrize("name", TEXTS)
def test_the_stand_in_traces_alone_what_torch_would(workers: Workers, tmp_path: Path, name: str) -> None:
    traced = traced_by_both(workers, tmp_path, TEXTS[name])
    assert traced is not None, "torch was asked for"
    assert traced.trace.models
    assert all(model.engine == STAND_IN for model in traced.trace.models)


@pytest.mark.parametrize("name", snippets())
def test_snippets_are_traced_as_by_torch(workers: Workers, tmp_path: Path, name: str) -> None:
    traced_by_both(workers, tmp_path, snippets()[name])


def test_what_the_stand_in_has_not_is_traced_by_torch(workers: Workers, tmp_path: Path) -> None:
    asked = job(
        tmp_path,
        """
import torch
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return torch.fft.rfft2(self.conv(x)).abs()
""",
    )
    assert asked is not None
    (model,) = workers.submit(asked).result().trace.models
    assert (model.engine, model.needed) == (TORCH, "torch.fft.rfft2")
    assert model.passes[0].operations[0].name == "conv2d"


def test_without_torch_the_advice_says_what_was_needed(workers: Workers, tmp_path: Path) -> None:
    from dataclasses import replace

    asked = job(
        tmp_path,
        """
import torch
import torch.nn as nn

class First(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return torch.fft.rfft2(self.conv(x))

class Second(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return self.conv(x)
""",
    )
    assert asked is not None
    trace = workers.start(STAND_IN).submit(replace(asked, alone=True)).result().trace
    assert [model.name for model in trace.models] == ["Second"]
    (problem,) = trace.problems
    assert (problem.model, problem.reason) == ("First", "trace-incomplete")
    assert "torch.fft.rfft2" in problem.message
    assert "install torch" in (problem.help or "")


@pytest.mark.parametrize(
    ("changed", "reason"), [({"device": "cpu"}, "the device cpu"), ({"verify": True}, "--verify")]
)
def test_what_is_torchs_from_the_start(changed: dict[str, Any], reason: str) -> None:
    assert needs_torch(Job("net.py", "/net.py", "", **changed)) == reason
