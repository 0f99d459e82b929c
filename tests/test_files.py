"""Which files a run looks at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnnlint.config import Settings, UsageError
from cnnlint.config.patterns import Pattern
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
    return [file.shown for file in collect(paths, Settings())]


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
    files = collect(["nets", "nets/net.py", "./nets/../nets/net.py", str(tree / "b.py"), "b.py"], Settings())
    assert [os.path.basename(file.shown) for file in files] == ["net.py", "net.py", "b.py"]
    assert [file.named for file in files] == [True, False, True]


def test_standard_input_is_a_path(tree: Path) -> None:
    assert collect(["-"], Settings()) == [FilePath("-", named=True)]


def test_a_missing_path_is_a_usage_error(tree: Path) -> None:
    with pytest.raises(UsageError, match=r"^nets/gone\.py: no such file or folder$"):
        collect(["nets", "nets/gone.py"], Settings())


def test_links_that_lead_nowhere_or_in_circles(tree: Path) -> None:
    (tree / "dangling.py").symlink_to("gone.py")
    (tree / "nets" / "loop").symlink_to(tree / "nets")
    (tree / "ring.py").symlink_to("ring.py")
    assert shown(".") == ["a.ipynb", "b.py", "folder.py/inside.py", "nets/net.py", "nets/deep/net.py"]
    assert shown("dangling.py") == ["dangling.py"]  # named, so that it is told that it cannot be read


def test_what_git_ignores_is_left_out(tree: Path) -> None:
    (tree / ".git").mkdir(exist_ok=True)
    (tree / ".gitignore").write_text("# made\n/nets/*.py\nfolder.py/\n*.ipynb\n")
    assert shown(".") == ["b.py", "nets/deep/net.py"]
    (tree / "nets" / ".gitignore").write_text("!net.py\ndeep\n")
    assert shown(".") == ["b.py", "nets/net.py"]
    assert shown("nets") == ["nets/net.py"]  # what lies above counts up to the repository's top
    assert shown("nets/deep", "a.ipynb") == ["nets/deep/net.py", "a.ipynb"]  # named all the same
    (tree / ".git" / "info").mkdir()
    (tree / ".git" / "info" / "exclude").write_text("b.py\n")
    assert shown(".") == ["nets/net.py"]


def test_a_repository_inside_does_not_hear_the_one_around_it(tree: Path) -> None:
    (tree / "nets" / ".git").mkdir()
    (tree / ".gitignore").write_text("deep\n")
    assert shown("nets") == ["nets/net.py", "nets/deep/net.py"]


def excluding(*patterns: str, root: str, force: bool = False) -> Settings:
    return Settings(exclude=tuple(Pattern(text, root) for text in patterns), force_exclude=force)


def test_patterns_are_relative_to_their_folder(tree: Path) -> None:
    root = str(tree)
    for patterns, left in (
        (["nets/*.py"], ["nets/deep/net.py"]),
        (["net.py"], []),
        (["/net.py"], ["nets/net.py", "nets/deep/net.py"]),
        (["./nets/deep"], ["nets/net.py"]),
        ([f"{root}/nets/deep/"], ["nets/net.py"]),
        (["nets"], ["nets/net.py", "nets/deep/net.py"]),  # the user named it
    ):
        found = collect(["nets"], excluding(*patterns, "__pycache__", root=root))
        assert [file.shown for file in found] == left


def test_what_is_named_is_excluded_by_force_only(tree: Path) -> None:
    paths = ["nets/net.py", "nets/deep/net.py", "b.py"]
    for force, left in ((False, paths), (True, ["b.py"])):
        found = collect(paths, excluding("nets", root=str(tree), force=force))
        assert [file.shown for file in found] == left
