"""Files that misbehave cost one finding each; the files beside them are linted as ever."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

MARK = "CNNLINT_TEST_RUN"

CNNLINT = Path(sys.executable).with_name("cnnlint")

MODEL = """
import torch.nn as nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {constructor}
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x):
        {forward}
        return self.conv(x).mean((2, 3))
"""

GOOD = "# cnnlint: input=1x28x28\n" + MODEL.format(constructor="pass", forward="pass")
"""Its convolution wants 3 channels and is given 1: one CNN101."""


def misbehaving(constructor: str = "pass", forward: str = "pass", top: str = "") -> str:
    return f"# cnnlint: input=3x32x32\n{top}\n" + MODEL.format(constructor=constructor, forward=forward)


HOSTILE = {
    "hang": (misbehaving(constructor="while True: pass"), "CNN005"),
    "hang_in_forward": (misbehaving(forward="while True: pass"), "CNN005"),
    "sys_exit": (misbehaving(constructor="import sys; sys.exit(3)"), "CNN003"),
    "os_exit": (misbehaving(constructor="import os; os._exit(3)"), "CNN005"),
    "segfault": (misbehaving(constructor="import ctypes; ctypes.string_at(0)"), "CNN005"),
    "recursion": (misbehaving(forward="return self.forward(x)"), "CNN199"),
    "memory_bomb": (misbehaving(constructor="self.hoard = bytearray(10**12)"), "CNN003"),
    "megabytes_of_output": (misbehaving(constructor="print('x' * 10**7)"), None),
    "base_exception": (misbehaving(constructor="raise KeyboardInterrupt"), "CNN003"),
    "input": (misbehaving(constructor="input()"), "CNN003"),
    "thread": (
        misbehaving(
            constructor="import threading, time; threading.Thread(target=time.sleep, args=(99,)).start()"
        ),
        None,
    ),
    "fork": (misbehaving(constructor="import os; os.fork()"), "CNN006"),
    "signal_handler": (
        misbehaving(constructor="import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"),
        None,
    ),
    "monkey_patch": (misbehaving(top="import torch\ntorch.nn.Conv2d.forward = None"), None),
    "change_directory": (misbehaving(constructor="import os; os.chdir('/')"), None),
    "delete": (misbehaving(constructor="import os; os.remove('keep.txt')"), "CNN006"),
    "write": (misbehaving(constructor="open('written.txt', 'w')"), "CNN006"),
    "save": (misbehaving(constructor="import torch; torch.save({}, 'written.pt')"), "CNN006"),
    "network": (
        misbehaving(constructor="import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')"),
        "CNN006",
    ),
    "subprocess": (
        misbehaving(constructor="import subprocess; subprocess.run(['touch', 'written.txt'])"),
        "CNN006",
    ),
    "latin": (b"# caf\xe9\nimport torch.nn\n", "CNN001"),
    "null_bytes": (b"import torch.nn\0\n", "CNN001"),
    "large": ("import torch.nn as nn\n" + "x = 1  # padding\n" * 600_000, "CNN009"),
}


@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict]]:
    """All hostile files and two good ones, linted in one run."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "keep.txt").write_text("keep me")
    (folder / "aaa_good.py").write_text(GOOD)
    (folder / "zzz_good.py").write_text(GOOD)
    for name, (content, _) in HOSTILE.items():
        path = folder / f"{name}.py"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    names = sorted(path.name for path in folder.glob("*.py"))
    run = subprocess.run(
        [CNNLINT, "--output-format", "json", "--timeout", "8", *names],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, MARK: str(folder)},
    )
    assert "Traceback" not in run.stderr
    assert run.returncode == 1, run.stderr
    found: dict[str, list[dict]] = {name.removesuffix(".py"): [] for name in names}
    for finding in json.loads(run.stdout):
        found[Path(finding["filename"]).stem].append(finding)
    assert (folder / "keep.txt").read_text() == "keep me"
    assert sorted(path.name for path in folder.iterdir() if path.name != ".cnnlint_cache") == sorted(
        [*names, "keep.txt"]
    )
    deadline = time.monotonic() + 5
    while _processes(str(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _processes(str(folder))
    return found


def _processes(mark: str) -> set[str]:
    """The processes that descend from the run with this mark in its environment."""
    found = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"{MARK}={mark}".encode() in (entry / "environ").read_bytes():
                found.add(entry.name)
    return found


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for left processes in /proc")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_its_own_finding(linted: dict[str, list[dict]], name: str) -> None:
    expected = HOSTILE[name][1]
    codes = [finding["code"] for finding in linted[name]]
    if expected is None:
        assert not [code for code in codes if code.startswith("CNN0")], linted[name]
    else:
        assert expected in codes, linted[name]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for left processes in /proc")
def test_the_files_beside_are_linted_as_ever(linted: dict[str, list[dict]]) -> None:
    for name in ("aaa_good", "zzz_good"):
        assert [finding["code"] for finding in linted[name] if finding["severity"] == "error"] == ["CNN101"]
