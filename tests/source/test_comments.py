"""`# cnnlint:` comments and the notation of inputs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from texts import NET, file_of, targets

from cnnlint.evidence.directives import parse_input, parse_inputs
from cnnlint.evidence.facts import InputShape
from cnnlint.evidence.survey import survey
from cnnlint.source.comments import scan


@pytest.mark.parametrize(
    ("text", "shape", "dtype"),
    [
        ("3x32x32", (3, 32, 32), "float32"),
        (" 3 x 32 × 32 ", (3, 32, 32), "float32"),
        ("10:int64", (10,), "int64"),
        ("10:long", (10,), "int64"),
        ("3x8x8:torch.float16", (3, 8, 8), "float16"),
        ("scalar", (), "float32"),
        ("scalar:int64", (), "int64"),
    ],
)
def test_reads_an_input(text, shape, dtype):
    assert parse_input(text) == InputShape(shape, dtype)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3x0x3", "'3x0x3' has a size of 0"),
        ("-3x5", "'-3x5' has a size of -3"),
        ("axb", "'axb' is no shape: 'a' is not a number"),
        ("3x", "'' is not a number"),
        ("1.5x2", "'1.5' is not a number"),
        ("", "the input is empty"),
        (":int64", "the input is empty"),
        ("3x32:int65", "'int65' is no dtype"),
        ("3x99999999x99999999", "is too big"),
        ("scalar5", "is no shape"),
        ("３x4", "is no shape"),
    ],
)
def test_refuses_an_input_with_a_reason(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_input(text)


@given(st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=4), min_size=1, max_size=3))
def test_inputs_round_trip(shapes):
    text = ", ".join("x".join(map(str, shape)) for shape in shapes)
    assert [list(item.shape) for item in parse_inputs(text)] == shapes


@given(st.text(max_size=12))
def test_any_text_is_an_input_or_a_value_error(text):
    try:
        parse_input(text)
    except ValueError as error:
        assert str(error)


def test_scans_comments_and_not_strings():
    file = file_of('x = "# cnnlint: input=3x3"  # cnnlint: ignore[CNN102, CNN405]\n# cnnlint: skip-file\n')
    found = scan(file)
    assert [(item.name, item.value, item.alone) for item in found] == [
        ("ignore", "CNN102, CNN405", False),
        ("skip-file", None, True),
    ]
    assert file.segment(found[0].span) == "# cnnlint: ignore[CNN102, CNN405]"


TWO = """
import torch.nn as nn

{first}
class A(nn.Module):{second}
    def forward(self, x):
        return x


class B(nn.Module):
    def forward(self, x):
        return x

{last}
"""


def inputs(first: str = "", second: str = "", last: str = "") -> dict[str, list[tuple[int, ...]]]:
    found = targets(TWO.format(first=first, second=second, last=last))
    return {
        name: [shape.shape for evidence in target.inputs for shape in evidence.shapes]
        for name, target in found.items()
    }


def test_a_comment_at_a_class_is_for_that_class():
    assert inputs(first="# cnnlint: input=3x8x8") == {"A": [(3, 8, 8)], "B": []}
    assert inputs(first="# cnnlint: input=3x8x8\n# a word\n@register") == {"A": [(3, 8, 8)], "B": []}
    assert inputs(second="  # cnnlint: input=3x8x8") == {"A": [(3, 8, 8)], "B": []}


def test_a_comment_elsewhere_is_for_all_classes():
    assert inputs(last="# cnnlint: input=3x8x8") == {"A": [(3, 8, 8)], "B": [(3, 8, 8)]}
    assert inputs(first="# cnnlint: input=4", last="# cnnlint: input=3x8x8, 2:int64") == {
        "A": [(4,)],
        "B": [(3, 8, 8), (2,)],
    }


def test_a_comment_at_a_variable():
    found = targets("import torch.nn as nn\n# cnnlint: input=4\nnet = nn.Sequential(nn.Linear(4, 2))\n")
    assert found["net"].inputs[0].shapes == (InputShape((4,)),)
    assert found["net"].inputs[0].source == "comment"
    assert found["net"].inputs[0].reason == "cnnlint comment in line 2"


def test_a_model_comment_comes_first():
    found = targets(NET + "# cnnlint: model=Net(classes=3)  # as in the paper\nnet = Net(5)\n")
    texts = [item.expression.text for item in found["Net"].constructions]
    assert texts == ["Net(classes=3)", "Net(5)"]
    assert found["Net"].constructions[0].source == "comment"


def test_a_model_comment_asks_for_a_part():
    text = (
        NET + "class Big(nn.Module):\n    def __init__(self):\n"
        "        self.a = Net()\n\n    def forward(self, x):\n"
    )
    text += "        return self.a(x)\n"
    assert list(targets(text)) == ["Big"]
    assert list(targets(text + "# cnnlint: model=Net(3)\n")) == ["Net", "Big"]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# cnnlint: input=3x0", "has a size of 0"),
        ("# cnnlint: input", "the input is empty"),
        ("# cnnlint: model=Net", "a model is given by the call that builds it"),
        ("# cnnlint: model=Nat(3)", "the file has no model of that name"),
        ("# cnnlint: inputs=3x3", "'inputs' is no comment that cnnlint knows"),
    ],
)
def test_a_malformed_comment_is_a_problem_with_the_right_form(comment, message):
    problems = survey(file_of(NET + comment + "\n")).problems
    assert len(problems) == 1
    assert problems[0].reason == "input-unknown"
    assert message in problems[0].message
    assert problems[0].help and "# cnnlint: " in problems[0].help
