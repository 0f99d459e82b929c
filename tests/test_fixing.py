"""--fix, --unsafe-fixes, --diff and --add-ignores on files: what is written, and that nothing else is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from cnnlint.config import Settings
from cnnlint.diagnostic import Diagnostic, Severity, Span
from cnnlint.engine import check
from cnnlint.fixes.fixing import _is_better, fix
from cnnlint.replacing import replace_file
from cnnlint.result import FileResult
from cnnlint.source.file import SourceFile
from cnnlint.traces import FileTrace, Model, Pass

NET = """\
import torch.nn as nn


# cnnlint: input=1x8x8
class Net(nn.Module):  # ü
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)  #  keep   this
        self.fc = nn.Linear( 1*2,10 )

    def forward(self, x):
        return self.fc(self.conv(x).relu().flatten(1))
"""
FIXED = NET.replace("(3, 4,", "(1, 4,").replace("1*2", "144")

UNSAFE = """\
import torch.nn as nn
# cnnlint: input=1x8x8
net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))"""

NOT_KEPT = """\
import torch.nn as nn


# cnnlint: input=1x8x8
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.conv.bias.data.zero_()
        self.norm = nn.BatchNorm2d(4)
        self.last = nn.Conv2d(5, 4, 3)

    def forward(self, x):
        return self.last(self.norm(self.conv(x)))
"""

COMMENTS = """\
import torch.nn as nn  # cnnlint: ignore[CNN101]
# cnnlint: input=1x8x8
net = nn.Sequential(
    # cnnlint: ignore[CNN102] -- gone
    nn.Conv2d(3, 4, 3),  # one  # cnnlint: ignore[CNN101, CNN102] -- why
    nn.ReLU(),  # noqa: E501, CNN301
)  # cnnlint: ignore[CNN107]  # noqa: E731
"""
WITHOUT_COMMENTS = """\
import torch.nn as nn
# cnnlint: input=1x8x8
net = nn.Sequential(
    nn.Conv2d(3, 4, 3),  # one  # cnnlint: ignore[CNN101] -- why
    nn.ReLU(),  # noqa: E501
)  # noqa: E731
"""


Repaired = tuple[Path, list[Diagnostic]]


def notebook(*sources: str) -> str:
    cells = [
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "outputs": [],
            "source": text.splitlines(True),
        }
        for text in sources
    ]
    content = {"cells": cells, "metadata": {"ü": 1}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def cnnlint(folder: Path, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "cnnlint", *arguments],
        cwd=folder,
        input=None if text is None else text.encode(),
        capture_output=True,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of all kinds, before anything is fixed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pyproject.toml").touch()
    (folder / "ü dir").mkdir()
    files = {
        "plain.py": NET.encode(),
        "ü dir/crlf.py": NET.replace("\n", "\r\n").encode(),
        "latin.py": f"# coding: latin-1\n{NET}".encode("latin-1"),
        "bom.py": b"\xef\xbb\xbf" + NET.encode(),
        "unsafe.py": UNSAFE.encode(),
        "not_kept.py": NOT_KEPT.encode(),
        "comments.py": COMMENTS.encode(),
        "book.ipynb": notebook("!pip install x\n", NET).encode(),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "plain.py").chmod(0o754)
    (folder / "link.py").symlink_to("plain.py")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if not re.search(r"/\.\w", str(path))
    }


@pytest.fixture(scope="module")
def repaired(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Repaired:
    """The project after `--fix --unsafe-fixes`, and what was left."""
    folder = tmp_path_factory.mktemp("repaired") / "project"
    shutil.copytree(project, folder, symlinks=True)
    outcome = fix([str(folder)], Settings(unsafe_fixes=True), write=True)
    assert len(outcome.result.fixed) > 10
    return folder, list(outcome.result.findings())


def test_files_keep_all_but_what_is_fixed(repaired: Repaired) -> None:
    folder, _ = repaired
    assert (folder / "plain.py").read_text() == FIXED
    assert (folder / "ü dir" / "crlf.py").read_bytes() == FIXED.replace("\n", "\r\n").encode()
    assert (folder / "latin.py").read_bytes() == f"# coding: latin-1\n{FIXED}".encode("latin-1")
    assert (folder / "bom.py").read_bytes() == b"\xef\xbb\xbf" + FIXED.encode()
    assert (folder / "unsafe.py").read_text() == UNSAFE.replace("4, 3)", "4, 3, bias=False)")
    assert (folder / "comments.py").read_text() == WITHOUT_COMMENTS
    assert (folder / "book.ipynb").read_text() == notebook("!pip install x\n", FIXED)
    nbformat.validate(nbformat.read(folder / "book.ipynb", as_version=4))


def test_permissions_and_links_stay_and_no_file_comes(repaired: Repaired, project: Path) -> None:
    folder, _ = repaired
    assert (folder / "plain.py").stat().st_mode & 0o777 == 0o754
    assert (folder / "link.py").is_symlink()
    assert contents(folder).keys() == contents(project).keys()


def test_a_fix_that_brings_an_error_is_not_kept(repaired: Repaired) -> None:
    folder, left = repaired
    assert (folder / "not_kept.py").read_text() == NOT_KEPT.replace("(5, 4", "(4, 4")
    assert "CNN405" in [item.code for item in left if item.span.filename.endswith("not_kept.py")]


def test_the_patch_makes_the_same_of_the_files(project: Path, repaired: Repaired, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project, folder, symlinks=True)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    run = cnnlint(folder, ".", "--diff", "--unsafe-fixes", "--no-cache")
    assert (run.returncode, contents(folder)) == (1, contents(project))
    assert run.stderr.decode().startswith("Would fix ")
    subprocess.run(["git", "apply", "-"], cwd=folder, input=run.stdout, check=True)
    assert contents(folder) == contents(repaired[0])


def test_standard_input(tmp_path: Path) -> None:
    run = cnnlint(tmp_path, "-", "--fix", "--output-format", "concise", text=NET)
    assert (run.returncode, run.stdout.decode()) == (0, FIXED)
    assert "Found 2 errors (2 fixed, 0 remaining)" in run.stderr.decode()


def test_nothing_to_fix(tmp_path: Path) -> None:
    layers = "nn.Linear(8, 10), nn.ReLU(), nn.Linear(10, 4), nn.Dropout(0.5)"
    text = f"from torch import nn\n# cnnlint: input=8\nnet = nn.Sequential({layers})\n"
    (tmp_path / "net.py").write_text(text)
    fixed, patch = cnnlint(tmp_path, "net.py", "--fix"), cnnlint(tmp_path, "net.py", "--diff")
    assert (fixed.returncode, (tmp_path / "net.py").read_text()) == (1, text)
    assert "1 unsafe fix available with --fix --unsafe-fixes" in fixed.stdout.decode()
    assert (patch.returncode, patch.stdout) == (0, b"")


# -- comments into old code

OLD = """\
import torch.nn as nn


# cnnlint: input=1x8x8
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)  # why
        self.fc = nn.Linear(
            7, 10
        )
        self.a, self.b = nn.BatchNorm2d(9), '''
            '''
        self.c = nn.BatchNorm2d(4)  # cnnlint: ignore[CNN303, CNN007] -- so

    def forward(self, x):
        x = self.a(self.conv(x))
        return self.fc(self.c(x).flatten(1))
"""


def test_ignores_are_added_once(tmp_path: Path) -> None:
    path, book = tmp_path / "net.py", tmp_path / "book.ipynb"
    path.write_text(OLD)
    book.write_text(notebook("%matplotlib inline\n", NET))
    run = cnnlint(tmp_path, ".", "--add-ignores")
    assert (run.returncode, run.stderr.decode().split()[0]) == (0, "Silenced")
    text = path.read_text()
    changed = {old: new for old, new in zip(OLD.splitlines(), text.splitlines(), strict=True) if old != new}
    assert changed == {
        "        self.conv = nn.Conv2d(3, 4, 3)  # why": (
            "        self.conv = nn.Conv2d(3, 4, 3)  # why  # cnnlint: ignore[CNN101]"
        ),
        "            7, 10": "            7, 10  # cnnlint: ignore[CNN102]",
        "            '''": "            '''  # cnnlint: ignore[CNN107]",
    }
    nbformat.validate(nbformat.read(book, as_version=4))
    result = check([str(tmp_path)], Settings(cache=str(tmp_path / ".cnnlint_cache")))
    assert [item.code for item in result.findings() if item.severity is not Severity.ADVICE] == []
    written = contents(tmp_path)
    assert cnnlint(tmp_path, ".", "--add-ignores").stderr.decode() == "Silenced 0 findings.\n"
    assert contents(tmp_path) == written


# -- what is better, and how files are replaced


def result(*severities: Severity, models: int = 1) -> FileResult:
    """A file with a finding of each severity, whose code is its severity."""
    span = Span("net.py", 1, 1, 1, 2)
    model = Model("Net", "Net()", span, passes=(Pass("train", 1, (), (), (), ()),))
    findings = tuple(Diagnostic(str(item), "name", item, "", span) for item in severities)
    return FileResult(SourceFile("net.py", ""), FileTrace("net.py", (model,) * models), findings)


@pytest.mark.parametrize(
    ("before", "after", "wanted", "better"),
    [
        ("error", "", "error", True),
        ("error", "error", "error", False),
        ("error error", "error", "error", True),
        ("error", "warning", "error", True),
        ("error warning", "warning warning", "error", True),
        ("warning", "error", "warning", False),
        ("warning error", "error", "warning", True),
        ("warning", "advice", "warning", True),
        ("advice", "warning", "advice", False),
    ],
)
def test_a_fix_must_not_bring_what_is_as_bad(before: str, after: str, wanted: str, better: bool) -> None:
    old, new, gone = (result(*map(Severity, words.split())) for words in (before, after, wanted))
    assert _is_better(old, new, gone.findings) is better


def test_a_fix_must_not_hide_a_model() -> None:
    assert not _is_better(result(Severity.ERROR, models=2), result(), result(Severity.ERROR).findings)


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_bytes(b"new")
    with pytest.raises(OSError, match="changed meanwhile"):
        replace_file(str(path), b"old", b"fixed")
    assert contents(tmp_path) == {"net.py": b"new"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file_is_left(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="read-only"):
        replace_file(str(path), b"old", b"fixed")
