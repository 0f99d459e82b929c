"""The flags that say which files are checked and what becomes of the report."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from inside import run

BROKEN = "class Net(:\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("a.py", "nets/b.py", "nets/old/c.py", "venv/lib.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(BROKEN)
    return tmp_path


def files(*arguments: str, cwd: Path) -> list[str]:
    done = run("--show-files", *arguments, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


# -- which files


def test_exclude_replaces_the_usual_patterns_and_extend_exclude_adds(project: Path) -> None:
    assert files(".", cwd=project) == ["a.py", "nets/b.py", "nets/old/c.py"]
    assert files("--exclude", "old,a.py", ".", cwd=project) == ["nets/b.py", "venv/lib.py"]
    assert files("--extend-exclude", "old", "--extend-exclude", "a.py", ".", cwd=project) == ["nets/b.py"]
    (project / "cnnlint.toml").write_text("extend-exclude = ['nets/old']\n")
    assert files(".", cwd=project) == ["a.py", "nets/b.py"]
    assert files("--exclude", "a.py", ".", cwd=project) == ["nets/b.py", "venv/lib.py"]
    (project / "nets" / "cnnlint.toml").write_text("exclude = ['b.py']\n")  # it alone counts there
    assert files(".", cwd=project) == ["a.py", "nets/old/c.py"]


def test_a_hook_names_files_that_the_project_excludes(project: Path) -> None:
    (project / "cnnlint.toml").write_text("extend-exclude = ['nets']\n")
    assert files("a.py", "nets/b.py", cwd=project) == ["a.py", "nets/b.py"]
    assert files("--force-exclude", "a.py", "nets/b.py", "venv/lib.py", cwd=project) == ["a.py"]
    done = run("--force-exclude", "nets/old/c.py", cwd=project)
    assert (done.returncode, done.stdout) == (0, "Nothing was checked: what was given is excluded.\n")
    done = run("--force-exclude", "-", "--stdin-filename", "nets/b.py", cwd=project)
    assert (done.returncode, done.stdout) == (0, "Nothing was checked: what was given is excluded.\n")


# -- the report


def test_exit_zero_says_what_was_found_all_the_same(project: Path) -> None:
    done = run("--exit-zero", "a.py", cwd=project)
    assert done.returncode == 0 and "CNN001" in done.stdout
    assert run("--exit-zero", "gone.py", cwd=project).returncode == 2


def test_statistics_count_by_rule(project: Path) -> None:
    (project / "empty.py").write_text("")
    done = run("--statistics", "a.py", "nets", "empty.py", cwd=project)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == ["3  CNN001  syntax-error", "1  CNN009  no-model"]
    assert done.stdout.splitlines()[2].startswith("Found 3 errors")
    assert len(run("--statistics", "-q", "--no-advice", "a.py", cwd=project).stdout.splitlines()) == 1
    records = json.loads(run("--statistics", "--output-format", "json", "nets", cwd=project).stdout)
    assert records == [{"code": "CNN001", "name": "syntax-error", "count": 2}]
    done = run("--statistics", "--output-format", "sarif", "nets", cwd=project)
    assert done.returncode == 2 and "full, concise, json only" in done.stderr


def test_the_report_is_written_to_a_file_in_one_step(project: Path) -> None:
    report = project / "report.json"
    report.write_text("the old one")
    report.chmod(0o640)
    (project / "link.json").symlink_to("report.json")
    arguments = ("--color", "always", "--output-format", "json", "-o", "link.json", "a.py")
    done = run(*arguments, cwd=project)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert json.loads(report.read_text())[0]["code"] == "CNN001"
    assert stat.S_IMODE(report.stat().st_mode) == 0o640
    assert (project / "link.json").is_symlink()
    assert run("-o", os.devnull, "a.py", cwd=project).returncode == 1
    assert Path(os.devnull).is_char_device()
    assert not list(project.glob(".cnnlint-*"))


def test_a_report_that_cannot_be_written_is_one_line_and_exit_2(project: Path) -> None:
    done = run("-o", "gone/report.txt", "a.py", cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: --output-file gone/report.txt: there is no folder gone\n"


def test_color(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert "\x1b[" in run("--color", "always", "a.py", cwd=project).stdout
    assert "\x1b[" not in run("a.py", cwd=project).stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("a.py", cwd=project).stdout
    assert "\x1b[" not in run("--color", "never", "a.py", cwd=project).stdout
    run("-o", "plain.txt", "a.py", cwd=project)
    assert "\x1b[" not in (project / "plain.txt").read_text()


def test_quiet_shows_findings_only(project: Path) -> None:
    assert "Found" in run("a.py", cwd=project).stdout
    assert "Found" not in run("--quiet", "a.py", cwd=project).stdout
