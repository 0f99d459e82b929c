"""Installed packages of models: what is a whole model there, and what is built as others need it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import nn
from tracing import trace_text

from cnnlint.job import Job
from cnnlint.runtime import construct
from cnnlint.runtime.frames import UserFiles
from cnnlint.trace import FileTrace
from cnnlint.workers import Workers

GATE = """
import torch.nn as nn

class {name}(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.fc = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.fc(x)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], FileTrace]]:
    """Traces a module of a package `manynets` that is installed."""
    site = tmp_path_factory.mktemp("env") / "site-packages"
    package = site / "manynets"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from .gates import Gate\nfrom . import alone\n")
    (package / "gates.py").write_text(GATE.format(name="Gate"))
    (package / "alone.py").write_text(GATE.format(name="Alone"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site), prepend=":")
        with Workers(1) as workers:
            yield lambda name: _traced(workers, package / name)


def _traced(workers: Workers, path: Path) -> FileTrace:
    job = Job(filename=str(path), path=str(path), text=path.read_text())
    return next(iter(workers.trace([job]))).trace


def test_a_part_that_others_import_is_not_built_from_conventional_values(
    installed: Callable[[str], FileTrace],
) -> None:
    trace = installed("gates.py")
    assert (trace.models, trace.problems) == ((), ())


def test_a_model_that_nobody_imports_is(installed: Callable[[str], FileTrace]) -> None:
    (model,) = installed("alone.py").models
    assert "num_classes=10" in model.notes[0]


def test_classes_beside_factories_are_not_asked_for_their_arguments() -> None:
    helper = GATE.format(name="Statistics").replace("num_classes", "gizmo")
    text = helper + GATE.format(name="Net") + "\ndef net_small():\n    return Net(10)\n"
    trace = trace_text(text, (8,))
    assert [model.name for model in trace.models] == ["net_small"]
    assert trace.problems == ()


def test_a_deep_copy_keeps_what_is_shared() -> None:
    def build() -> nn.Module:
        pair = nn.ModuleList([nn.BatchNorm2d(8), nn.BatchNorm2d(8)])
        pair[1].running_mean = pair[0].running_mean
        return copy.deepcopy(pair)

    pair = construct.build(build, construct.Construction(UserFiles()))
    assert pair[1].running_mean is pair[0].running_mean
    assert isinstance(pair[0].running_mean, torch.Tensor) and pair[0].running_mean.is_meta
