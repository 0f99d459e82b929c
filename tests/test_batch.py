"""The batch of a trace, a number that nobody wrote, never reaches the user as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_cli import run

from cnnlint.graph import in_batches

NET = """\
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 32 * 32, 10)

    def forward(self, x):
        x = self.conv(x)
        return self.fc(x.view(x.size(0), {features}))


class Split(nn.Module):
    def forward(self, x):
        b, c, h, w = x.shape
        return x.view(b, 2, c // 2, h, w)


Net()(torch.randn(4, 3, 32, 32))
Split()(torch.randn(4, 3, 224, 224))
"""
BATCH = "86520"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("view(86520, 9) needs 778680.", "view(B, 9) needs 9B."),
        ("mat1 and mat2 (86520x8 and 16x86520)", "mat1 and mat2 (Bx8 and 16xB)"),
        ("86521, 8652, 1.86520, 86520.5, conv86520", "86521, 8652, 1.86520, 86520.5, conv86520"),
    ],
)
def test_multiples_of_the_batch(text: str, shown: str) -> None:
    assert in_batches(text, 86520) == shown


def test_a_small_batch_is_not_looked_for() -> None:
    assert in_batches("16 channels", 16) == "16 channels"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(NET.format(features=999), encoding="utf-8")
    return tmp_path


def test_findings(project: Path) -> None:
    result = run("net.py", cwd=project)
    assert "view(B, 999) needs 999B elements, but the tensor has B × 8 × 32 × 32 = 8192B" in result.stdout
    assert result.stdout.count(": error ") == 2 and "view(B, 2, 1, 224, 224) needs" in result.stdout
    assert BATCH not in result.stdout


def test_shapes(project: Path) -> None:
    (project / "net.py").write_text(NET.format(features=-1), encoding="utf-8")
    result = run("shapes", "net.py", cwd=project)
    assert "view(shape=(B, -1))" in result.stdout and BATCH not in result.stdout


def test_sizes_that_fail(project: Path) -> None:
    result = run("sizes", "net.py", cwd=project)
    assert "999B elements" in result.stdout and BATCH not in result.stdout
