"""Where the rows and columns of a traced text are in one that was edited since."""

from __future__ import annotations

import pytest

from cnnlint.server.shown import Moved
from cnnlint.source.file import SourceFile

BEFORE = "import torch\nx = conv(1, 2)  # stem\ny = conv(3, 4)\n"


def moved(now: str) -> Moved:
    return Moved(SourceFile("net.py", BEFORE), SourceFile("net.py", now))


@pytest.mark.parametrize(
    ("now", "rows"),
    [
        (BEFORE, {1: 1, 2: 2, 3: 3}),
        ("# new\n" + BEFORE, {1: 2, 2: 3, 3: 4}),
        (BEFORE.replace("x = conv(1, 2)  # stem\n", ""), {1: 1, 2: None, 3: 2}),
        (BEFORE.replace("2)", "64)"), {1: 1, 2: 2, 3: 3}),
        (BEFORE.replace("conv(1", "conv(\n1"), {1: 1, 2: None, 3: 4}),
        ("", {2: None, 3: None}),
    ],
)
def test_rows_go_where_their_text_goes(now: str, rows: dict[int, int | None]) -> None:
    assert {row: moved(now).row(row) for row in rows} == rows


def test_a_column_of_an_edited_row_keeps_its_distance_from_the_end() -> None:
    end_of_call = BEFORE.splitlines()[1].index(")") + 2
    now = BEFORE.replace("2)", "6400)")
    assert moved(now).column(2, end_of_call) == end_of_call + 3
    assert moved(now).column(2, None) == len(now.splitlines()[1]) + 1
    assert moved(BEFORE).column(2, end_of_call) == end_of_call
    assert moved(BEFORE.replace("x = conv(1, 2)  # stem", "x")).column(2, end_of_call) == 1


def test_only_an_unchanged_row_can_be_looked_up() -> None:
    assert moved("\n" + BEFORE).before(3) == 2
    assert moved(BEFORE.replace("2)", "64)")).before(2) is None
