"""Worker processes: how many there are, when they start, what is done without fork."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import inside
import pytest
from test_cli import run

from cnnlint import engine
from cnnlint.config import Settings
from cnnlint.evidence import survey
from cnnlint.job import Job
from cnnlint.processes.forking import ForkServer
from cnnlint.workers import Workers

NET = """
import os, time
import torch.nn as nn
{extra}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear({features}, 10)
    def forward(self, x):  # cnnlint: input=3x8x8
        return self.fc(self.conv(x).relu().flatten(1))
"""


def write(folder: Path, name: str, features: object, extra: str = "") -> None:
    (folder / name).write_text(NET.format(features=features, extra=extra))


def test_the_output_does_not_depend_on_the_number_of_jobs(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "slow()", "def slow():\n    time.sleep(0.5)\n    return 287")  # done last
    write(tmp_path, "b.py", 288)
    write(tmp_path, "c.py", 289)
    one, three = (run("--no-cache", *jobs, ".", cwd=tmp_path) for jobs in (("--jobs", "1"), ("-j3",)))
    assert one.stdout == three.stdout
    assert one.stdout.startswith("a.py:") and "\nc.py:" in one.stdout


def test_a_number_of_jobs_is_positive(tmp_path: Path) -> None:
    assert run("--jobs", "0", ".", cwd=tmp_path).returncode == 2


def test_processes_start_before_the_file_is_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "net.py", 288)
    started = []
    with Workers(1) as workers:
        read = survey.survey
        monkeypatch.setattr(workers, "start", lambda: started.append("processes") or Workers.start(workers))
        monkeypatch.setattr(survey, "survey", lambda *given: started.append("survey") or read(*given))
        result = engine.check([str(tmp_path / "net.py")], Settings(), workers=workers)
    assert started[:2] == ["processes", "survey"]
    assert result.coverage.judged == 1


def test_a_file_without_a_model_starts_none(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import torch\nfrom nets import Net\n\ndef train(model):\n    model.train()\n"
    )
    command = [sys.executable, "-X", "importtime", "-c", "from cnnlint.cli import main; main()", "train.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "no-model" in done.stdout
    assert "cnnlint.engine" in done.stderr and "cnnlint.workers" not in done.stderr


def test_a_server_that_died_is_replaced() -> None:
    job = Job("net.py", "/nowhere/net.py", NET.format(features=288, extra=""))
    with Workers(1) as workers:
        processes = workers.start()
        assert isinstance(processes, ForkServer)
        os.kill(processes._process.pid, signal.SIGKILL)
        processes._reader.join()
        (traced,) = workers.trace([job])
    assert [model.name for model in traced.trace.models] == ["Net"]


def test_a_cancelled_job_ends() -> None:
    extra = "def hang():\n    while True: pass\n\nWIDTH = hang()"
    job = Job("net.py", "/nowhere/net.py", NET.format(features="WIDTH", extra=extra), timeout=1000)
    with Workers(1) as workers:
        assert workers.submit(job).cancel()
        after = workers.submit(Job("net.py", "/nowhere/net.py", NET.format(features=288, extra="")))
        assert after.result(timeout=100).trace.models  # it was not in the way


def test_where_there_is_no_fork(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "bad.py", 289)
    write(tmp_path, "dies.py", "os._exit(3)")
    write(tmp_path, "hangs.py", "hang()", "def hang():\n    while True: pass\n")
    arguments = ("--no-cache", "--timeout", "3", "--jobs", "2", ".")
    forked = run(*arguments, cwd=tmp_path)
    monkeypatch.delattr(os, "fork")
    spawned = inside.run(*arguments, cwd=tmp_path)
    assert (spawned.stdout, spawned.stderr, spawned.returncode) == (forked.stdout, "", 1)
    for said in ("289 features", "ended itself with status 3", "within 3 s", "1 error"):
        assert said in spawned.stdout
