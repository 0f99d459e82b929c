"""`cnnlint` on real models, through the installed command."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from test_cli import CNNLINT, run

MNIST = """\
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(3136, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        return self.fc(x.flatten(1))


def main():
    data = datasets.MNIST("data", download=True, transform=transforms.ToTensor())
    net = Net()
    for image, label in DataLoader(data, batch_size=32):
        net(image)
"""
BROKEN = MNIST.replace("3136", "1568")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "broken.py").write_text(BROKEN)
    (tmp_path / "good.py").write_text(MNIST)
    return tmp_path


def test_a_good_file_passes_and_its_input_is_told(folder: Path) -> None:
    done = run("good.py", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    note, last = done.stdout.splitlines()
    assert note.startswith("good.py:7:7: note: Net was given 1×28×28 per sample (")
    assert last == "All checks passed! (1 model)"


def test_a_broken_file_fails_with_its_frame(folder: Path) -> None:
    done = run("broken.py", cwd=folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("broken.py:13:29: error CNN102 [*] flatten-mismatch: ")
    assert "13 |         self.fc = nn.Linear(1568, 10)\n   |                             ^^^^ " in done.stdout
    assert done.stdout.count("= input: 1×28×28 per sample") == 1
    assert done.stdout.splitlines()[-2] == "Found 1 error in 1 model."


def test_a_folder_reports_each_file(folder: Path) -> None:
    (folder / "utils.py").write_text("x = 1\n")
    done = run(".", "--output-format", "concise", cwd=folder)
    assert done.returncode == 1
    first, last, _ = done.stdout.splitlines()
    assert first.startswith("broken.py:13:29: error CNN102 [*] flatten-mismatch: ")
    assert last == "Found 1 error in 1 model (2 models checked)."


def test_json_record(folder: Path) -> None:
    (record,) = json.loads(run("broken.py", "--output-format", "json", cwd=folder).stdout)
    assert record["location"] == {"row": 13, "column": 29}
    assert record["end_location"] == {"row": 13, "column": 33}
    assert (record["code"], record["model"], record["layer"]) == ("CNN102", "Net", "fc")
    assert record["fix"]["edits"][0]["content"] == "3136"
    assert 17 in [item["location"]["row"] for item in record["related"]]


def test_selection_and_fail_level(folder: Path) -> None:
    assert run("broken.py", "--ignore", "flatten-mismatch", cwd=folder).returncode == 0
    assert run("broken.py", "--select", "CNN3", cwd=folder).returncode == 0
    assert run("broken.py", "--select", "CNN1", "-q", cwd=folder).returncode == 1


def test_standard_input_and_the_input_option(folder: Path) -> None:
    done = run("-", "--stdin-filename", "new.py", "--input", "1x16x16", cwd=folder, stdin=MNIST)
    assert done.returncode == 1
    assert done.stdout.startswith("new.py:13:29: error CNN102")
    assert "1×16×16 per sample" in done.stdout


def test_the_model_option(folder: Path) -> None:
    sized = MNIST.replace("def __init__(self):", "def __init__(self, width):").replace("3136", "width")
    (folder / "sized.py").write_text(sized)
    unjudged = run("sized.py", cwd=folder)
    assert unjudged.returncode == 0
    assert "advice CNN010 missing-arguments" in unjudged.stdout
    assert unjudged.stdout.splitlines()[-1] == "Nothing was checked: 1 model could not be judged."
    assert run("sized.py", "--model", "Net(3136)", cwd=folder).returncode == 0
    assert run("sized.py", "--model", "Net(10)", cwd=folder).returncode == 1
    done = run("sized.py", "--model", "Nett(10)", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: --model Nett(10): no model Nett in sized.py\n"


def test_the_model_option_names_parts_and_factories_too(folder: Path) -> None:
    (folder / "parts.py").write_text(
        "from torch import nn\n\n\nclass Block(nn.Module):\n    def __init__(self, width):\n"
        "        super().__init__()\n        self.conv = nn.Conv2d(3, width, 3)\n\n"
        "    def forward(self, x):\n        return self.conv(x)\n\n\n"
        "def make(width):\n    return nn.Sequential(Block(width), nn.ReLU())\n"
    )
    done = run("parts.py", "--model", "Block(8)", "--model", "make(4)", "-v", "--input", "3x8x8", cwd=folder)
    assert done.returncode == 0
    assert "Block was given 3×8×8" in done.stdout
    assert "make was given 3×8×8" in done.stdout
    assert done.stdout.splitlines()[-1] == "All checks passed! (2 models)"


def test_a_notebook_is_reported_by_cell(folder: Path) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# A net", "id": "a"},
        *(
            {
                "cell_type": "code",
                "metadata": {},
                "source": text,
                "id": id,
                "outputs": [],
                "execution_count": None,
            }
            for id, text in (("b", "%matplotlib inline\nimport torch"), ("c", BROKEN))
        ),
    ]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "book.ipynb").write_text(json.dumps(book))
    assert run("book.ipynb", cwd=folder).stdout.startswith("book.ipynb:cell 3:13:29: error CNN102")
    (record,) = json.loads(run("book.ipynb", "--output-format", "json", cwd=folder).stdout)
    assert (record["cell"], record["location"]["row"]) == (3, 13)


def test_shapes(folder: Path) -> None:
    done = run("shapes", "good.py", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "(28 + 2×1 − 3)/1 + 1 = 28" in done.stdout
    assert (
        f"Parameters: {1 * 32 * 9 + 32 + 32 * 64 * 9 + 64 + 3136 * 10 + 10:,} (all trainable)" in done.stdout
    )
    assert f"MACs: {28 * 28 * 32 * 9 + 14 * 14 * 64 * 32 * 9 + 31360:,} per sample" in done.stdout
    faulty = run("shapes", "broken.py", cwd=folder).stdout
    assert any(line.startswith("! ") and "Linear" in line for line in faulty.splitlines())


def test_a_cuda_that_is_not_there_is_one_line_and_exit_2(folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    done = run("good.py", "--device", "cuda", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_on_cpu(folder: Path) -> None:
    assert run("good.py", "--device", "cpu", cwd=folder).returncode == 0
    assert run("broken.py", "--device", "cpu", cwd=folder).returncode == 1


HANGING = """\
import time
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        open("reached", "w").close()
        time.sleep(3600)

    def forward(self, x):
        return x
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("moment", ["starting", "tracing"])
def test_ctrl_c_is_quiet_and_leaves_nothing_behind(folder: Path, moment: str) -> None:
    (folder / "hanging.py").write_text(HANGING)
    process = subprocess.Popen(
        [CNNLINT, "hanging.py", "--allow-effects", "--timeout", "3600"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    if moment == "starting":
        assert _wait_for(lambda: len(_processes_in(folder)) > 1)
    else:
        assert _wait_for((folder / "reached").exists)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (130, b"", b"")
    assert _wait_for(lambda: not _processes_in(folder))


def _wait_for(condition: Callable[[], bool], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def _processes_in(folder: Path) -> list[str]:
    """The processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").resolve() == folder.resolve():
                found.append(process.name)
    return found
