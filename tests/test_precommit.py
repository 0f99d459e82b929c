"""The hook, run by the real pre-commit on commits to a repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MANIFEST = Path(__file__).parent.parent / ".pre-commit-hooks.yaml"

BAD = """\
from torch import nn

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(16, 8, 3))  # cnnlint: input=3x32x32
"""
GOOD = BAD.replace("nn.Conv2d(16, ", "nn.Conv2d(8, ")

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the repository `hooks` of the hook and the repository `project` of a user."""
    for name in ("hooks", "project"):
        (tmp_path / name).mkdir()
        run("git", "init", "--quiet", cwd=tmp_path / name)
    shutil.copy(MANIFEST, tmp_path / "hooks")
    run("git", "add", ".", cwd=tmp_path / "hooks")
    run("git", "commit", "--quiet", "-m", "the hook", cwd=tmp_path / "hooks")
    return tmp_path


def run(*command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command with this Python's own programs first, and nothing of the git that may be around it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    programs = str(Path(sys.executable).parent)
    environment |= {
        "PATH": os.pathsep.join((programs, environment.get("PATH", ""))),
        "PRE_COMMIT_HOME": str(cwd.parent / "pre-commit"),
        "NO_COLOR": "1",
        **{f"GIT_{role}_{field}": "x" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")},
        **variables,
    }
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def pre_commit(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "pre_commit", *arguments, cwd=cwd, **variables)


def test_the_manifest_is_valid(tmp_path: Path) -> None:
    done = pre_commit("validate-manifest", str(MANIFEST), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_bad_commit_is_stopped_and_a_good_one_passes(home: Path) -> None:
    project = home / "project"
    hook = project / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m pre_commit try-repo ../hooks cnnlint\n")
    hook.chmod(0o755)
    (project / "net.py").write_text(BAD)
    (project / "notes.txt").write_text("no Python\n")
    (project / "helper.py").write_text("ANSWER = 42\n")
    run("git", "add", ".", cwd=project)
    stopped = run("git", "commit", "-m", "bad", cwd=project)
    assert stopped.returncode == 1
    column = BAD.splitlines()[2].index("16") + 1
    assert f"net.py:3:{column}: error CNN101" in stopped.stderr
    assert "helper.py" not in stopped.stderr and "notes.txt" not in stopped.stderr
    assert run("git", "rev-parse", "HEAD", cwd=project).returncode != 0  # nothing was committed
    (project / "net.py").write_text(GOOD)
    run("git", "add", "net.py", cwd=project)
    passed = run("git", "commit", "-m", "good", cwd=project)
    assert passed.returncode == 0, passed.stderr
    assert "Passed" in passed.stderr


def test_files_without_models_are_quick_and_excluded_ones_left_out(home: Path) -> None:
    """Nothing imports torch, which here says so and fails."""
    project = home / "project"
    (home / "stubs").mkdir()
    (home / "stubs" / "torch.py").write_text(
        f"open({str(home / 'imported')!r}, 'w').close()\nraise ImportError('torch')\n"
    )
    (project / "helper.py").write_text("import os\n\n\nclass Reader:\n    pass\n")
    (project / "old").mkdir()
    (project / "old" / "net.py").write_text(BAD)
    (project / "cnnlint.toml").write_text("extend-exclude = ['old']\n")
    run("git", "add", ".", cwd=project)
    stubbed = {"PYTHONPATH": str(home / "stubs")}
    done = pre_commit("try-repo", "../hooks", "cnnlint", cwd=project, **stubbed)
    assert done.returncode == 0, done.stdout
    assert not (home / "imported").exists()
    (project / "net.py").write_text(GOOD)  # for which the stand-in is enough
    run("git", "add", ".", cwd=project)
    assert pre_commit("try-repo", "../hooks", "cnnlint", cwd=project, **stubbed).returncode == 0
    assert not (home / "imported").exists()
    command = (sys.executable, "-m", "cnnlint", "net.py", "--device", "cpu")
    subprocess.run(command, cwd=project, env={**os.environ, **stubbed}, check=False, capture_output=True)
    assert (home / "imported").exists()
