"""What the command says of what it looked at, also where it has found nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

CNNLINT = str(Path(sys.executable).with_name("cnnlint"))

FILE = """
import torch.nn as nn

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())

class Wide(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(1, num_classes, 3)

    def forward(self, x):
        return self.conv(x)

class Lost(nn.Module):
    def __init__(self, unheard_of):
        super().__init__()
        self.conv = nn.Conv2d(3, unheard_of[0], 3)

    def forward(self, x):
        return self.conv(x)
"""


def report(folder: Path, output_format: str) -> Any:
    (folder / "nets.py").write_text(textwrap.dedent(FILE))
    command = [CNNLINT, "--no-cache", "--output-format", output_format, "nets.py"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_a_clean_file_is_told_from_one_of_which_nothing_was_judged(tmp_path: Path) -> None:
    summary = report(tmp_path, "json-full")["summary"]
    models = {model["name"]: model for model in summary["models"]}
    assert {name: model["judged"] for name, model in models.items()} == {
        "net": "whole",
        "Wide": "whole",
        "Lost": "not",
    }
    assert (summary["judged"], summary["unjudged"]) == (2, 1)
    assert models["net"]["inputs"][0]["axes"] == ["needed", "assumed", "assumed"]
    (argument,) = models["Wide"]["arguments"]
    assert (argument["name"], argument["value"], argument["degree"]) == ("num_classes", "10", "assumed")
    (why,) = models["Lost"]["why"]
    assert why.startswith("CNN010: Lost needs unheard_of")


def test_sarif_says_the_same(tmp_path: Path) -> None:
    full = report(tmp_path, "json-full")["summary"]
    (run,) = report(tmp_path, "sarif")["runs"]
    assert run["properties"]["summary"] == full
