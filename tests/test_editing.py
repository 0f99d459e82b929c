"""Edits on text: exact, in any order, and nothing but them."""

from __future__ import annotations

import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlint.diagnostic import Applicability, Edit, Fix, Span
from cnnlint.fixes.editing import apply, apply_to_file, compatible

LINE = st.text("ab é漢\t#'", max_size=6)


@st.composite
def edited_texts(draw: st.DrawFn) -> tuple[str, list[Edit], str]:
    """A text, edits that do not overlap, and the text that they give, built piece by piece."""
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    pieces = draw(
        st.lists(
            st.tuples(st.lists(LINE, min_size=1, max_size=3), st.none() | LINE | st.just("x\ny")), max_size=6
        )
    )
    before = after = ""
    edits = []
    for lines, content in pieces:
        text = "\n".join(lines)
        start = before
        before += text
        if content is not None and (text or content) and not (edits and _place(start) == edits[-1].span_end):
            edits.append(_Pending(_place(start), _place(before), content))
            after += content
        else:
            after += text
    made = [Edit(Span("a.py", *edit.start, *edit.span_end), edit.content) for edit in edits]
    return before.replace("\n", newline), made, after.replace("\n", newline if "\n" in before else "\n")


class _Pending:
    def __init__(self, start: tuple[int, int], end: tuple[int, int], content: str):
        self.start, self.span_end, self.content = start, end, content


def _place(text: str) -> tuple[int, int]:
    return text.count("\n") + 1, len(text) - text.rfind("\n")


@given(edited_texts(), st.randoms())
def test_edits_change_nothing_else(case: tuple[str, list[Edit], str], random: object) -> None:
    before, edits, after = case
    random.shuffle(edits)  # type: ignore[attr-defined]
    assert apply(before, edits) == after


def edit(
    row: int, column: int, end_row: int, end_column: int, content: str = "", cell: int | None = None
) -> Edit:
    return Edit(Span("a.py", row, column, end_row, end_column, cell), content)


@pytest.mark.parametrize("wrong", [edit(3, 1, 3, 1), edit(1, 5, 1, 5), edit(1, 3, 1, 2), edit(0, 1, 1, 1)])
def test_places_that_are_not_there(wrong: Edit) -> None:
    with pytest.raises(ValueError, match="row"):
        apply("abc\ndef", [wrong])


def test_overlapping_edits_are_refused_and_equal_ones_made_once() -> None:
    with pytest.raises(ValueError, match="overlap"):
        apply("abcdef", [edit(1, 1, 1, 4, "x"), edit(1, 3, 1, 5, "y")])
    assert apply("abc", [edit(1, 1, 1, 2, "x"), edit(1, 1, 1, 2, "x")]) == "xbc"


def fix(*edits: Edit) -> Fix:
    return Fix(Applicability.SAFE, "", edits)


def test_which_fixes_go_together() -> None:
    first, touching, inside = (
        fix(edit(1, 1, 1, 4)),
        fix(edit(1, 4, 1, 5)),
        fix(edit(1, 2, 1, 3), edit(9, 1, 9, 2)),
    )
    other_cell, same_insertion = fix(edit(1, 1, 1, 4, cell=2)), fix(edit(1, 4, 1, 4, "x"))
    assert compatible([inside, touching, first, other_cell]) == [first, touching, other_cell]
    assert compatible([touching, same_insertion]) == [touching]
    assert compatible([first, fix(*first.edits)]) == [first, first]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("é = 1\r\nb = 2\r\n".encode(), "é = 3\r\nb = 2\r\n".encode()),
        ("# coding: latin-1\né = 1\n".encode("latin-1"), "# coding: latin-1\né = 3\n".encode("latin-1")),
        (b"\xef\xbb\xbfa = 1", b"\xef\xbb\xbfa = 3"),
        ("\f\x0bé = 1 # \x1c\x85".encode(), "\f\x0bé = 3 # \x1c\x85".encode()),
    ],
)
def test_encodings_and_line_ends_stay(data: bytes, expected: bytes) -> None:
    row = 2 if b"coding" in data else 1
    column = data.decode("latin-1" if row == 2 else "utf-8-sig").split("\n")[row - 1].index("1") + 1
    assert apply_to_file(data, "a.py", [edit(row, column, row, column + 1, "3")]) == expected


def test_what_the_encoding_cannot_hold() -> None:
    with pytest.raises(ValueError, match="encode"):
        apply_to_file(b"# coding: latin-1\na = 1\n", "a.py", [edit(2, 1, 2, 2, "漢")])


# -- notebooks

NOTEBOOK = """\
{
 "cells": [
  {"cell_type": "markdown", "metadata": {}, "source": ["# T\\u00eftle"]},
  {
   "cell_type": "code",
   "execution_count": null,
   "metadata": {"a":   [1, {"source": "no"}]},
   "outputs": [],
   "source": [
    "a = 1\\n",
    "b = '\\u00e9'  # \\ud83d\\ude00"
   ]
  },
  {"source":"c = 1\\nd = 2", "cell_type":"code", "execution_count":1, "metadata":{}, "outputs":[]}
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 4
}
"""


@pytest.mark.parametrize(("ascii_only", "indent"), [(True, None), (False, 2), (True, 1)])
def test_only_the_edited_lines_of_a_notebook_change(ascii_only: bool, indent: int | None) -> None:
    text = (
        NOTEBOOK
        if indent is None
        else json.dumps(json.loads(NOTEBOOK), ensure_ascii=ascii_only, indent=indent)
    )
    edits = [edit(1, 5, 1, 6, "10", cell=2), edit(2, 1, 2, 2, "x\ny", cell=3)]
    after = apply_to_file(text.encode(), "n.ipynb", edits).decode()
    assert after == text.replace('"a = 1\\n"', '"a = 10\\n"').replace("\\nd = 2", "\\nx\\ny = 2")
    nbformat.validate(nbformat.reads(after, as_version=4))


def test_lines_added_to_a_cell() -> None:
    after = apply_to_file(NOTEBOOK.encode(), "n.ipynb", [edit(1, 1, 1, 1, "z = '漢'\n", cell=2)]).decode()
    line = "z = '\\u6f22'\\n"
    assert after == NOTEBOOK.replace('    "a = 1\\n",', f'    "{line}",\n    "a = 1\\n",')


def test_no_notebook_of_format_4() -> None:
    with pytest.raises(ValueError, match="format 4"):
        apply_to_file(b'{"worksheets": []}', "n.ipynb", [edit(1, 1, 1, 1, "z", cell=1)])
