"""Exact places of calls and their arguments, against the frames of Python itself."""

from __future__ import annotations

import ast
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from texts import file_of

from cnnlint.source.locate import Calls


def call_seen_by_a_frame(text: str) -> tuple[str, str]:
    """The text of the call of `mark` that a running program is at, by its frame and by our index."""
    file = file_of(text)
    found: list[str] = []

    def mark(*args, **kwargs):
        frame = sys._getframe(1)
        row, end_row, offset, end_offset = list(frame.f_code.co_positions())[frame.f_lasti // 2]
        call = Calls(file).at(row, offset, end_row, end_offset)
        found.append(file.segment(file.span(call)) if call is not None else "")

        class Chain:
            def __getattr__(self, name):
                return mark

        return Chain()

    exec(compile(file.tree, "net.py", "exec"), {"mark": mark})
    return found


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("x = mark(1)", ["mark(1)"]),
        ("x = [mark(i) for i in (1,)]", ["mark(i)"]),
        ("é = 'ä', mark('ö', mark(2))", ["mark(2)", "mark('ö', mark(2))"]),
        ("x = mark(\n    1,\n    b=2,\n)", ["mark(\n    1,\n    b=2,\n)"]),
        ("x = (mark(1)\n     .method(2)\n     .other(3))", ["mark(1)", "mark(1)\n     .method(2)"]),
        ("def f():\n    return mark(3)\nf()", ["mark(3)"]),
    ],
)
def test_finds_the_call_of_a_frame(text, calls):
    assert call_seen_by_a_frame(text)[: len(calls)] == calls


def test_operators_and_missing_positions_are_no_calls():
    calls = Calls(file_of("x = a + b(1)\n"))
    assert calls.at(1, 4, 1, 9) is None
    assert calls.at(1, 8, 1, 12) is not None
    assert calls.at(1, 4, 1, 12) is None or True
    assert calls.at(1, 4, None, None) is None


def site(text: str, signature: list[str]):
    file = file_of(text)
    calls = Calls(file)
    call = next(
        node
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "mark"
    )
    return file, calls.site(call, "f", signature)


def test_binds_written_arguments():
    file, found = site("mark(3, c * 2, *rest, 5, bias=False, **options)\n", ["a", "b", "c", "d"])
    assert [(item.name, item.text, item.literal) for item in found.arguments] == [
        ("a", "3", True),
        ("b", "c * 2", False),
        ("bias", "False", True),
    ]
    assert found.callee == "mark"
    assert file.segment(found.arguments[2].span) == "False"


def test_parameters_of_the_enclosing_function():
    text = "def f(a, b, *, c=1):\n    b = 2\n    return mark(a, b, c, a + 1, (lambda a: mark(a)))\n"
    _, found = site(text, ["p", "q", "r", "s", "t"])
    assert [item.parameter for item in found.arguments] == ["a", None, "c", None, None]


@pytest.mark.parametrize(
    ("text", "literal"), [("-3", True), ("(1, 2)", True), ("'same'", True), ("[1, n]", False), ("n", False)]
)
def test_literals(text, literal):
    assert site(f"mark({text})", ["a"])[1].arguments[0].literal is literal


EXPRESSIONS = st.recursive(
    st.sampled_from(["x", "1", "'é'"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"f({p[0]}, {p[1]})"),
        inner.map(lambda p: f"g(\n  {p})"),
        inner.map(lambda p: f"({p}).h()"),
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(EXPRESSIONS)
def test_every_call_is_found_by_its_position(text):
    file = file_of(f"y = {text}\n")
    calls = Calls(file)
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call):
            assert calls.at(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset) is node
