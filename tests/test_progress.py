"""What a user sees while a run goes on: findings file by file, and a bar on a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest
from test_cli import CNNLINT
from test_workers import write

WAIT = """
def wait():
    while not os.path.exists({path!r}):
        time.sleep(0.02)
    return 289
"""


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """A folder whose second file is traced only when there is a file `go`."""
    write(tmp_path, "a.py", 287)
    write(tmp_path, "b.py", "wait()", WAIT.format(path=str(tmp_path / "go")))
    return tmp_path


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [CNNLINT, "--no-cache", "--timeout", "60", *arguments, "."]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def test_findings_appear_as_files_finish(held: Path) -> None:
    with start(held) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("a.py:")
        (held / "go").touch()
        rest, said = process.communicate(timeout=120)
    assert "b.py:14:29: error CNN102" in rest and "could not be" not in rest
    assert (said, process.returncode) == ("", 1)


def test_what_was_told_stays_where_the_run_is_broken_off(held: Path) -> None:
    with start(held, "--output-format", "concise") as process:
        assert process.stdout
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=120)
    assert first.startswith("a.py:") and "287" in first
    assert (rest, said, process.returncode) == ("", "", 130)


@pytest.mark.parametrize("options", [(), ("--quiet",)], ids=["as usual", "quiet"])
def test_a_bar_on_a_terminal(tmp_path: Path, options: tuple[str, ...]) -> None:
    for number in range(12):
        write(tmp_path, f"net{number:02}.py", 288)
    ours, theirs = pty.openpty()
    try:
        command = [CNNLINT, "--no-cache", *options, "."]
        done = subprocess.run(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, text=True, timeout=120,
            env={**os.environ, "TERM": "xterm"},
        )  # fmt: skip
        os.write(theirs, b"end")
        drawn = ""
        while not drawn.endswith("end"):
            drawn += os.read(ours, 1 << 16).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0
    if options:
        assert (done.stdout, drawn) == ("", "end")
    else:
        assert done.stdout == "All checks passed! (12 models)\n"
        assert "Checking" in drawn and "12/12" in drawn
        assert drawn.endswith("\r\x1b[K\x1b[?25hend")  # the line is free again
