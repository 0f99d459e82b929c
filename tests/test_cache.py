"""What is kept between runs: found again, found out of date, never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnnlint import cache as caching
from cnnlint.cache import Cache
from cnnlint.job import Job, Reads, Traced
from cnnlint.traces import FileTrace

NET = """
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
LONG_AGO = 1_000_000_000


def write(path: Path, text: str) -> None:
    """A file that nobody has written just now: one such is not trusted (see UNSETTLED)."""
    path.write_text(text)
    os.utime(path, (LONG_AGO + len(text), LONG_AGO + len(text)))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    write(tmp_path / "net.py", NET)
    write(tmp_path / "sizes.py", "WIDTH = 288\n")
    return tmp_path


def lint(project: Path, *options: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python, "-c", "from cnnlint.cli import main; main()", "net.py", *options]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120)


def entries(project: Path) -> dict[Path, int]:
    return {path: path.stat().st_ino for path in project.glob(".cnnlint_cache/*/*")}


def test_a_hit_says_what_the_miss_said_and_needs_no_torch(project: Path) -> None:
    write(project / "sizes.py", "WIDTH = 289\n")
    missed = lint(project)
    assert "288" in missed.stdout and "289" in missed.stdout
    kept = entries(project)
    assert len(kept) == 1
    hit = lint(project, python=("-X", "importtime"))
    imported = {line.rpartition("|")[2].strip() for line in hit.stderr.splitlines()}
    assert hit.stdout == missed.stdout and hit.returncode == missed.returncode == 1
    assert "cnnlint.cache" in imported and "torch" not in imported
    assert "cnnlint.workers" not in imported  # nor is a process started that would
    assert entries(project) == kept
    assert lint(project, "--no-cache").stdout == missed.stdout
    other = lint(project, "--ignore", "CNN1", python=("-X", "importtime"))
    assert other.returncode == 0 and "cnnlint.workers" not in other.stderr  # the rules are run again


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: write(folder / "sizes.py", "WIDTH = 8 * 36\n"),
        lambda folder: write(folder / "torch_sizes.py", ""),  # a neighbour, which may be evidence
        lambda folder: write(folder / "net.py", NET + "\n"),
    ],
    ids=["a module that it imports", "a further module", "its own text"],
)
def test_what_changed_is_traced_again(project: Path, change) -> None:
    lint(project)
    before = entries(project)
    change(project)
    lint(project)
    assert entries(project) != before


def test_data_that_the_slice_reads_belongs_to_it(project: Path) -> None:
    write(project / "width.txt", "289")
    write(project / "sizes.py", "import pathlib\nWIDTH = int(pathlib.Path('width.txt').read_text())\n")
    assert "289" in lint(project).stdout
    write(project / "width.txt", "288")
    assert lint(project).returncode == 0


def test_options_of_tracing_have_entries_of_their_own(project: Path) -> None:
    lint(project)
    lint(project, "--input", "3x9x9")
    assert len(entries(project)) == 2


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 100, None], ids=["empty", "text", "nulls", "cut"])
def test_a_damaged_entry_is_made_again(project: Path, content: bytes | None) -> None:
    first = lint(project)
    (entry,) = entries(project)
    whole = entry.read_bytes()
    entry.write_bytes(whole[: len(whole) // 2] if content is None else content)
    again = lint(project)
    assert (again.stdout, again.stderr, again.returncode) == (first.stdout, "", first.returncode)
    assert entry.read_bytes() == whole


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(project: Path) -> None:
    (project / "taken").write_text("a file")
    run = lint(project, "--cache-dir", "taken/inside")
    assert (run.returncode, run.stderr) == (0, "")


def test_two_runs_at_once(project: Path) -> None:
    command = [sys.executable, "-c", "from cnnlint.cli import main; main()", "net.py"]
    runs = [subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [run.communicate(timeout=120)[0] for run in runs]
    assert said[0] == said[1] == lint(project).stdout


def test_the_cache_keeps_itself_out_of_git_and_is_cleaned(project: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    lint(project)
    status = subprocess.run(["git", "status", "--short"], cwd=project, capture_output=True, text=True)
    assert ".cnnlint_cache" not in status.stdout and "net.py" in status.stdout
    command = [sys.executable, "-c", "from cnnlint.cli import main; main()", "clean"]
    cleaned = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert cleaned.returncode == 0 and not (project / ".cnnlint_cache").exists()


def test_clean_refuses_a_folder_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="holds other files"):
        caching.clean(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_it_drops_what_was_not_used_for_longest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "kept")
    jobs = [Job(f"net{number}.py", f"/net{number}.py", "x") for number in range(4)]
    for number, job in enumerate(jobs):
        cache.keep(job, FileTrace(job.filename), Reads(), time.time())
        (path,) = [
            path for path in (tmp_path / "kept").glob("*/*.trace") if path.stat().st_mtime > LONG_AGO + 9
        ]
        os.utime(path, (LONG_AGO + number, LONG_AGO + number))
    size = path.stat().st_size
    assert cache.find(jobs[0]) == Traced(FileTrace("net0.py"), Reads())  # used: the newest now
    monkeypatch.setattr(caching, "MOST_BYTES", 2 * size + size // 2)
    cache.trim()
    found = [cache.find(job) is not None for job in jobs]
    assert found == [True, False, False, True]


def test_what_was_written_while_it_was_traced_is_not_kept(tmp_path: Path) -> None:
    module = tmp_path / "sizes.py"
    module.write_text("WIDTH = 1")
    job, cache = Job("net.py", "/net.py", "x"), Cache(tmp_path / "kept")
    cache.keep(job, FileTrace("net.py"), Reads((str(module),)), began=time.time() - 10)
    assert cache.find(job) is None
