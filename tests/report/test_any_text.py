"""Whatever stands in a file, and wherever a finding points, a frame can be drawn."""

from __future__ import annotations

import io

from handmade import file_result, finding
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.config import Settings
from cnnlint.diagnostic import Related, Span
from cnnlint.report import FORMATS, render
from cnnlint.report.style import Style, carry_signs, char_width
from cnnlint.result import Result

TEXTS = st.text(st.sampled_from("ab \t\n\r画e\u0301\x1b\x00\u202e×😀"), max_size=60) | st.text(max_size=40)
NUMBERS = st.integers(1, 12) | st.integers(1, 10**6)
SPANS = st.builds(Span, st.just("mnist.py"), NUMBERS, NUMBERS, NUMBERS, NUMBERS)


@settings(max_examples=150)
@given(TEXTS, SPANS, SPANS, TEXTS, st.integers(1, 200))
def test_every_report_can_be_written(text: str, span: Span, other: Span, words: str, width: int) -> None:
    item = finding("x", "x", label=words, message=words, help=words).replace(
        span=span, related=(Related(words, other),)
    )
    result = Result((file_result(item, text=text, models=()),))
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    carry_signs(stream)
    for name in FORMATS:
        for line in render(name, result, Settings(), Style(width=width)):
            stream.write(line)
            if name == "full":
                assert "\x1b" not in line and "\n" not in line and "\r" not in line


@given(st.text(st.sampled_from("ab \t画é"), min_size=1, max_size=30), st.data())
def test_an_underline_stands_below_its_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    item = finding("x", "x").replace(span=Span("mnist.py", 1, start + 1, 1, end + 1))
    result = Result((file_result(item, text=text, models=()),))
    before, _, rest = list(render("full", result, Settings(), Style()))[3].partition("^")
    assert len(before) == len("1 | ") + columns(text[:start])
    assert len("^" + rest) == columns(text[:end]) - columns(text[:start])


def columns(text: str) -> int:
    """The columns that a text takes, with a tab stop at each fourth."""
    total = 0
    for char in text:
        total += 4 - total % 4 if char == "\t" else char_width(char)
    return total
