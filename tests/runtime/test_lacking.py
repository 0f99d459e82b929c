"""Constructors that raise: for want of an argument that nobody gave, or for a mistake of their own."""

from __future__ import annotations

import pytest
from tracing import trace_text

HEADER = "import torch\nfrom torch import nn\n"

NET = """
class Net(nn.Module):
    def __init__(self, {parameters}):
        super().__init__()
        {body}

    def forward(self, x):
        return x
"""


def reasons(parameters: str, body: str, rest: str = "") -> list[str]:
    trace = trace_text(HEADER + NET.format(parameters=parameters, body=body) + rest, (3, 16, 16))
    return [problem.reason for problem in trace.problems]


HOLDER = """
class Part(nn.Module):
    def __init__(self, width, gizmo):
        super().__init__()

class Holder(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.part = Part(**options)

    def forward(self, x):
        return x

def train(**options):
    return Holder(width=3, **options)
"""


def test_what_a_call_lacks_is_asked_for() -> None:
    assert [item.reason for item in trace_text(HEADER + HOLDER, (3, 16, 16)).problems] == [
        "missing-arguments"
    ]


FACTORY = "\ndef net(**options):\n    return Net(**options)\n"


@pytest.mark.parametrize(
    ("parameters", "body", "rest"),
    [
        ("config={}", "self.conv = nn.Conv2d(3, config['width'], 3)", ""),
        ("backbone=None", "self.conv = backbone.features[0]", ""),
        ("config=None", "self.config = config; self.conv = nn.Conv2d(3, self.config.width, 3)", ""),
        ("gizmo", "self.conv = nn.Conv2d(3, gizmo, 3)", FACTORY),
        ("**options", "self.conv = nn.Conv2d(3, options['gizmo'], 3)", ""),
    ],
)
def test_what_is_lacking_is_asked_for(parameters: str, body: str, rest: str) -> None:
    assert reasons(parameters, body, rest) == ["missing-arguments"]


@pytest.mark.parametrize("parameters", ["weights=None", "widths=(), **options"])
@pytest.mark.parametrize(
    "body",
    ["self.conv = nn.Conv2d(3, 8)", "self.conv = nn.Conv2d(3, [8, 16][5], 3)", "self.conv = torch.Conv2d(3)"],
)
def test_mistakes_are_told_though_arguments_may_be_left_out(parameters: str, body: str) -> None:
    trace = trace_text(HEADER + NET.format(parameters=parameters, body=body), (3, 16, 16))
    faults = [layer.fault for model in trace.models for layer in model.layers if layer.fault]
    assert faults or [problem.reason for problem in trace.problems] == ["model-not-built"]
