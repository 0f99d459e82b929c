"""Files that misbehave cost one finding each; the files beside them are linted as ever."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Hostile:
    """A file's content, the one code that it costs (None: it is linted without complaint), and the row that
    the finding is at."""

    content: str | bytes
    code: str | None
    row: int | None = None


def constructor(code: str, expected: str | None) -> Hostile:
    """A file whose model's constructor runs some code, in row 8."""
    text = MODEL.format(constructor=code.replace("\n", "\n        "), forward="pass")
    return Hostile(
        "# cnnlint: input=3x32x32\n" + text, expected, 8 if expected in ("CNN003", "CNN006") else None
    )


def forward(code: str, expected: str | None) -> Hostile:
    """A file whose model's forward runs some code, in row 12."""
    text = MODEL.format(constructor="pass", forward=code.replace("\n", "\n        "))
    return Hostile(
        "# cnnlint: input=3x32x32\n" + text, expected, 12 if expected in ("CNN199", "CNN006") else None
    )


def top(code: str, expected: str | None) -> Hostile:
    """A file that runs some code for the constant `WIDTH`, which its model needs."""
    text = MODEL.format(constructor="self.widths = range(WIDTH)", forward="pass")
    return Hostile(f"# cnnlint: input=3x32x32\n{code}\n{text}", expected, None)


HOSTILE = {
    "hang": constructor("while True: pass", "CNN005"),
    "hang_in_forward": forward("while True: pass", "CNN005"),
    "hang_without_connection": constructor("import os, time; os.closerange(3, 99); time.sleep(99)", "CNN005"),
    "stopped": constructor("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", "CNN005"),
    "sys_exit": constructor("import sys; sys.exit(3)", "CNN003"),
    "sys_exit_in_forward": forward("import sys; sys.exit(3)", "CNN199"),
    "os_exit": constructor("import os; os._exit(3)", "CNN005"),
    "os_exit_with_0": forward("import os; os._exit(0)", "CNN005"),
    "segfault": constructor("import ctypes; ctypes.string_at(0)", "CNN005"),
    "abort": constructor("import os; os.abort()", "CNN005"),
    "recursion": forward("return self.forward(x)", "CNN199"),
    "recursion_in_constructor": Hostile(
        "# cnnlint: input=3x32x32\n" + MODEL.format(constructor="self.__init__()", forward="pass"), "CNN003"
    ),
    "memory_bomb": constructor("self.hoard = bytearray(10**12)", "CNN003"),
    "memory_bomb_of_layers": constructor("self.hoard = [0] * 10**11", "CNN003"),
    "megabytes_of_output": constructor("import os; print('x' * 10**7); os.write(1, b'x' * 10**7)", None),
    "base_exception": constructor("raise KeyboardInterrupt", "CNN003"),
    "wordless_exception": constructor(
        "raise type('Silent', (BaseException,), {'__str__': lambda self: 1 / 0})()", "CNN003"
    ),
    "endless_exception": constructor("raise ValueError('x\\x1b[31m' * 10**7)", "CNN003"),
    "base_exception_at_import": top("WIDTH = exec('raise GeneratorExit')", "CNN002"),
    "base_exception_of_module": top("from evil import WIDTH", None),  # it is told of the module
    "input": constructor("input()", "CNN003"),
    "thread": constructor(
        "import threading, time; threading.Thread(target=time.sleep, args=(99,)).start()", None
    ),
    "fork": constructor("import os; os.fork()", "CNN006"),
    "fork_in_forward": forward("import os; os.fork()", "CNN006"),
    "signal_handlers": constructor(
        "import signal\n"
        "for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)",
        None,
    ),
    "alarm": constructor("import signal, time; signal.alarm(1); time.sleep(5)", "CNN005"),
    "monkey_patch": Hostile(
        "# cnnlint: input=3x32x32\nimport torch\ntorch.nn.Conv2d.forward = None\n"
        + MODEL.format(constructor="pass", forward="pass"),
        None,
    ),
    "monkey_patch_exit": constructor("import os, pickle; os._exit = pickle.dumps = None", None),
    "monkey_patch_builtins": constructor("import builtins; builtins.isinstance = None", "CNN005"),
    "monkey_patch_in_forward": forward("import torch; torch.relu = torch.nn.functional.relu = None", None),
    "table_of_nothing": constructor("self._modules['x'] = self._parameters['y'] = 3", None),
    "list_in_itself": constructor("self.own = []; self.own.append(self.own)", None),
    "change_directory": constructor("import os; os.chdir('/')", None),
    "delete": constructor("import os; os.remove('keep.txt')", "CNN006"),
    "delete_folder": constructor("import shutil; shutil.rmtree('keep', ignore_errors=True)", "CNN006"),
    "delete_itself": constructor("import os; os.unlink(__file__)", "CNN006"),
    "rename": constructor("import os; os.rename('keep.txt', 'written.txt')", "CNN006"),
    "change_mode": constructor("import os; os.chmod('keep.txt', 0)", "CNN006"),
    "write": constructor("open('written.txt', 'w')", "CNN006"),
    "write_in_forward": forward("open('written.txt', 'w')", "CNN006"),
    "write_at_import": top("LOG = open('written.txt', 'w')\nWIDTH = LOG.write('3')", "CNN010"),
    "make_folder": constructor("import os; os.makedirs('written/deep')", "CNN006"),
    "make_pipe": constructor("import os; os.mkfifo('written.txt')", "CNN006"),
    "data_base": constructor("import sqlite3; sqlite3.connect('written.db')", "CNN006"),
    "scratch": constructor(
        "import tempfile, os\n"
        "with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file:\n"
        "    os.mkdir(os.path.join(folder, 'deep')); open(os.path.join(folder, 'deep', 'x'), 'w').close()",
        None,
    ),
    "save": constructor("import torch; torch.save({}, 'written.pt')", "CNN006"),
    "network": constructor("import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')", "CNN006"),
    "network_in_forward": forward("import socket; socket.create_server(('127.0.0.1', 0))", "CNN006"),
    "subprocess": constructor("import subprocess; subprocess.run(['touch', 'written.txt'])", "CNN006"),
    "shell": forward("import os; os.system('touch written.txt')", "CNN006"),
    "exec": constructor("import os; os.execv('/bin/touch', ['touch', 'written.txt'])", "CNN006"),
    "workers": constructor("import multiprocessing; multiprocessing.Pool(2)", "CNN006"),
    "kill": constructor("import os, signal; os.kill(os.getppid(), signal.SIGKILL)", "CNN006"),
    "latin": Hostile(b"# caf\xe9\nimport torch.nn\n", "CNN001", 1),
    "utf_16": Hostile("import torch.nn\n".encode("utf-16"), "CNN001", 1),
    "null_bytes": Hostile(b"import torch.nn\0\n", "CNN001", 1),
    "nested": Hostile("import torch.nn as nn\nx = " + "[" * 9000 + "]" * 9000, "CNN001", 2),
    "endless_sum": Hostile("import torch.nn as nn\nx = " + "1 + " * 90_000 + "1", "CNN001", 1),
    "large": Hostile("import torch.nn as nn\nTABLE = [" + "0.123456789012345678, " * 500_000 + "]", "CNN009"),
}

NOT_FILES = {
    "dangling": "CNN001",
    "ring": "CNN001",
    "pipe": "CNN001",
    "socket": "CNN001",
    "unreadable": "CNN001",
}
"""Names ending in .py that are no files which can be read, and what they cost."""


@dataclass(frozen=True)
class Run:
    """What the command said of a folder: by the stem of the file's name, its findings."""

    findings: dict[str, list[dict]]
    exit_code: int


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with all hostile files and two good ones; nothing in it may change."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "keep.txt").write_text("keep me")
    (folder / "keep").mkdir()
    (folder / "aaa_good.py").write_text(GOOD)
    (folder / "zzz_good.py").write_text(GOOD)
    (folder / "folder.py").mkdir()
    (folder / "folder.py" / "inside.py").write_text(GOOD)
    for name, hostile in HOSTILE.items():
        content = hostile.content
        (folder / f"{name}.py").write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "evil.py").write_text("WIDTH = exec('raise SystemExit')")
    (folder / "dangling.py").symlink_to("gone.py")
    (folder / "ring.py").symlink_to("ring.py")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.py")
    with contextlib.chdir(folder), socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket.py")
    (folder / "unreadable.py").write_text(GOOD)
    (folder / "unreadable.py").chmod(0)
    before = _state(folder)
    yield folder
    assert _state(folder) == before
    (folder / "unreadable.py").chmod(0o600)


def _state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything in a folder: mode, time of the last change, content; but for what cnnlint keeps."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if ".cnnlint_cache" not in path.parts:
            status = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(status.st_mode) and status.st_mode & 0o400 else b""
            found[str(path)] = (status.st_mode, status.st_mtime_ns, content)
    return found


def lint(folder: Path, names: list[str], *options: str) -> Run:
    """Runs the command in the folder; it must say no traceback and leave no process behind."""
    run = subprocess.run(
        [CNNLINT, "--output-format", "json", "--timeout", "4", *options, *names],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=400,
        env={**os.environ, MARK: str(folder)},
    )
    assert run.stderr == ""
    deadline = time.monotonic() + 10
    while _processes(str(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _processes(str(folder))
    found: dict[str, list[dict]] = {}
    for finding in json.loads(run.stdout):
        found.setdefault(Path(finding.pop("filename")).stem, []).append(finding)
    return Run(found, run.returncode)


def _processes(mark: str) -> set[str]:
    """The processes that descend from a run with this mark in its environment."""
    found = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"{MARK}={mark}".encode() in (entry / "environ").read_bytes():
                found.add(entry.name)
    return found


@pytest.fixture(scope="module")
def linted(folder: Path) -> Run:
    """All files, named in one run."""
    return lint(folder, sorted(path.name for path in folder.glob("*.py")))


pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for left processes in /proc")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_one_finding_at_its_line(linted: Run, name: str) -> None:
    hostile = HOSTILE[name]
    found = linted.findings.get(name, [])
    assert [finding["code"] for finding in found] == ([hostile.code] if hostile.code else []), found
    if hostile.row:
        assert found[0]["location"]["row"] == hostile.row


def test_a_module_that_raises_costs_one_finding_in_its_own_file(linted: Run) -> None:
    codes = [finding["code"] for finding in linted.findings["evil"]]
    assert codes == ["CNN002", "CNN009"]  # and the module itself, which was named too, holds no model


@pytest.mark.parametrize("name", NOT_FILES)
def test_what_cannot_be_read_costs_one_finding(linted: Run, name: str) -> None:
    if name == "unreadable" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    assert [finding["code"] for finding in linted.findings[name]] == [NOT_FILES[name]]


def test_the_files_beside_are_linted_as_ever(folder: Path, linted: Run) -> None:
    alone = lint(folder, ["aaa_good.py"], "--no-cache").findings["aaa_good"]
    assert [finding["code"] for finding in alone if finding["severity"] == "error"] == ["CNN101"]
    for name in ("aaa_good", "zzz_good", "inside"):
        assert _unnamed(linted.findings[name]) == _unnamed(alone)


def _unnamed(findings: list[dict]) -> str:
    text = json.dumps(findings, sort_keys=True)
    for name in ("aaa_good.py", "zzz_good.py", "folder.py/inside.py"):
        text = text.replace(name, "good.py")
    return text


def test_the_exit_code_tells_findings_and_what_is_only_unjudged(folder: Path, linted: Run) -> None:
    assert linted.exit_code == 1
    harmless = ("os_exit", "segfault", "thread", "change_directory", "scratch", "monkey_patch_exit")
    run = lint(folder, [f"{name}.py" for name in harmless])
    assert run.exit_code == 0, run.findings


def test_a_folder_is_walked_past_links_pipes_and_sockets(folder: Path, tmp_path: Path) -> None:
    run = lint(folder, ["folder.py", "loop/folder.py"])
    assert list(run.findings) == ["inside"]


def test_allowed_effects_happen(tmp_path: Path) -> None:
    text = str(HOSTILE["write_in_forward"].content)
    (tmp_path / "net.py").write_text(text.replace("'w'", "'a'"))
    run = lint(tmp_path, ["net.py"], "--allow-effects")
    assert (run.exit_code, run.findings) == (0, {})
    assert (tmp_path / "written.txt").exists()
