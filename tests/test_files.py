"""Which files a run looks at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnnlint.config import UsageError
from cnnlint.files import FilePath, collect


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "b.py",
        "a.ipynb",
        "notes.txt",
        ".hidden.py",
        "nets/net.py",
        "nets/deep/net.py",
        ".git/hook.py",
        ".venv/lib.py",
        "venv/lib.py",
        "build/lib.py",
        "dist/lib.py",
        "nets/__pycache__/net.py",
        "node_modules/x.py",
        "lib/site-packages/x.py",
        "folder.py/inside.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(*paths: str) -> list[str]:
    return [file.shown for file in collect(paths)]


def test_folders_are_walked_in_order_without_what_is_not_the_users(tree: Path) -> None:
    expected = ["a.ipynb", "b.py", "folder.py/inside.py", "nets/net.py", "nets/deep/net.py"]
    assert shown(".") == expected
    assert shown(str(tree)) == [str(tree / name) for name in expected]


def test_what_is_named_is_taken(tree: Path) -> None:
    assert shown("venv", "notes.txt", ".hidden.py", "folder.py") == [
        "venv/lib.py",
        "notes.txt",
        ".hidden.py",
        "folder.py/inside.py",
    ]


def test_each_file_once_and_named_wherever_it_was_named(tree: Path) -> None:
    files = collect(["nets", "nets/net.py", "./nets/../nets/net.py", str(tree / "b.py"), "b.py"])
    assert [os.path.basename(file.shown) for file in files] == ["net.py", "net.py", "b.py"]
    assert [file.named for file in files] == [True, False, True]


def test_standard_input_is_a_path(tree: Path) -> None:
    assert collect(["-"]) == [FilePath("-", named=True)]


def test_a_missing_path_is_a_usage_error(tree: Path) -> None:
    with pytest.raises(UsageError, match=r"^nets/gone\.py: no such file or folder$"):
        collect(["nets", "nets/gone.py"])


def test_links_that_lead_nowhere_or_in_circles(tree: Path) -> None:
    (tree / "dangling.py").symlink_to("gone.py")
    (tree / "nets" / "loop").symlink_to(tree / "nets")
    (tree / "ring.py").symlink_to("ring.py")
    assert shown(".") == ["a.ipynb", "b.py", "folder.py/inside.py", "nets/net.py", "nets/deep/net.py"]
    with pytest.raises(UsageError, match="dangling"):
        collect(["dangling.py"])
