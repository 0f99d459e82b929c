"""`--watch`: what is noticed, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_cli import CNNLINT, run

NET = """
import pathlib
import torch.nn as nn
from sizes import WIDTH
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(WIDTH, 10)
    def forward(self, x):  # cnnlint: input=3x8x8
        return self.fc(self.conv(x).relu().flatten(1))
"""
READING = "import pathlib\nWIDTH = int(pathlib.Path(__file__).with_name('width.txt').read_text())\n"


class Session:
    """A running `cnnlint --watch`, of which all output is read as one text."""

    def __init__(self, folder: Path, *arguments: str):
        self.process = subprocess.Popen(
            [CNNLINT, "--watch", "--output-format", "concise", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def until(self, *words: str) -> str:
        """What is said up to a round whose output has all of the words; a save may be seen in two rounds."""
        assert self.process.stdout
        round_ = ""
        for line in self.process.stdout:
            round_ += line
            if line.startswith("Watching"):
                if all(word in round_ for word in words):
                    return round_
                round_ = ""
        raise AssertionError(round_)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "sizes.py").write_text("WIDTH = 288\n")
    return tmp_path


@pytest.fixture
def watching(project: Path) -> Iterator[Session]:
    session = Session(project, "net.py")
    timer = threading.Timer(120, session.process.kill)
    timer.start()
    try:
        yield session
    finally:
        timer.cancel()
        session.process.kill()
        session.process.communicate()


def test_whatever_matters_is_noticed(project: Path, watching: Session) -> None:
    watching.until("All checks passed!")
    (project / "net.py").write_text(NET.replace("nn.Conv2d(3, 8", "nn.Conv2d(3, 9"))
    watching.until("net.py changed", "324", "Found 1 error")
    (project / "net.py").write_text(NET)
    watching.until("All checks passed!")
    (project / "sizes.py").write_text("WIDTH = 289\n")
    watching.until("sizes.py changed", "289", "CNN102")
    (project / "cnnlint.toml").write_text('ignore = ["CNN1"]\n')
    watching.until("cnnlint.toml changed", "All checks passed!")
    (project / "cnnlint.toml").write_text("ignore = [")
    watching.until("error: cnnlint.toml is not valid TOML")
    (project / "cnnlint.toml").unlink()
    watching.until("CNN102")
    (project / "width.txt").write_text("288")
    (project / "sizes.py").write_text(READING)
    watching.until("All checks passed!")
    (project / "width.txt").write_text("290")
    watching.until("width.txt changed", "290")
    (project / "net.py").rename(project / "other.py")
    watching.until("error: net.py: no such file or folder")
    (project / "other.py").rename(project / "net.py")
    watching.until("290")
    watching.process.send_signal(signal.SIGINT)
    rest, _ = watching.process.communicate(timeout=60)
    assert (rest, watching.process.returncode) == ("", 130)


def test_a_wrong_configuration_ends_it_at_first(project: Path) -> None:
    (project / "cnnlint.toml").write_text("ignore = [")
    done = run("--watch", "net.py", cwd=project)
    assert done.returncode == 2 and "not valid TOML" in done.stderr


@pytest.mark.parametrize("with_it", [("--fix",), ("--output-format", "json"), ("-o", "report"), ("-",)])
def test_it_only_shows_files(project: Path, with_it: tuple[str, ...]) -> None:
    done = run("--watch", "net.py", *with_it, cwd=project)
    assert done.returncode == 2 and "--watch" in done.stderr
