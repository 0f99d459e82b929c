"""Installed packages of models: what is a whole model there, and what is built as others need it."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from tracing import trace_text

from cnnlint.job import Job
from cnnlint.runtime import construct
from cnnlint.runtime.frames import UserFiles
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


def test_what_needs_arguments_in_an_installed_package_is_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"
    package = site / "manynets"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    path = package / "gates.py"
    path.write_text(GATE.format(name="Gate") + "\ndef gate_small():\n    return Gate(5)\n")
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=":")
    job = Job(filename=str(path), path=str(path), text=path.read_text())
    part = replace(job, path=str(package / "parts.py"), text=GATE.format(name="Gate"))
    Path(part.path).write_text(part.text)
    with Workers(1) as workers:
        whole, parts = (outcome.trace for outcome in workers.trace([job, part]))
    assert [model.name for model in whole.models] == ["gate_small"]
    assert (parts.models, parts.problems) == ((), ())


def test_a_class_beside_a_factory_that_nothing_builds_counts_as_not_judged() -> None:
    helper = GATE.format(name="Statistics").replace("num_classes", "gizmo")
    text = helper + GATE.format(name="Net") + "\ndef net_small():\n    return Net(10)\n"
    trace = trace_text(text, (8,))
    assert [model.name for model in trace.models] == ["net_small"]
    assert [(problem.reason, problem.model) for problem in trace.problems] == [
        ("missing-arguments", "Statistics")
    ]


def test_a_deep_copy_keeps_what_is_shared() -> None:
    def build() -> nn.Module:
        pair = nn.ModuleList([nn.BatchNorm2d(8), nn.BatchNorm2d(8)])
        pair[1].running_mean = pair[0].running_mean
        return copy.deepcopy(pair)

    pair = construct.build(build, construct.Construction(UserFiles()))
    assert pair[1].running_mean is pair[0].running_mean
    assert isinstance(pair[0].running_mean, torch.Tensor) and pair[0].running_mean.is_meta


CHANNELS_LAST = """
import torch.nn as nn

class Squeeze(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 5)

    def forward(self, x):
        n, h, w, c = x.shape
        {condition}
        return x * self.fc(x.mean((1, 2), keepdim=True)).sigmoid()
"""


def test_a_map_may_have_its_channels_last() -> None:
    (model,) = trace_text(CHANNELS_LAST.format(condition="")).models
    assert model.inputs[0].shape == (224, 224, 5)
    assert not any(operation.fault for operation in model.passes[0].operations)


def test_an_input_that_was_solved_in_vain_blames_nobody() -> None:
    trace = trace_text(CHANNELS_LAST.format(condition="assert (h, w) == (7, 9)"))
    (problem,) = trace.problems
    assert problem.reason == "input-unknown"
    assert not any(operation.fault for run in trace.models[0].passes for operation in run.operations)
