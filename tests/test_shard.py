"""`--shard`: each file is in exactly one part, whatever other files there are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inside import run

from cnnlint.shard import Shard, parse_shard

BROKEN = "class Net(:\n"

paths = st.lists(
    st.text("ab/ é\udc80", min_size=1, max_size=12).filter(lambda path: path[0] != "/"), unique=True
)


@given(paths, st.integers(1, 9), st.text("ab", min_size=1))
def test_the_parts_are_all_of_it_without_overlap_and_a_new_file_moves_none(
    files: list[str], count: int, new: str
) -> None:
    parts = [[file for file in files if Shard(number, count).holds(file)] for number in range(1, count + 1)]
    assert sorted(file for part in parts for file in part) == sorted(files)
    for number, part in enumerate(parts, 1):
        shard = Shard(number, count)
        assert [file for file in [new, *files] if shard.holds(file) and file != new] == [
            file for file in part if file != new
        ]


def test_a_file_stays_where_it_is_between_versions_and_however_it_is_written() -> None:
    assert [number for number in range(1, 5) if Shard(number, 4).holds("nets/resnet.py")] == [2]
    written = ("nets/resnet.py", "./nets/../nets/resnet.py", str(Path("nets/resnet.py").absolute()))
    assert {Shard(2, 4).holds(path) for path in written} == {True}


@pytest.mark.parametrize("text", ["", "2", "0/4", "5/4", "2/0", "-1/4", "1/2/3", "a/b", "1.0/2"])
def test_what_is_no_shard_is_told(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        parse_shard(text)
    done = run(".", "--shard", text, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1 and "2/4 is the second of four" in done.stderr


def test_the_command_checks_one_part(tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    names = [f"nets/net{number}.py" for number in range(12)]
    for name in names:
        (tmp_path / name).write_text(BROKEN)
    everything = run(".", "--output-format", "concise", "--quiet", cwd=tmp_path).stdout.splitlines()
    assert len(everything) == len(names)
    seen: list[str] = []
    for number in (1, 2, 3):
        done = run(".", "--shard", f"{number}/3", "--output-format", "concise", "--quiet", cwd=tmp_path)
        assert done.returncode == 1
        seen += done.stdout.splitlines()
    assert sorted(seen) == sorted(everything)


def test_a_part_without_files_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "resnet.py").write_text(BROKEN)
    assert run("nets", "--shard", "2/4", cwd=tmp_path).returncode == 1
    done = run("nets", "--shard", "1/4", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "Nothing was checked: no file is in this shard.\n")
    done = run("nets", "--shard", "1/4", "--model", "Net(10)", cwd=tmp_path)
    assert done.returncode == 0  # it may be in the other parts
