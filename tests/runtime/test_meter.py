"""Time and memory of operators on real devices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from cnnlint.runtime.meter import Meter

NET = """
import torch.nn as nn
net = nn.Sequential(nn.ReLU(), nn.Conv2d(3, 8, 3), nn.Flatten())  # cnnlint: input=3x32x32
"""
KIB = 1024


def test_memory_on_cpu_is_what_the_allocator_gave() -> None:
    image = torch.rand(1, 256, 32, 32)  # 1 MiB
    with torch.no_grad(), Meter("cpu", memory=True) as meter:
        doubled = meter.call(0, torch.cat, ([image, image],), {})
        activated = meter.call(1, F.relu, (doubled,), {})
        del doubled
        meter.call(2, F.max_pool2d, (activated, 2), {})
    # cat makes 2 MiB, relu 2 more; then those of cat are free, and pooling makes half a MiB and its indices
    assert [meter.cost(number).peak_bytes for number in range(2)] == [2048 * KIB, 4096 * KIB]
    assert 2560 * KIB <= (meter.cost(2).peak_bytes or 0) <= 4096 * KIB
    assert meter.cost(0).seconds is None


def test_times_are_those_of_the_calls() -> None:
    with Meter("cpu") as meter:
        assert meter.call(0, torch.add, (torch.ones(2), 1), {}).tolist() == [2, 2]
    assert (meter.cost(0).seconds or 0) > 0
    assert meter.cost(0).peak_bytes is None and meter.cost(1).seconds is None


def test_cuda_is_waited_for_and_asked_for_its_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a device that only remembers what it was asked."""
    asked: list[str] = []
    for name, answer in {
        "synchronize": None,
        "reset_peak_memory_stats": None,
        "max_memory_allocated": 7 * KIB,
        "memory_allocated": 4 * KIB,
    }.items():
        monkeypatch.setattr(
            torch.cuda, name, lambda name=name, answer=answer: (asked.append(name), answer)[1]
        )
    with Meter("cuda") as meter:
        meter.call(0, lambda: asked.append("run"), (), {})
    assert asked == [
        "memory_allocated",
        "synchronize",
        "reset_peak_memory_stats",
        "run",
        "synchronize",
        "max_memory_allocated",
    ]
    assert meter.cost(0).peak_bytes == 3 * KIB


def shapes(folder: Path, device: str) -> dict:
    (folder / "net.py").write_text(NET)
    command = "from cnnlint.cli import main; main()"
    options = ["shapes", "net.py", "--device", device, "--output-format"]
    run = subprocess.run(
        [sys.executable, "-c", command, *options, "json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    table = subprocess.run(
        [sys.executable, "-c", command, *options, "table"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Peak memory" in table.stdout and "Measured for a batch of 2: " in table.stdout
    (record,) = json.loads(run.stdout)
    return record


@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda",
            marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here"),
        ),
    ],
)
def test_shapes_shows_what_each_layer_takes(tmp_path: Path, device: str) -> None:
    record = shapes(tmp_path, device)
    relu, conv, _ = record["rows"][1:]
    assert relu["seconds"] > 0 and conv["seconds"] > 0
    assert relu["peak_bytes"] == 2 * 3 * 32 * 32 * 4  # its result, for two samples
    assert conv["peak_bytes"] >= (2 * 3 * 32 * 32 + 2 * 8 * 30 * 30) * 4
    assert record["batch"] == 2
