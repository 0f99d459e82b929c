"""Entry points as `importlib.metadata` reads them, without importing it."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from cnnlint.entrypoints import entry_points

CRAFTED = """\
; a comment
# console = not:this
[other]
foreign = json

[house.rules]
plain = json
spaced   =   json.decoder : JSONDecoder.decode
extra = json:loads [fast]
# off = json:load
"""


def _installed(folder: Path, metadata: str, text: str) -> None:
    (folder / metadata).mkdir(parents=True)
    (folder / metadata / "entry_points.txt").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("group", sorted(importlib.metadata.entry_points().groups))
def test_every_group_of_this_environment_is_read_alike(group: str) -> None:
    expected = {(entry.name, entry.value) for entry in importlib.metadata.entry_points(group=group)}
    assert {(entry.name, entry.value) for entry in entry_points(group)} == expected


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    first, second = tmp_path / "first", tmp_path / "second"
    monkeypatch.setattr("sys.path", [str(first), str(tmp_path / "missing.zip"), str(second)])
    return first, second


def test_what_is_named_is_loaded(folders: tuple[Path, Path]) -> None:
    _installed(folders[1], "house_rules-1.0.dist-info", CRAFTED)
    ours = {entry.name: entry for entry in entry_points("house.rules")}
    theirs = {entry.name: entry for entry in importlib.metadata.entry_points(group="house.rules")}
    assert list(ours) == ["plain", "spaced", "extra"]
    assert {name: entry.load() for name, entry in ours.items()} == {
        name: entry.load() for name, entry in theirs.items()
    }


@pytest.mark.parametrize("again", ["house_rules-1.0.dist-info", "House_Rules.egg-info"])
def test_of_a_package_that_is_installed_twice_the_first_counts(
    folders: tuple[Path, Path], again: str
) -> None:
    _installed(folders[0], "house_rules-2.0.dist-info", "[house.rules]\nnew = json\n")
    _installed(folders[1], again, "[house.rules]\nold = json\n")
    _installed(folders[1], "other_rules-1.0.dist-info", "[house.rules]\nother = json\n")
    assert [entry.name for entry in entry_points("house.rules")] == ["new", "other"]
    assert [entry.name for entry in importlib.metadata.entry_points(group="house.rules")] == ["new", "other"]


def test_a_package_that_names_nothing_registers_nothing(folders: tuple[Path, Path]) -> None:
    (folders[0] / "plain-1.0.dist-info").mkdir(parents=True)
    (folders[0] / "old-1.0-py3.11.egg-info").write_text("Name: old\n", encoding="utf-8")
    assert list(entry_points("house.rules")) == []
