"""Workers that crash or hang under an editor, and that nothing is left when it goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server.editor import PATIENCE, SERVER, Editor, descendants
from tests.server.test_session import NET

CRASH = NET.replace("super().__init__()", "super().__init__(); __import__('os')._exit(3)")
HANG = NET.replace("super().__init__()", "super().__init__(); [None for _ in iter(int, 1)]")


def wait_until(it_is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not (so := it_is_so()) and time.monotonic() < end:
        time.sleep(0.02)
    return so


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    folder = tmp_path_factory.mktemp("project")
    for name, seconds in (("patient", 3600), ("hasty", 5)):
        (folder / name).mkdir()
        (folder / name / "cnnlint.toml").write_text(f"timeout = {seconds}\n")
    with Editor(folder) as editor:
        yield editor
        started = descendants(editor.process.pid)
        assert started
        assert editor.leave() == 0
        assert wait_until(lambda: not any(map(alive, started)))


def test_crashes_and_hangs_keep_the_hints(editor: Editor) -> None:
    uri = editor.open("hasty/net.py", NET)
    assert editor.problems(uri) == []
    before = editor.hints(uri)

    editor.write(uri, CRASH)
    (problem,) = editor.problems(uri)
    assert problem.code == "CNN005" and "ended itself with status 3" in problem.message
    assert editor.hints(uri) == before

    editor.write(uri, HANG)
    (problem,) = editor.problems(uri)
    assert problem.code == "CNN005" and "within 5 s" in problem.message
    assert editor.hints(uri) == before

    editor.write(uri, NET)
    assert editor.problems(uri) == [] and editor.hints(uri) == before


def test_newer_edits_end_what_still_hangs(editor: Editor) -> None:
    """More hanging texts than there are workers, with a time limit that nobody waits for."""
    uri = editor.open("patient/net.py", NET)
    assert editor.problems(uri) == []
    assert wait_until(lambda: len(descendants(editor.process.pid)) == 1)
    seen = descendants(editor.process.pid)

    def one_more_hangs() -> bool:
        new = descendants(editor.process.pid) - seen
        seen.update(new)
        return bool(new)

    for number in range((os.cpu_count() or 1) + 1):
        editor.write(uri, f"{HANG}# {number}\n")
        assert wait_until(one_more_hangs)
    editor.write(uri, NET)
    assert editor.problems(uri) == []
    assert wait_until(lambda: len(descendants(editor.process.pid)) == 1)


def test_a_fork_server_that_dies_is_replaced(editor: Editor) -> None:
    uri = editor.open("net.py", NET)
    assert editor.problems(uri) == []
    for pid in descendants(editor.process.pid):
        os.kill(pid, signal.SIGKILL)
    editor.replace(uri, "3136", "1568")
    assert editor.codes(uri) == ["CNN102"]
    assert editor.messages == []


def test_a_child_that_hangs_ends_with_the_editor(tmp_path: Path) -> None:
    with Editor(tmp_path) as editor:
        editor.open("net.py", HANG)
        assert wait_until(lambda: len(descendants(editor.process.pid)) == 2)
        started = descendants(editor.process.pid)
        assert editor.leave() == 0
        assert wait_until(lambda: not any(map(alive, started)))


CLIENT = """
import json, subprocess, sys, time
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def send(method, params, **more):
    body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
    server.stdin.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
    server.stdin.flush()
send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id=1)
server.stdout.readline()
send("initialized", {})
send("textDocument/didOpen", {"textDocument": {
    "uri": "file:///nowhere/net.py", "languageId": "python", "version": 0, "text": TEXT}})
print(server.pid, flush=True)
time.sleep(1000)
"""


def test_nothing_is_left_when_the_editor_is_killed() -> None:
    script = CLIENT.replace("TEXT", repr(HANG))
    with subprocess.Popen(
        [sys.executable, "-c", script, *SERVER], stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None
        server = int(client.stdout.readline())
        # the fork server, its child that hangs
        assert wait_until(lambda: len(descendants(server)) >= 2)
        started = {server, *descendants(server)}
        client.kill()
    assert wait_until(lambda: not any(map(alive, started)))


def test_without_pygls_one_line_says_what_to_install(tmp_path: Path) -> None:
    block = "import sys; sys.modules['pygls'] = None; from cnnlint.cli import main; main(['server'])"
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: the language server needs pygls: pip install 'pygls>=2'\n"


def test_a_wrong_configuration_of_the_command_is_told_at_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [*SERVER, "--config", "timeout=soon"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "timeout" in done.stderr


def test_the_server_itself_never_imports_torch() -> None:
    program = (
        "import sys, cnnlint.server.protocol; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
